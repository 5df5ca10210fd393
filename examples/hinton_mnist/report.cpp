// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <kd/report.hpp>

#include "spread.hpp"
#include "table.hpp"
#include "text.hpp"

namespace hinton {

namespace {

namespace parts = kd::report;

using example::general;
using example::grouped;

/// The errors of the three networks that the paper is about, each beside the published figure.
parts::BarChart main_errors(const std::vector<Row>& rows, kd::Index tested) {
  parts::BarChart chart{.title = "Teacher, student alone, student distilled",
                        .unit = "test errors of " + grouped(tested),
                        .bars = {},
                        .kinds = {"here", "published for MNIST"},
                        .note = "Error bars: the deviation over the seeds"};
  for (const Row& row : rows) {
    if (row.name.rfind("teacher", 0) != 0 && row.name.rfind("800-800", 0) != 0) continue;
    const example::Spread spread = example::spread_of(row.values);
    chart.bars.push_back({row.name, spread.mean, spread.deviation, 0});
    chart.bars.push_back({"published", *row.published, 0, 1});
  }
  return chart;
}

parts::Table whole_table(const std::vector<Row>& rows, const std::vector<SeedResults>& seeds) {
  parts::Table table{"Errors on the test images, beside the published ones of MNIST's 10,000",
                     {"row", "published", "mean", "deviation"},
                     {}};
  for (const SeedResults& seed : seeds) table.head.push_back("seed " + std::to_string(seed.seed));
  for (const Row& row : rows) {
    const example::Spread spread = example::spread_of(row.values);
    const bool many = row.values.size() > 1;
    std::vector<std::string> cells{row.name, row.published ? general(*row.published) : "",
                                   parts::fixed(spread.mean, many ? 1 : row.digits),
                                   many ? parts::fixed(spread.deviation, 1) : ""};
    for (const double value : row.values) cells.push_back(parts::fixed(value, row.digits));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// Errors by temperature, a line for each width.
parts::LineChart temperatures(const std::vector<SeedResults>& seeds) {
  parts::LineChart chart{.title = "Errors by temperature",
                         .x_label = "T",
                         .y_label = "test errors",
                         .series = {},
                         .logarithmic_x = true,
                         .logarithmic_y = true};
  for (std::size_t i = 0; i < seeds.front().sweep.size(); ++i) {
    const SweepPoint& point = seeds.front().sweep[i];
    const std::string name = std::to_string(point.units) + " units a layer";
    if (chart.series.empty() || chart.series.back().name != name)
      chart.series.push_back({name, {}, {}, {}});
    std::vector<double> errors;
    for (const SeedResults& seed : seeds)
      errors.push_back(static_cast<double>(seed.sweep[i].outcome.test.errors));
    const example::Spread spread = example::spread_of(errors);
    chart.series.back().x.push_back(point.temperature);
    chart.series.back().y.push_back(spread.mean);
    if (seeds.size() > 1) chart.series.back().deviations.push_back(spread.deviation);
  }
  return chart;
}

void add_training(kd::Report& page, const SeedResults& seed) {
  parts::LearningCurves curves{{}, "test images"};
  if (seed.teacher) curves.runs.push_back({"teacher", seed.teacher->training});
  if (seed.alone) curves.runs.push_back({"alone", seed.alone->training});
  if (seed.distilled) curves.runs.push_back({"distilled", seed.distilled->training});
  page.section("Training, epoch by epoch").add(curves);
}

void add_confusion(kd::Report& page, const SeedResults& seed) {
  page.section("What is taken for what");
  if (seed.alone) page.add(parts::Confusion{"Alone", seed.alone->test.confusion});
  if (seed.distilled) page.add(parts::Confusion{"Distilled", seed.distilled->test.confusion});
  const auto both = [&](const std::string& name, const Corrected& student) {
    page.add(parts::Confusion{name, student.as_trained.test.confusion});
    page.add(parts::Confusion{name + ", biases moved by " + parts::fixed(student.shift, 2),
                              student.corrected.confusion});
  };
  if (seed.without_threes) both("No 3 in the transfer set", *seed.without_threes);
  if (seed.sevens_and_eights) both("7s and 8s only", *seed.sevens_and_eights);
}

}  // namespace

std::string to_html(const Recipe& recipe, const example::Images& images,
                    const std::vector<SeedResults>& seeds) {
  const std::vector<Row> rows = table_of(seeds);
  const SeedResults& first = seeds.front();
  kd::Report page("Distilling the Knowledge in a Neural Network, section 3");
  page.text(grouped(images.train.size()) + " images to train and " + grouped(images.test.size()) +
            " to test from " + images.source + ". The teacher has 1200-1200 units, dropout " +
            general(recipe.dropout) + " and max-norm " + general(recipe.max_norm) +
            ", and sees images jittered by up to " + std::to_string(recipe.pixels) +
            " pixels for " + std::to_string(recipe.teacher_epochs) +
            " epochs; students have 800-800 units and see images as they are for " +
            std::to_string(recipe.student_epochs) +
            " epochs, distilled at T = " + general(recipe.temperature) + ".");
  page.section("Errors");
  const parts::BarChart errors = main_errors(rows, images.test.size());
  if (!errors.bars.empty()) page.add(errors);
  if (!first.sweep.empty()) page.add(temperatures(seeds));
  page.section("The whole table").add(whole_table(rows, seeds));
  add_training(page, first);
  add_confusion(page, first);
  if (first.alone && first.distilled && first.teacher)
    page.section("Images on which the student disagrees with itself, distilled")
        .text(
            "The bars are what the teacher says: at T = 1, and at the temperature at which the "
            "student was told.")
        .add(parts::Disagreements{.data = images.test,
                                  .shape = {1, 28, 28},
                                  .teacher = first.teacher->logits,
                                  .first = first.alone->logits,
                                  .second = first.distilled->logits,
                                  .temperature = recipe.temperature});
  return page.html();
}

}  // namespace hinton
