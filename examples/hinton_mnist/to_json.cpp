// SPDX-License-Identifier: MIT
#include "json.hpp"
#include "table.hpp"

namespace hinton {

namespace {

using example::Json;

Json to_json(const kd::Evaluation& test) {
  return {
      {"errors", test.errors},
      {"accuracy", test.accuracy},
      {"class_samples",
       std::vector<kd::Index>(test.class_samples.begin(), test.class_samples.end())},
      {"class_errors", std::vector<kd::Index>(test.class_errors.begin(), test.class_errors.end())}};
}

Json to_json(const Outcome& outcome) {
  Json history = Json::array();
  double seconds = 0;
  for (const kd::EpochReport& epoch : outcome.training.epochs) {
    history.push_back({{"loss", epoch.loss}, {"test_accuracy", epoch.validation->accuracy}});
    seconds += epoch.seconds;
  }
  return {{"parameters", outcome.parameters},
          {"test", to_json(outcome.test)},
          {"seconds", seconds},
          {"history", history}};
}

Json to_json(const Corrected& student) {
  return {{"as_trained", to_json(student.as_trained)},
          {"classes", student.classes},
          {"shift", student.shift},
          {"corrected", to_json(student.corrected)}};
}

Json to_json(const SeedResults& seed) {
  Json json{{"seed", seed.seed}};
  const auto add = [&](const char* name, const auto& result) {
    if (result) json[name] = to_json(*result);
  };
  add("teacher", seed.teacher);
  add("alone", seed.alone);
  add("distilled", seed.distilled);
  add("without_threes", seed.without_threes);
  add("sevens_and_eights", seed.sevens_and_eights);
  Json sweep = Json::array();
  for (const SweepPoint& point : seed.sweep)
    sweep.push_back({{"units", point.units},
                     {"temperature", point.temperature},
                     {"result", to_json(point.outcome)}});
  json["sweep"] = sweep;
  return json;
}

Json to_json(const Recipe& recipe) {
  return {{"teacher_epochs", recipe.teacher_epochs},
          {"teacher_lr", recipe.teacher_lr},
          {"momentum", recipe.momentum},
          {"dropout", recipe.dropout},
          {"max_norm", recipe.max_norm},
          {"pixels", recipe.pixels},
          {"batch", recipe.batch},
          {"student_epochs", recipe.student_epochs},
          {"student_lr", recipe.student_lr},
          {"temperature", recipe.temperature},
          {"sweep_epochs", recipe.sweep_epochs}};
}

}  // namespace

std::string to_json(const Recipe& recipe, const example::Images& images, const Options& options,
                    const std::vector<SeedResults>& seeds) {
  Json all = Json::array();
  for (const SeedResults& seed : seeds) all.push_back(to_json(seed));
  return example::dump(
      {{"data", example::to_json(images)},
       {"tested_on", options.validate ? "held-out training images" : "test images"},
       {"threads", kd::threads()},
       {"recipe", to_json(recipe)},
       {"seeds", all}});
}

}  // namespace hinton
