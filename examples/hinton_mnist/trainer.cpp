// SPDX-License-Identifier: MIT
#include "trainer.hpp"

#include <utility>

#include "checkpoint.hpp"

namespace hinton {

Trainer::Trainer(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                 std::optional<std::string> folder)
    : recipe_(recipe), images_(images), seed_(seed), folder_(std::move(folder)) {}

kd::FitReport Trainer::run(const std::string& name, kd::Index epochs, const kd::Augment& augment,
                           const example::Fit& fit) const {
  std::optional<std::string> file;
  if (folder_) {
    std::string plain = name;
    for (char& c : plain)
      if (c == ' ') c = '-';
    file = *folder_ + "/seed-" + std::to_string(seed_) + '-' + plain + ".checkpoint";
  }
  return example::train_watched(name, images_,
                                {.epochs = epochs,
                                 .batch_size = recipe_.batch,
                                 .seed = seed_,
                                 .augment = augment,
                                 .schedule = kd::CosineSchedule{},
                                 .checkpoint = example::checkpoint_of(file)},
                                fit);
}

}  // namespace hinton
