// SPDX-License-Identifier: MIT
#include "kd/cpu/ops/linear.hpp"

#include "support/catch.hpp"
#include "support/random_matrix.hpp"
#include "support/threads.hpp"

using namespace kd;
using kd::test::random_matrix;

namespace {

struct Sizes {
  Index in, out, batch;
};

/// One layer with numbers everywhere, in the scalar under test.
template <class S>
struct Layer {
  explicit Layer(Sizes s)
      : weight(random_matrix<S>(s.in, s.out, 1)),
        bias(random_matrix<S>(s.out, 1, 2)),
        x(random_matrix<S>(s.in, s.batch, 3)),
        dy(random_matrix<S>(s.out, s.batch, 4)) {}

  Matrix<S> forward() const {
    Matrix<S> y = Matrix<S>::Constant(weight.cols(), x.cols(), std::numeric_limits<S>::quiet_NaN());
    cpu::op_linear_forward<S>(cpu::Space{}, view(weight), view(bias), view(x), view(y));
    return y;
  }

  struct Gradients {
    Matrix<S> weight, x;
    Vector<S> bias;
  };

  Gradients start(S value) const {
    return {Matrix<S>::Constant(weight.rows(), weight.cols(), value),
            Matrix<S>::Constant(x.rows(), x.cols(), value),
            Vector<S>::Constant(bias.size(), value)};
  }

  void backward(Gradients& g, Write write_params, Write write_dx, bool wants_dx = true) const {
    cpu::op_linear_backward<S>(cpu::Space{}, view(weight), view(x), view(dy), view(g.weight),
                               view(g.bias), write_params, wants_dx ? view(g.x) : MatrixView<S>{},
                               write_dx);
  }

  /// By definition, in double.
  Matrix<double> expected_y() const {
    Matrix<double> y(weight.cols(), x.cols());
    for (Index b = 0; b < x.cols(); ++b) {
      for (Index o = 0; o < weight.cols(); ++o) {
        y(o, b) = double{bias(o)};
        for (Index i = 0; i < weight.rows(); ++i) y(o, b) += double{weight(i, o)} * double{x(i, b)};
      }
    }
    return y;
  }
  Matrix<double> expected_dweight() const {
    Matrix<double> dw = Matrix<double>::Zero(weight.rows(), weight.cols());
    for (Index o = 0; o < weight.cols(); ++o)
      for (Index i = 0; i < weight.rows(); ++i)
        for (Index b = 0; b < x.cols(); ++b) dw(i, o) += double{x(i, b)} * double{dy(o, b)};
    return dw;
  }
  Matrix<double> expected_dx() const {
    Matrix<double> dx = Matrix<double>::Zero(x.rows(), x.cols());
    for (Index b = 0; b < x.cols(); ++b)
      for (Index i = 0; i < x.rows(); ++i)
        for (Index o = 0; o < weight.cols(); ++o)
          dx(i, b) += double{weight(i, o)} * double{dy(o, b)};
    return dx;
  }

  Matrix<S> weight;
  Vector<S> bias;
  Matrix<S> x;
  Matrix<S> dy;
};

/// The largest distance, relative to the size that sums of `terms` products of such numbers have.
template <class S>
double distance(const Matrix<S>& got, const Matrix<double>& expected, Index terms) {
  const Matrix<double> difference = got.template cast<double>() - expected;
  if (!difference.allFinite()) return std::numeric_limits<double>::infinity();
  return difference.size() == 0
             ? 0
             : difference.cwiseAbs().maxCoeff() / std::sqrt(static_cast<double>(terms + 1));
}

template <class S>
constexpr double rounding = 32 * std::numeric_limits<S>::epsilon();

// Around the sizes of vectors, tiles, tasks and blocks of a sum, and the article's layers; the last
// has more weights than the second cache holds.
const Sizes all_sizes[] = {{1, 1, 1},    {1, 1, 7},     {3, 2, 1},     {5, 7, 3},     {16, 8, 4},
                           {17, 9, 5},   {33, 47, 31},  {48, 48, 32},  {49, 50, 33},  {20, 20, 32},
                           {20, 10, 32}, {784, 20, 32}, {193, 97, 65}, {64, 10, 513}, {600, 3, 40},
                           {3, 600, 40}, {7, 1, 515},   {130, 5, 130}, {24, 520, 12}, {784, 20, 1},
                           {150, 6, 2},  {301, 9, 3},   {135, 7, 6},   {301, 221, 5}};

}  // namespace

TEMPLATE_TEST_CASE("linear products of every shape", "[cpu][linear]", float, double) {
  using S = TestType;
  for (const Sizes s : all_sizes) {
    INFO(s.in << " -> " << s.out << ", batch " << s.batch);
    const Layer<S> layer(s);
    CHECK(distance<S>(layer.forward(), layer.expected_y(), s.in) < rounding<S>);

    auto g = layer.start(std::numeric_limits<S>::quiet_NaN());
    layer.backward(g, Write::overwrite, Write::overwrite);
    const Matrix<double> dbias = layer.dy.template cast<double>().rowwise().sum();
    CHECK(distance<S>(g.weight, layer.expected_dweight(), s.batch) < rounding<S>);
    CHECK(distance<S>(g.bias, dbias, s.batch) < rounding<S>);
    CHECK(distance<S>(g.x, layer.expected_dx(), s.out) < rounding<S>);

    auto added = layer.start(1);
    layer.backward(added, Write::add, Write::add);
    CHECK(distance<S>(added.weight, layer.expected_dweight().array() + 1, s.batch) < rounding<S>);
    CHECK(distance<S>(added.bias, dbias.array() + 1, s.batch) < rounding<S>);
    CHECK(distance<S>(added.x, layer.expected_dx().array() + 1, s.out) < rounding<S>);

    auto mixed = layer.start(1);
    layer.backward(mixed, Write::add, Write::overwrite, false);
    CHECK(mixed.weight == added.weight);
    CHECK((mixed.x.array() == S(1)).all());
  }
}

TEST_CASE("linear products are the same on any number of threads", "[cpu][linear]") {
  for (const Sizes s : {Sizes{300, 200, 32}, Sizes{784, 96, 33}, Sizes{100, 1000, 600},
                        Sizes{784, 20, 32}, Sizes{784, 20, 300}, Sizes{1200, 600, 1}}) {
    const Layer<float> layer(s);
    const Matrix<float> y = layer.forward();
    auto g = layer.start(0);
    layer.backward(g, Write::overwrite, Write::overwrite);
    for (const int threads : {2, 3}) {
      const kd::test::Threads use(threads);
      INFO(s.in << " -> " << s.out << ", batch " << s.batch << ", " << threads << " threads");
      CHECK(layer.forward() == y);
      auto h = layer.start(0);
      layer.backward(h, Write::overwrite, Write::overwrite);
      CHECK(h.weight == g.weight);
      CHECK(h.bias == g.bias);
      CHECK(h.x == g.x);
    }
  }
}
