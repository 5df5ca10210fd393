// SPDX-License-Identifier: MIT
//
// step/student and step/kd_cached as one would write them by hand with Eigen: a function, matrices,
// float images, one thread. What kd has to beat to be worth its name.
#include <numeric>
#include <random>

#include "../setting.hpp"
#include "peer.hpp"

namespace {

using Eigen::ArrayXf;
using Eigen::MatrixXf;
using Eigen::VectorXf;

constexpr Eigen::Index batch = 32;

struct Layer {
  Layer(Eigen::Index in, Eigen::Index out) : params(in * out + out) {
    std::mt19937 rng(static_cast<unsigned>(in));
    const float bound = 1 / std::sqrt(static_cast<float>(in));
    std::uniform_real_distribution<float> uniform(-bound, bound);
    for (float& value : params) value = uniform(rng);
    gradient = m = v = ArrayXf::Zero(params.size());
    new (&weight) Map(params.data(), out, in);
    new (&bias) VectorMap(params.data() + in * out, out);
    new (&dweight) Map(gradient.data(), out, in);
    new (&dbias) VectorMap(gradient.data() + in * out, out);
  }

  MatrixXf forward(const MatrixXf& x) const { return (weight * x).colwise() + bias; }
  void backward(const MatrixXf& x, const MatrixXf& dy) {
    dweight.noalias() = dy * x.transpose();
    dbias = dy.rowwise().sum();
  }
  void adam(float rate, float root_scale) {
    m = 0.9F * m + 0.1F * gradient;
    v = 0.999F * v + 0.001F * gradient.square();
    params -= rate * m / (v.sqrt() * root_scale + 1e-8F);
  }

  using Map = Eigen::Map<MatrixXf>;
  using VectorMap = Eigen::Map<VectorXf>;
  ArrayXf params, gradient, m, v;
  Map weight{nullptr, 0, 0}, dweight{nullptr, 0, 0};
  VectorMap bias{nullptr, 0}, dbias{nullptr, 0};
};

MatrixXf softmax(const MatrixXf& logits, float temperature) {
  Eigen::ArrayXXf e = logits.array().rowwise() - logits.colwise().maxCoeff().array();
  e = (e / temperature).exp();
  e.rowwise() /= e.colwise().sum().eval();
  return e;
}

class Training {
 public:
  explicit Training(bool distills) : distills_(distills), order_(60'000) {
    std::iota(order_.begin(), order_.end(), Eigen::Index{0});
    if (distills) teacher_logits_ = setting::teacher().predict(inputs_);
  }

  void step() {
    if (at_ + batch > static_cast<Eigen::Index>(order_.size())) at_ = 0;
    if (at_ == 0) std::shuffle(order_.begin(), order_.end(), rng_);
    for (Eigen::Index b = 0; b < batch; ++b) x_.col(b) = inputs_.col(row(b));
    a1_ = one_.forward(x_).cwiseMax(0);
    a2_ = two_.forward(a1_).cwiseMax(0);
    z_ = three_.forward(a2_);
    const MatrixXf dz = distills_ ? distillation_gradient() : hard_gradient(1);
    three_.backward(a2_, dz);
    const MatrixXf d2 = (a2_.array() > 0).select(three_.weight.transpose() * dz, 0);
    two_.backward(a1_, d2);
    const MatrixXf d1 = (a1_.array() > 0).select(two_.weight.transpose() * d2, 0);
    one_.backward(x_, d1);
    ++steps_;
    const auto t = static_cast<double>(steps_);
    const auto rate = static_cast<float>(setting::lr / (1 - std::pow(0.9, t)));
    const auto root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)));
    for (Layer* layer : {&one_, &two_, &three_}) layer->adam(rate, root_scale);
    at_ += batch;
  }

  double loss() const { return loss_ / static_cast<double>(steps_); }

 private:
  Eigen::Index row(Eigen::Index b) const { return order_[static_cast<std::size_t>(at_ + b)]; }

  MatrixXf hard_gradient(float weight) {
    MatrixXf p = softmax(z_, 1);
    double loss = 0;
    for (Eigen::Index b = 0; b < batch; ++b) {
      float& own = p(setting::images().labels().data[row(b)], b);
      loss -= std::log(std::max(own, 1e-30F));
      own -= 1;
    }
    loss_ += static_cast<double>(weight) * loss / batch;
    return p * (weight / batch);
  }

  MatrixXf distillation_gradient() {
    constexpr float temperature = 7;
    for (Eigen::Index b = 0; b < batch; ++b) teacher_batch_.col(b) = teacher_logits_.col(row(b));
    const MatrixXf p = softmax(teacher_batch_, temperature);
    const MatrixXf q = softmax(z_, temperature);
    const float divergence = (p.array() * (p.array().log() - q.array().log())).sum();
    loss_ += static_cast<double>(0.7F * temperature * temperature * divergence / batch);
    return hard_gradient(0.3F) + (q - p) * (0.7F * temperature / batch);
  }

  bool distills_;
  const MatrixXf& inputs_ = setting::float_images();
  MatrixXf teacher_logits_;
  std::vector<Eigen::Index> order_;
  std::mt19937 rng_{0};
  Eigen::Index at_ = 0;
  long steps_ = 0;
  double loss_ = 0;
  Layer one_{784, 20}, two_{20, 20}, three_{20, 10};
  MatrixXf x_{784, batch}, a1_, a2_, z_, teacher_batch_{10, batch};
};

}  // namespace

int main(int argc, char** argv) {
  return peer::run("eigen_peer", argc, argv, [](const peer::Arguments& arguments) {
    if (arguments.phase != "step/student" && arguments.phase != "step/kd_cached")
      throw std::invalid_argument("only step/student and step/kd_cached are written out");
    setting::choose_images(arguments.data);
    Training training(arguments.phase == "step/kd_cached");
    peer::report("plain Eigen", "by hand",
                 peer::seconds_per_call(arguments.seconds, [&] { training.step(); }));
    if (!(training.loss() < 3)) throw std::runtime_error("the loss does not fall");
  });
}
