// SPDX-License-Identifier: MIT
//
// step/teacher and step/student with dlib, whose losses know hard labels: its solver and its steps
// are called one after another, without the threads and queues of its trainer.
#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <numeric>
#include <random>
#include <vector>

#include "../setting.hpp"
#include "peer.hpp"

namespace {

using Image = dlib::matrix<float, 784, 1>;

template <class Inputs>
using StudentNet = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::relu<dlib::fc<20, dlib::relu<dlib::fc<20, Inputs>>>>>>;
template <class Inputs>
using TeacherNet = dlib::loss_multiclass_log<dlib::fc<
    10,
    dlib::relu<dlib::dropout<dlib::fc<1200, dlib::relu<dlib::dropout<dlib::fc<1200, Inputs>>>>>>>>;

/// Training of a network on shuffled images, a batch a step.
template <class Net>
class Training {
 public:
  Training() : order_(static_cast<std::size_t>(setting::float_images().cols())) {
    std::iota(order_.begin(), order_.end(), kd::Index{0});
    for (kd::Index i = 0; i < setting::float_images().cols(); ++i)
      images_.push_back(dlib::mat(setting::float_images().col(i).data(), 784, 1));
    solvers_.assign(Net::num_computational_layers, dlib::adam(0, 0.9F, 0.999F));
  }

  void step() {
    if (at_ + setting::batch_size > static_cast<kd::Index>(order_.size())) at_ = 0;
    if (at_ == 0) std::shuffle(order_.begin(), order_.end(), rng_);
    batch_.clear();
    labels_.clear();
    for (kd::Index b = 0; b < setting::batch_size; ++b) {
      const kd::Index i = order_[static_cast<std::size_t>(at_ + b)];
      batch_.push_back(images_[static_cast<std::size_t>(i)]);
      labels_.push_back(static_cast<unsigned long>(setting::images().labels().data[i]));
    }
    net_.to_tensor(batch_.begin(), batch_.end(), inputs_);
    loss_ += net_.compute_parameter_gradients(inputs_, labels_.begin());
    net_.update_parameters(solvers_, setting::lr);
    at_ += setting::batch_size;
    ++steps_;
  }

  double loss() const { return loss_ / static_cast<double>(steps_); }

 private:
  Net net_;
  std::vector<dlib::adam> solvers_;
  std::vector<kd::Index> order_;
  std::vector<Image> images_, batch_;
  std::vector<unsigned long> labels_;
  dlib::resizable_tensor inputs_;
  std::mt19937 rng_{0};
  kd::Index at_ = 0;
  long steps_ = 0;
  double loss_ = 0;
};

template <class Net>
void measure(const peer::Arguments& arguments) {
  Training<Net> training;
  peer::report(kd::detail::text("dlib ", DLIB_MAJOR_VERSION, ".", DLIB_MINOR_VERSION), "eager",
               peer::seconds_per_call(arguments.seconds, [&] { training.step(); }));
  if (!(training.loss() < 3)) throw std::runtime_error("the loss does not fall");
}

}  // namespace

int main(int argc, char** argv) {
  return peer::run("dlib_peer", argc, argv, [](const peer::Arguments& arguments) {
    setting::choose_images(arguments.data);
    if (arguments.phase == "step/teacher") {
      measure<TeacherNet<dlib::input<Image>>>(arguments);
    } else if (arguments.phase == "step/student") {
      measure<StudentNet<dlib::input<Image>>>(arguments);
    } else {
      throw std::invalid_argument("only step/teacher and step/student are written out");
    }
  });
}
