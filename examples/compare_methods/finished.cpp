// SPDX-License-Identifier: MIT
#include "finished.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace compare {

namespace {

using example::Json;

/// All that decides what a student of a seed learns, but for the method.
std::string describe(const Figures& figures, const example::Images& images) {
  const auto fingerprint = [](const kd::Dataset& data) {
    const kd::DatasetIdentity identity = data.identity();
    return Json{identity.samples, identity.inputs, identity.labels};
  };
  return Json{{"networks", figures.networks == Networks::images ? "images" : "vectors"},
              {"epochs", figures.epochs},
              {"batch", figures.batch},
              {"lr", figures.lr},
              {"teacher_epochs", figures.teacher_epochs},
              {"teacher_lr", figures.teacher_lr},
              {"teacher_seed", figures.first_seed},
              {"train", fingerprint(images.train)},
              {"test", fingerprint(images.test)}}
      .dump();
}

Json to_json(const Training& training) {
  return {{"student", training.student}, {"method", training.method},
          {"recipe", training.recipe},   {"seed", training.seed},
          {"errors", training.errors},   {"seconds", training.seconds}};
}

Training training_of(const Json& json) {
  return {json.at("student"), json.at("method"), json.at("recipe"),
          json.at("seed"),    json.at("errors"), json.at("seconds")};
}

}  // namespace

Finished::Finished(const std::optional<std::string>& file, const Figures& figures,
                   const example::Images& images)
    : comparison_(describe(figures, images)) {
  if (!file) return;
  if (std::filesystem::exists(*file)) read(*file);
  file_.emplace(*file);
}

void Finished::read(const std::string& path) {
  std::ifstream lines(path);
  std::string line;
  std::getline(lines, line);
  if (line != comparison_)
    throw kd::ConfigError("--checkpoint: expected a file of " + comparison_ + ", got in " + path +
                          ": " + (line.empty() ? "nothing" : line.substr(0, 400)));
  try {
    while (std::getline(lines, line)) trainings_.push_back(training_of(Json::parse(line)));
  } catch (const Json::exception& error) {
    throw kd::ConfigError("--checkpoint: " + path + " holds what is no training: " + error.what());
  }
  if (lines.bad()) throw kd::IoError(path, "cannot be read");
}

const Training* Finished::find(const std::string& student, const std::string& method,
                               const std::string& recipe, std::uint64_t seed) const {
  const auto found =
      std::find_if(trainings_.begin(), trainings_.end(), [&](const Training& training) {
        return training.student == student && training.method == method &&
               training.recipe == recipe && training.seed == seed;
      });
  return found == trainings_.end() ? nullptr : &*found;
}

const Training& Finished::add(Training training) {
  trainings_.push_back(std::move(training));
  if (!file_) return trainings_.back();
  std::string text = comparison_ + '\n';
  for (const Training& each : trainings_) text += to_json(each).dump() + '\n';
  file_->write(text);
  return trainings_.back();
}

}  // namespace compare
