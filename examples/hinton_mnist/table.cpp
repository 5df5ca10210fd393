// SPDX-License-Identifier: MIT
#include "table.hpp"

#include <algorithm>
#include <functional>
#include <ostream>

#include "spread.hpp"
#include "text.hpp"

namespace hinton {

namespace {

using example::fixed;
using example::general;
using example::grouped;
using example::left;
using example::right;

constexpr kd::Index three = 3;

double errors(const kd::Evaluation& test) { return static_cast<double>(test.errors); }
double errors_on_threes(const kd::Evaluation& test) {
  return test.class_errors.size() > three ? static_cast<double>(test.class_errors(three)) : 0;
}
double percent_wrong(const kd::Evaluation& test) { return 100 * (1 - test.accuracy); }

/// Collects the values of one row over the seeds, and keeps it if there are any.
class Table {
 public:
  explicit Table(const std::vector<SeedResults>& seeds) : seeds_(seeds) {}

  /// `value(seed)` is what the seed has, if it has that.
  void add(const std::string& name, std::optional<double> published,
           const std::function<std::optional<double>(const SeedResults&)>& value, int digits = 0) {
    Row row{name, published, {}, digits};
    for (const SeedResults& seed : seeds_)
      if (const std::optional<double> one = value(seed)) row.values.push_back(*one);
    if (!row.values.empty()) rows.push_back(std::move(row));
  }

  std::vector<Row> rows;

 private:
  const std::vector<SeedResults>& seeds_;
};

using Count = double (*)(const kd::Evaluation&);

auto of_network(std::optional<Outcome> SeedResults::*network) {
  return [network](const SeedResults& seed) -> std::optional<double> {
    if (!(seed.*network)) return std::nullopt;
    return errors((seed.*network)->test);
  };
}

auto of_student(std::optional<Corrected> SeedResults::*student, bool corrected, Count count) {
  return [=](const SeedResults& seed) -> std::optional<double> {
    if (!(seed.*student)) return std::nullopt;
    return count(corrected ? (seed.*student)->corrected : (seed.*student)->as_trained.test);
  };
}

auto shift_of(std::optional<Corrected> SeedResults::*student) {
  return [=](const SeedResults& seed) -> std::optional<double> {
    if (!(seed.*student)) return std::nullopt;
    return (seed.*student)->shift;
  };
}

void add_sweep(Table& table, const std::vector<SeedResults>& seeds) {
  if (seeds.empty()) return;
  for (std::size_t i = 0; i < seeds.front().sweep.size(); ++i) {
    const SweepPoint& point = seeds.front().sweep[i];
    table.add(std::to_string(point.units) + " units, T = " + general(point.temperature),
              std::nullopt,
              [i](const SeedResults& seed) { return errors(seed.sweep[i].outcome.test); });
  }
}

}  // namespace

std::vector<Row> table_of(const std::vector<SeedResults>& seeds) {
  Table table(seeds);
  table.add("teacher, 1200-1200", 67, of_network(&SeedResults::teacher));
  table.add("800-800 alone", 146, of_network(&SeedResults::alone));
  table.add("800-800 distilled", 74, of_network(&SeedResults::distilled));
  const auto threes = &SeedResults::without_threes;
  table.add("no 3 in the transfer set", 206, of_student(threes, false, errors));
  table.add("  of these on 3s", 133, of_student(threes, false, errors_on_threes));
  table.add("  bias of the 3 moved by", 3.5, shift_of(threes), 2);
  table.add("  then errors", 109, of_student(threes, true, errors));
  table.add("  of these on 3s", 14, of_student(threes, true, errors_on_threes));
  const auto few = &SeedResults::sevens_and_eights;
  table.add("7s and 8s only, % wrong", 47.3, of_student(few, false, percent_wrong), 1);
  table.add("  biases of 7 and 8 moved by", -7.6, shift_of(few), 2);
  table.add("  then % wrong", 13.2, of_student(few, true, percent_wrong), 1);
  add_sweep(table, seeds);
  return table.rows;
}

void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                const Options& options) {
  out << "Images: " << grouped(images.train.size()) << " to train, " << grouped(images.test.size())
      << " to test from " << images.source
      << (options.validate ? ", held out of the training images" : "") << '\n'
      << "Seeds " << options.common.seed << " to "
      << options.common.seed + static_cast<std::uint64_t>(recipe.seeds) - 1 << ", threads "
      << kd::threads() << ", batch " << recipe.batch << '\n'
      << "  teacher 784-1200-1200-10: " << recipe.teacher_epochs << " epochs, SGD, lr "
      << recipe.teacher_lr << " falling as a cosine,\n    momentum " << recipe.momentum
      << ", dropout " << recipe.dropout << ", max-norm " << recipe.max_norm
      << ", images jittered by up to " << recipe.pixels << " pixels\n"
      << "  students 784-800-800-10: " << recipe.student_epochs << " epochs, Adam, lr "
      << recipe.student_lr << " falling as a cosine;\n    distilled at T = " << recipe.temperature
      << " from the teacher's word alone, images as they are\n"
      << std::endl;
}

void print_table(std::ostream& out, const std::vector<SeedResults>& seeds) {
  out << '\n' << left("test errors", 30) << " published      mean  deviation  seeds\n";
  for (const Row& row : table_of(seeds)) {
    const example::Spread spread = example::spread_of(row.values);
    const int digits = row.values.size() > 1 ? std::max(row.digits, 1) : row.digits;
    out << left(row.name, 30) << right(row.published ? general(*row.published) : "", 10)
        << right(fixed(spread.mean, digits), 10)
        << right(row.values.size() > 1 ? fixed(spread.deviation, digits) : "", 11) << ' ';
    for (const double value : row.values) out << ' ' << fixed(value, row.digits);
    out << '\n';
  }
  out << std::flush;
}

}  // namespace hinton
