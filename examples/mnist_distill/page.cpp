// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <kd/report.hpp>

#include "spread.hpp"
#include "text.hpp"

namespace mnist {

namespace {

namespace parts = kd::report;

parts::BarChart errors_of(const Results& results, kd::Index tested) {
  std::vector<double> alone;
  std::vector<double> distilled;
  for (const SeedResult& seed : results.seeds) {
    alone.push_back(static_cast<double>(seed.alone));
    distilled.push_back(static_cast<double>(seed.distilled));
  }
  const auto bar = [](const char* name, const std::vector<double>& errors, int kind) {
    const example::Spread spread = example::spread_of(errors);
    return parts::Bar{name, spread.mean, spread.deviation, kind};
  };
  return {.title = "Who gets how many wrong",
          .unit = "test errors of " + example::grouped(tested),
          .bars = {bar("teacher", {static_cast<double>(results.teacher.test_errors)}, 0),
                   bar("student alone", alone, 1), bar("student distilled", distilled, 2)},
          .note = "Error bars: the deviation over " + std::to_string(alone.size()) +
                  " seeds of the students"};
}

parts::Table table_of(const Results& results) {
  parts::Table table{"Test errors by seed", {"seed", "alone", "distilled"}, {}};
  for (const SeedResult& seed : results.seeds)
    table.rows.push_back(
        {std::to_string(seed.seed), std::to_string(seed.alone), std::to_string(seed.distilled)});
  return table;
}

}  // namespace

std::string to_html(const Recipe& recipe, const example::Images& images, const Results& results) {
  kd::Report page("A student of handwritten digits, alone and distilled");
  page.text(example::grouped(images.train.size()) + " images to train and " +
            example::grouped(images.test.size()) + " to test from " + images.source + ". Recipe " +
            recipe.name + ", distilled at T = " + example::general(recipe.temperature) + ".");
  page.section("Errors").add(errors_of(results, images.test.size())).add(table_of(results));
  parts::LearningCurves curves{{}, "test images"};
  if (!results.teacher.file) curves.runs.push_back({"teacher", results.teacher.training});
  curves.runs.push_back({"student alone", results.student_alone.training});
  curves.runs.push_back({"student distilled", results.student_distilled.training});
  page.section("Training, epoch by epoch").add(curves);
  page.section("What is taken for what")
      .add(parts::Confusion{"Alone", results.student_alone.test.confusion})
      .add(parts::Confusion{"Distilled", results.student_distilled.test.confusion});
  page.section("Images on which the student disagrees with itself, distilled")
      .text(
          "The bars are what the teacher says: at T = 1, and at the temperature at which the "
          "student was told.")
      .add(parts::Disagreements{.data = images.test,
                                .shape = {1, 28, 28},
                                .teacher = results.teacher.logits,
                                .first = results.student_alone.logits,
                                .second = results.student_distilled.logits,
                                .temperature = recipe.temperature});
  return page.html();
}

}  // namespace mnist
