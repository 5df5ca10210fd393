// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <cmath>
#include <ostream>

#include "json.hpp"
#include "spread.hpp"
#include "text.hpp"

namespace mnist {

namespace {

using example::fixed;
using example::grouped;
using example::left;
using example::right;

std::ostream& operator<<(std::ostream& out, const Training& training) {
  return out << training.epochs << " epochs, batch " << training.batch << ", lr " << training.lr
             << (training.cosine ? " falling as a cosine" : "");
}

void print_row(std::ostream& out, const std::string& name, const NetworkResult& result) {
  out << left(name, 18) << right(grouped(result.parameters), 11)
      << right(grouped(result.test_errors), 13)
      << right(fixed(100 * result.test_accuracy, 2) + " %", 11)
      << right(result.file ? "-" : fixed(result.seconds_per_epoch, 3), 15) << '\n';
}

using example::Json;

Json to_json(const NetworkResult& result) {
  Json history = Json::array();
  for (const EpochResult& epoch : result.history) {
    Json entry{{"train_loss", epoch.train_loss}, {"test_accuracy", epoch.test_accuracy}};
    if (epoch.hard_loss) entry["hard_loss"] = *epoch.hard_loss;
    if (epoch.soft_loss) entry["soft_loss"] = *epoch.soft_loss;
    history.push_back(entry);
  }
  Json json{{"parameters", result.parameters},
            {"epochs", result.history.size()},
            {"test_errors", result.test_errors},
            {"test_accuracy", result.test_accuracy},
            {"seconds_per_epoch", result.seconds_per_epoch},
            {"history", history}};
  if (result.file) json["file"] = *result.file;
  return json;
}

}  // namespace

void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                const Options& options) {
  out << "MNIST: " << grouped(images.train.size()) << " training and "
      << grouped(images.test.size()) << " test images from " << images.source << '\n'
      << "Recipe " << recipe.name << ", seed " << options.common.seed << ", threads "
      << kd::threads() << '\n'
      << "  teacher 784-1200-1200-10: ";
  if (options.teacher)
    out << "from " << *options.teacher << '\n';
  else
    out << recipe.teacher << ", dropout " << recipe.dropout << '\n';
  out << "  student 784-20-20-10, alone: " << recipe.student_alone << '\n'
      << "  the same student, distilled: " << recipe.student_distilled << ",\n"
      << "    temperature " << recipe.temperature << ", hard weight " << recipe.hard_weight
      << ", soft weight " << recipe.soft_weight
      << "\n  Both students begin with the same weights and see the same shuffles.\n";
  if (const auto bits = options.exports.aware_bits()) {
    const Training& training = recipe.student_distilled;
    out << "  " << example::plan_of(*bits, example::further(training.epochs, training.lr)) << '\n';
  }
  out << std::endl;
}

void print_table(std::ostream& out, const Results& results) {
  out << '\n' << left("", 18) << " parameters  test errors   accuracy  seconds/epoch\n";
  print_row(out, "teacher", results.teacher);
  print_row(out, "student alone", results.student_alone);
  print_row(out, "student distilled", results.student_distilled);
  std::vector<double> alone;
  std::vector<double> distilled;
  for (const SeedResult& seed : results.seeds) {
    alone.push_back(static_cast<double>(seed.alone));
    distilled.push_back(static_cast<double>(seed.distilled));
  }
  const example::Spread of_alone = example::spread_of(alone);
  const example::Spread of_distilled = example::spread_of(distilled);
  const int digits = alone.size() > 1 ? 1 : 0;
  const auto text = [&](const example::Spread& spread) {
    std::string words = fixed(spread.mean, digits);
    if (alone.size() > 1) words += " (deviation " + fixed(spread.deviation, 1) + ")";
    return words;
  };
  out << "\nErrors"
      << (alone.size() > 1 ? ", mean of " + std::to_string(alone.size()) + " seeds" : "")
      << ": alone " << text(of_alone) << ", distilled " << text(of_distilled) << ".\n";
  const double fewer = of_alone.mean - of_distilled.mean;
  out << "Distilled, the student makes ";
  if (fewer == 0)
    out << "as many errors as alone.\n";
  else
    out << fixed(std::abs(fewer), digits) << (fewer > 0 ? " fewer" : " more") << " than alone.\n";
  if (results.integers) print_table(out, *results.integers);
  out << std::flush;
}

std::string to_json(const Recipe& recipe, const example::Images& images, std::uint64_t seed,
                    const Results& results) {
  Json seeds = Json::array();
  for (const SeedResult& each : results.seeds)
    seeds.push_back({{"seed", each.seed}, {"alone", each.alone}, {"distilled", each.distilled}});
  Json json{{"recipe", recipe.name},
            {"data", example::to_json(images)},
            {"seed", seed},
            {"threads", kd::threads()},
            {"teacher", to_json(results.teacher)},
            {"student_alone", to_json(results.student_alone)},
            {"student_distilled", to_json(results.student_distilled)},
            {"errors_by_seed", seeds}};
  if (results.integers) json["integers"] = example::to_json(*results.integers);
  return example::dump(json);
}

}  // namespace mnist
