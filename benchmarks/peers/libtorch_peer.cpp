// SPDX-License-Identifier: MIT
//
// The phases of kd_benchmarks in PyTorch's C++ API.
#include <torch/torch.h>

#include <functional>
#include <random>

#include "../setting.hpp"
#include "peer.hpp"

namespace {

using torch::Tensor;
namespace nn = torch::nn;
namespace F = torch::nn::functional;

constexpr double temperature = 7;
constexpr double hard_weight = 0.3;
constexpr double soft_weight = 0.7;

nn::Sequential teacher_network() {
  return nn::Sequential(nn::Linear(784, 1200), nn::Dropout(0.5), nn::ReLU(),   //
                        nn::Linear(1200, 1200), nn::Dropout(0.5), nn::ReLU(),  //
                        nn::Linear(1200, 10));
}

nn::Sequential student_network() {
  return nn::Sequential(nn::Linear(784, 20), nn::ReLU(),  //
                        nn::Linear(20, 20), nn::ReLU(),   //
                        nn::Linear(20, 10));
}

Tensor distillation_loss(const Tensor& logits, const Tensor& teacher_logits, const Tensor& labels) {
  const Tensor soft = F::kl_div(torch::log_softmax(logits / temperature, 1),
                                torch::softmax(teacher_logits / temperature, 1),
                                F::KLDivFuncOptions().reduction(torch::kBatchMean));
  return hard_weight * F::cross_entropy(logits, labels) +
         soft_weight * temperature * temperature * soft;
}

struct Images {
  Tensor x, y;
};

Images float_images() {
  const kd::Matrix<float>& inputs = setting::float_images();
  const auto labels = setting::images().labels();
  return {torch::from_blob(const_cast<float*>(inputs.data()), {inputs.cols(), inputs.rows()}),
          torch::from_blob(const_cast<kd::Label*>(labels.data), {labels.size}, torch::kInt32)
              .to(torch::kInt64)};
}

std::function<void()> step_of(const std::string& phase) {
  const bool is_teacher = phase == "step/teacher";
  const bool distills = phase.starts_with("step/kd_");
  const bool is_live = phase == "step/kd_live";
  nn::Sequential network = is_teacher ? teacher_network() : student_network();
  nn::Sequential teacher = teacher_network();
  teacher->eval();
  const Images images = float_images();
  Tensor cached;
  if (distills && !is_live) {
    const torch::NoGradGuard guard;
    cached = teacher->forward(images.x);
  }
  const auto adam = std::make_shared<torch::optim::Adam>(network->parameters(),
                                                         torch::optim::AdamOptions(setting::lr));
  std::vector<Tensor> order;
  std::size_t at = 0;
  return [=]() mutable {
    if (at == order.size()) {
      order = torch::randperm(images.x.size(0)).split(setting::batch_size);
      at = 0;
    }
    const Tensor& rows = order[at++];
    const Tensor x = images.x.index_select(0, rows);
    const Tensor y = images.y.index_select(0, rows);
    adam->zero_grad();
    const Tensor logits = network->forward(x);
    if (!distills) {
      F::cross_entropy(logits, y).backward();
    } else {
      Tensor teacher_logits;
      if (is_live) {
        const torch::NoGradGuard guard;
        teacher_logits = teacher->forward(x);
      } else {
        teacher_logits = cached.index_select(0, rows);
      }
      distillation_loss(logits, teacher_logits, y).backward();
    }
    adam->step();
  };
}

std::function<void()> prediction_of(const std::string& phase) {
  nn::Sequential network =
      phase.find("teacher") != std::string::npos ? teacher_network() : student_network();
  network->eval();
  const long batch = std::stol(phase.substr(phase.rfind('/') + 1));
  const Images images = float_images();
  std::mt19937 rng(1);
  std::uniform_int_distribution<long> start(0, images.x.size(0) - batch);
  std::vector<Tensor> parts;
  for (int i = 0; i < 1024; ++i) parts.push_back(images.x.narrow(0, start(rng), batch));
  std::size_t at = 0;
  return [=]() mutable {
    const c10::InferenceMode guard;
    network->forward(parts[at++ % parts.size()]);
  };
}

std::function<void()> loss_of(const std::string& phase) {
  constexpr long samples = 64;
  const long classes = std::stol(phase.substr(phase.rfind('/') + 1));
  const Tensor logits = torch::empty({samples, classes}).uniform_(-5, 5).requires_grad_();
  const Tensor teacher_logits = torch::empty({samples, classes}).uniform_(-5, 5);
  const Tensor labels = torch::randint(classes, {samples}, torch::kInt64);
  return [=] {
    logits.mutable_grad() = Tensor();
    distillation_loss(logits, teacher_logits, labels).backward();
  };
}

std::function<void()> call_of(const std::string& phase) {
  if (phase.starts_with("step/")) return step_of(phase);
  if (phase.starts_with("predict/")) return prediction_of(phase);
  if (phase.starts_with("loss/kd/")) return loss_of(phase);
  throw std::invalid_argument("no such phase: " + phase);
}

}  // namespace

int main(int argc, char** argv) {
  return peer::run("libtorch_peer", argc, argv, [](const peer::Arguments& arguments) {
    setting::choose_images(arguments.data);
    torch::set_num_threads(arguments.threads);
    const auto call = call_of(arguments.phase);
    peer::report("PyTorch C++ " TORCH_VERSION, "eager",
                 peer::seconds_per_call(arguments.seconds, call));
  });
}
