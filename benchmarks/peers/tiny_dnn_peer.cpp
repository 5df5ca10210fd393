// SPDX-License-Identifier: MIT
//
// step/teacher and step/student with tiny-dnn, whose losses know hard labels: its own `train`, an
// epoch of a few batches a call.
#include <tiny_dnn/tiny_dnn.h>

#include <random>
#include <vector>

#include "../setting.hpp"
#include "peer.hpp"

namespace {

using Dense = tiny_dnn::fully_connected_layer<tiny_dnn::activation::relu>;
using Probabilities = tiny_dnn::fully_connected_layer<tiny_dnn::activation::softmax>;
using Dropout = tiny_dnn::dropout_layer;
using Net = tiny_dnn::network<tiny_dnn::sequential>;

Net teacher() {
  Net net;
  net << Dense(784, 1200) << Dropout(1200, 0.5F)   //
      << Dense(1200, 1200) << Dropout(1200, 0.5F)  //
      << Probabilities(1200, 10);
  return net;
}

Net student() {
  Net net;
  net << Dense(784, 20) << Dense(20, 20) << Probabilities(20, 10);
  return net;
}

/// Training of a network on images that are drawn anew for every call, since it does not shuffle.
class Training {
 public:
  Training(Net net, std::size_t steps)
      : net_(std::move(net)), images_(steps * setting::batch_size), labels_(images_.size()) {
    adam_.alpha = static_cast<float>(setting::lr);
  }

  void steps() {
    std::uniform_int_distribution<kd::Index> any(0, setting::float_images().cols() - 1);
    for (std::size_t i = 0; i < images_.size(); ++i) {
      const kd::Index row = any(rng_);
      const float* const image = setting::float_images().col(row).data();
      images_[i].assign(image, image + 784);
      labels_[i] = static_cast<tiny_dnn::label_t>(setting::images().labels().data[row]);
    }
    if (!net_.train<tiny_dnn::cross_entropy_multiclass>(adam_, images_, labels_,
                                                        setting::batch_size, 1))
      throw std::runtime_error("its train refused");
  }

 private:
  Net net_;
  tiny_dnn::adam adam_;
  std::vector<tiny_dnn::vec_t> images_;
  std::vector<tiny_dnn::label_t> labels_;
  std::mt19937 rng_{0};
};

void measure(Net net, std::size_t steps, const peer::Arguments& arguments) {
  Training training(std::move(net), steps);
  const double seconds = peer::seconds_per_call(arguments.seconds, [&] { training.steps(); });
  peer::report("tiny-dnn", "eager", seconds / static_cast<double>(steps));
}

}  // namespace

int main(int argc, char** argv) {
  return peer::run("tiny_dnn_peer", argc, argv, [](const peer::Arguments& arguments) {
    setting::choose_images(arguments.data);
    if (arguments.phase == "step/teacher") {
      measure(teacher(), 2, arguments);
    } else if (arguments.phase == "step/student") {
      measure(student(), 100, arguments);
    } else {
      throw std::invalid_argument("only step/teacher and step/student are written out");
    }
  });
}
