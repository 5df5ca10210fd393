// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/conv2d.hpp"

#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/random_matrix.hpp"

using namespace kd;
using kd::test::random_matrix;
using kd::test::relative_distance;

namespace {

struct Case {
  const char* what;
  ConvShape shape;
};

/// Shapes that meet every tile: channels and places that fill vectors and that do not.
const Case cases[] = {
    {"one of everything", {{1, 1, 1}, {1, 1, 1}}},
    {"pointwise", {{5, 3, 4}, {17, 3, 4}}},
    {"pointwise in groups", {{6, 3, 3}, {34, 3, 3}, 1, 1, 1, 0, 0, 2}},
    {"3 x 3", {{3, 7, 6}, {13, 5, 4}, 3, 3}},
    {"3 x 3 with a border", {{3, 6, 9}, {20, 6, 9}, 3, 3, 1, 1, 1}},
    {"stride 2", {{4, 9, 8}, {8, 5, 4}, 3, 3, 2, 1, 1}},
    {"stride 2, rows left over", {{2, 8, 9}, {6, 3, 4}, 3, 3, 2}},
    {"stride 3, wider than the kernel", {{2, 9, 10}, {5, 3, 3}, 2, 2, 3}},
    {"a border on one side", {{3, 8, 5}, {9, 4, 3}, 3, 2, 2, 0, 0}},
    {"the border alone", {{2, 3, 3}, {4, 3, 3}, 2, 2, 3, 2, 2}},
    {"a narrow map, stride 2", {{2, 24, 1}, {3, 12, 1}, 3, 3, 2, 1, 1}},
    {"phases without an element", {{2, 1, 2}, {3, 1, 1}, 3, 3, 2, 1, 1}},
    {"10 x 4", {{1, 12, 6}, {16, 6, 3}, 10, 4, 2, 4, 1}},
    {"depthwise", {{7, 6, 5}, {7, 6, 5}, 3, 3, 1, 1, 1, 7}},
    {"two outputs of each channel", {{5, 6, 5}, {10, 3, 3}, 3, 3, 2, 1, 1, 5}},
    {"groups", {{8, 5, 4}, {68, 5, 4}, 3, 3, 1, 1, 1, 4}},
    {"groups of one output", {{6, 5, 4}, {3, 5, 4}, 3, 3, 1, 1, 1, 3}},
    // Of few samples a task takes some of the channels, within one group or of several.
    {"many inputs", {{53, 4, 3}, {3, 4, 3}, 3, 3, 1, 1, 1}},
    {"pointwise of many inputs in groups", {{60, 3, 2}, {6, 3, 2}, 1, 1, 1, 0, 0, 2}},
    {"a border behind that is seen alone", {{2, 3, 4}, {4, 6, 7}, 2, 2}},
    {"a long border behind", {{1, 1, 4}, {1, 30, 4}, 12, 1}},
    // Of few samples of these a task takes some rows.
    {"rows in bands, the last one shorter", {{3, 39, 20}, {9, 39, 20}, 3, 3, 1, 1, 1}},
    {"pointwise in bands", {{5, 19, 21}, {6, 19, 21}}},
    {"stride 2 in bands", {{3, 40, 33}, {4, 20, 17}, 3, 3, 2, 1, 1}},
    {"stride 3 of a small window in bands", {{2, 58, 40}, {3, 20, 14}, 1, 2, 3}},
    {"groups in bands, a wide border", {{4, 26, 20}, {8, 30, 24}, 5, 5, 1, 4, 4, 2}},
    {"bands of a row or two", {{1, 6, 110}, {2, 5, 110}, 2, 3, 1, 0, 1}},
    {"bands of the border alone", {{1, 5, 20}, {2, 34, 20}, 3, 1, 1, 1, 0}},
    {"a last band of the border alone", {{2, 4, 110}, {2, 5, 110}, 2, 3, 1, 0, 1}},
    {"bands of the border alone, stride 2", {{1, 12, 60}, {2, 20, 30}, 3, 3, 2, 1, 1}},
    // Of these the gradient at the weights takes a few samples at a time, down to one.
    {"large maps", {{2, 80, 33}, {3, 80, 33}, 3, 3, 1, 1, 1}},
    {"large maps of many channels", {{2, 40, 33}, {16, 39, 33}, 2, 1}},
    {"a map that fills the cache", {{1, 200, 200}, {1, 200, 200}}},
    // Of many samples of these, vectors run along the channels.
    {"many channels", {{37, 5, 4}, {45, 5, 4}, 3, 3, 1, 1, 1}},
    {"many channels, stride 2", {{36, 7, 5}, {47, 4, 3}, 3, 3, 2, 1, 1}},
    {"many channels, stride 3 and a window that reaches it",
     {{40, 8, 7}, {65, 3, 3}, 4, 3, 3, 1, 1}},
    {"many channels of one element", {{66, 1, 1}, {70, 1, 1}}},
    {"pointwise of many channels", {{67, 3, 4}, {81, 3, 4}}},
    {"many channels, some a task", {{30, 9, 8}, {75, 9, 8}, 3, 3, 1, 1, 1}},
    {"many channels, some rows a task", {{17, 17, 16}, {38, 17, 16}, 3, 3, 1, 1, 1}},
    {"pointwise of many channels in groups", {{130, 3, 4}, {138, 3, 4}, 1, 1, 1, 0, 0, 2}},
    {"many channels in groups", {{72, 3, 4}, {66, 3, 4}, 3, 3, 1, 1, 1, 2}},
};

/// Calls `f(sample, out, in, weight)` with the positions of every product of the sum.
template <class F>
void for_each_product(const ConvShape& shape, Index batch, F&& f) {
  for (Index b = 0; b < batch; ++b)
    for (Index o = 0; o < shape.out.channels; ++o)
      for (Index y = 0; y < shape.out.height; ++y)
        for (Index x = 0; x < shape.out.width; ++x)
          for (Index i = 0; i < shape.ins(); ++i)
            for (Index ky = 0; ky < shape.height; ++ky)
              for (Index kx = 0; kx < shape.width; ++kx) {
                const Index row = y * shape.stride + ky - shape.top;
                const Index column = x * shape.stride + kx - shape.left;
                if (row < 0 || row >= shape.in.height || column < 0 || column >= shape.in.width)
                  continue;
                const Index channel = o / shape.outs() * shape.ins() + i;
                f(b, (o * shape.out.height + y) * shape.out.width + x,
                  (channel * shape.in.height + row) * shape.in.width + column,
                  o * shape.depth() + (i * shape.height + ky) * shape.width + kx);
              }
}

/// On a thread that has no room yet: what is written behind it is no other operation's.
template <class Body>
void in_own_room(Body&& body) {
  std::thread(body).join();
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions are the sums that define them", "[cpu][conv2d]", float, double) {
  using S = TestType;
  const double tolerance = std::is_same_v<S, float> ? 1e-4 : 1e-12;
  const cpu::Space space;
  for (const Case& one : cases) {
    const ConvShape& shape = one.shape;
    for (const Index batch : {1, 3, 6}) {
      CAPTURE(one.what, batch);
      const Index channels = shape.out.channels;
      const Matrix<S> x = random_matrix<S>(shape.in.features(), batch, 1);
      const Matrix<S> dy = random_matrix<S>(shape.out.features(), batch, 2);
      const Vector<S> w = random_matrix<S>(channels * shape.depth(), 1, 3).col(0);
      const Vector<S> bias = random_matrix<S>(channels, 1, 4).col(0);

      Matrix<double> y = Matrix<double>::Zero(dy.rows(), batch);
      Matrix<double> dx = Matrix<double>::Zero(x.rows(), batch);
      Vector<double> dw = Vector<double>::Zero(w.size());
      Vector<double> dbias = Vector<double>::Zero(channels);
      for_each_product(shape, batch, [&](Index b, Index out, Index in, Index k) {
        y(out, b) += static_cast<double>(w(k)) * static_cast<double>(x(in, b));
        dx(in, b) += static_cast<double>(w(k)) * static_cast<double>(dy(out, b));
        dw(k) += static_cast<double>(x(in, b)) * static_cast<double>(dy(out, b));
      });
      for (Index b = 0; b < batch; ++b)
        for (Index i = 0; i < dy.rows(); ++i)
          dbias(i / shape.out.area()) += static_cast<double>(dy(i, b));

      Matrix<S> got_y(dy.rows(), batch);
      in_own_room([&] { op_conv2d_forward<S>(space, shape, view(w), {}, view(x), view(got_y)); });
      CHECK(relative_distance(got_y, y, 1) < tolerance);
      op_conv2d_forward<S>(space, shape, view(w), view(bias), view(x), view(got_y));
      for (Index i = 0; i < dy.rows(); ++i)
        y.row(i).array() += static_cast<double>(bias(i / shape.out.area()));
      CHECK(relative_distance(got_y, y, 1) < tolerance);
      Matrix<S> again(dy.rows(), batch), rectified(dy.rows(), batch);
      in_own_room([&] {
        op_conv2d_relu_forward<S>(space, shape, view(w), view(bias), view(x), view(again),
                                  view(rectified));
      });
      CHECK(again == got_y);
      for (Index b = 0; b < batch; ++b) {
        const Matrix<S> alone = x.col(b);
        Matrix<S> result(dy.rows(), 1);
        op_conv2d_forward<S>(space, shape, view(w), view(bias), view(alone), view(result));
        CHECK(result == got_y.col(b));
      }
      CHECK(rectified == got_y.cwiseMax(S(0)));

      for (const Write write : {Write::overwrite, Write::add}) {
        const double before = write == Write::add ? 0.5 : 0;
        Matrix<S> got_dx = Matrix<S>::Constant(x.rows(), batch, S(0.5));
        Vector<S> got_dw = Vector<S>::Constant(w.size(), S(0.5));
        Vector<S> got_dbias = Vector<S>::Constant(channels, S(0.5));
        in_own_room([&] {
          op_conv2d_backward_input<S>(space, shape, view(w), view(dy), view(got_dx), write);
        });
        in_own_room([&] {
          op_conv2d_backward_params<S>(space, shape, view(x), view(dy), view(got_dw),
                                       view(got_dbias), write);
        });
        CHECK(relative_distance(got_dx, Matrix<double>(dx.array() + before), 1) < tolerance);
        CHECK(relative_distance(got_dw, Vector<double>(dw.array() + before), 1) < tolerance);
        CHECK(relative_distance(got_dbias, Vector<double>(dbias.array() + before), 1) < tolerance);
      }
      Vector<S> without_bias(w.size());
      op_conv2d_backward_params<S>(space, shape, view(x), view(dy), view(without_bias), {},
                                   Write::overwrite);
      CHECK(relative_distance(without_bias, dw, 1) < tolerance);
    }
  }
}
