// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cmath>
#include <ostream>

#include "json.hpp"
#include "text.hpp"

namespace image {

namespace {

using example::fixed;
using example::grouped;
using example::Json;
using example::left;
using example::right;
using example::Spread;

void print_row(std::ostream& out, const std::string& name, const NetworkResult& result,
               kd::Index test_images) {
  const Spread errors = result.errors();
  const std::string spread =
      result.seeds.size() > 1 ? " +- " + fixed(errors.deviation, 0) : std::string();
  const std::optional<double> seconds = result.epoch_seconds();
  out << left(name, 18) << right(grouped(result.parameters), 11)
      << right(fixed(errors.mean, 0) + spread, 14)
      << right(fixed(100 * (1 - errors.mean / static_cast<double>(test_images)), 2) + " %", 11)
      << right(seconds ? fixed(*seconds, 2) : "-", 15) << '\n';
}

Json to_json(const NetworkResult& result) {
  Json seeds = Json::array();
  for (const Outcome& outcome : result.seeds) {
    Json history = Json::array();
    for (const kd::EpochReport& epoch : outcome.training.epochs)
      history.push_back({{"loss", epoch.loss},
                         {"test_accuracy", epoch.validation->accuracy},
                         {"seconds", epoch.seconds}});
    seeds.push_back({{"test_errors", outcome.test.errors},
                     {"test_accuracy", outcome.test.accuracy},
                     {"history", history}});
  }
  const Spread errors = result.errors();
  Json json{{"parameters", result.parameters},
            {"test_errors", {{"mean", errors.mean}, {"deviation", errors.deviation}}},
            {"seeds", seeds}};
  if (result.file) json["file"] = *result.file;
  return json;
}

}  // namespace

void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                const Options& options) {
  out << "Images: " << grouped(images.train.size()) << " for training and "
      << grouped(images.test.size()) << " test images from " << images.source << '\n'
      << "Recipe " << recipe.name << ", seed " << options.common.seed << ", threads "
      << kd::threads() << ", batch " << recipe.batch
      << ", learning rates falling as a cosine\n  teacher, a ResNet: ";
  if (options.teacher)
    out << "from " << *options.teacher << '\n';
  else
    out << recipe.teacher.epochs << " epochs, lr " << recipe.teacher.lr << ", weight decay "
        << recipe.weight_decay << ",\n    images "
        << (recipe.augmentation == Augmentation::clothes ? "mirrored, moved and partly hidden\n"
                                                         : "moved\n");
  out << "  student, a DS-CNN, alone and distilled: " << recipe.student.epochs << " epochs, lr "
      << recipe.student.lr << ",\n    temperature " << recipe.temperature << ", hard weight "
      << recipe.hard_weight << ", " << recipe.seeds << (recipe.seeds == 1 ? " seed\n" : " seeds\n");
  if (const auto bits = options.exports.aware_bits())
    out << "  "
        << example::plan_of(*bits, example::further(recipe.student.epochs, recipe.student.lr))
        << '\n';
  out << std::endl;
}

void print_table(std::ostream& out, const Results& results, kd::Index test_images) {
  out << '\n' << left("", 18) << " parameters   test errors   accuracy  seconds/epoch\n";
  print_row(out, "teacher", results.teacher, test_images);
  print_row(out, "student alone", results.alone, test_images);
  print_row(out, "student distilled", results.distilled, test_images);
  const double alone = results.alone.errors().mean;
  const double fewer = alone - results.distilled.errors().mean;
  out << "\nDistilled, the student makes ";
  if (fewer == 0)
    out << "as many errors as alone.\n";
  else
    out << fixed(std::abs(fewer), 0) << " errors " << (fewer < 0 ? "more" : "fewer")
        << " than alone (" << fixed(alone, 0) << "), "
        << fixed(100 * std::abs(fewer) / static_cast<double>(test_images), 2)
        << " points of accuracy.\n";
  if (results.integers) print_table(out, *results.integers);
  out << std::flush;
}

std::string to_json(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results) {
  Json json{{"recipe", recipe.name},
            {"data", example::to_json(images)},
            {"seed", seed},
            {"threads", kd::threads()},
            {"teacher", to_json(results.teacher)},
            {"student_alone", to_json(results.alone)},
            {"student_distilled", to_json(results.distilled)}};
  if (results.integers) json["integers"] = example::to_json(*results.integers);
  return example::dump(json);
}

}  // namespace image
