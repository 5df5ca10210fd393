// SPDX-License-Identifier: MIT
#include "student_page.hpp"

#include <kd/report.hpp>

#include "spread.hpp"
#include "text.hpp"

namespace example {

namespace {

namespace parts = kd::report;

parts::BarChart errors_of(const StudentPage& page) {
  const auto bar = [](const char* name, const PageNetwork& network, int kind) {
    const Spread spread = spread_of(network.errors);
    return parts::Bar{name, spread.mean, spread.deviation, kind};
  };
  return {.title = "Who gets how many wrong",
          .unit = "test errors of " + grouped(page.images.test.size()),
          .bars = {bar("teacher", page.teacher, 0), bar("student alone", page.alone, 1),
                   bar("student distilled", page.distilled, 2)},
          .note = "Error bars: the deviation over " + std::to_string(page.seeds.size()) +
                  " seeds of the students"};
}

parts::Table table_of(const StudentPage& page) {
  parts::Table table{"Test errors by seed", {"seed", "alone", "distilled"}, {}};
  for (std::size_t i = 0; i < page.seeds.size(); ++i)
    table.rows.push_back({std::to_string(page.seeds[i]), fixed(page.alone.errors[i], 0),
                          fixed(page.distilled.errors[i], 0)});
  return table;
}

}  // namespace

std::string StudentPage::html() const {
  kd::Report page(title);
  page.text(grouped(images.train.size()) + " images to train and " + grouped(images.test.size()) +
            " to test from " + images.source + ". " + introduction);
  page.section("Errors").add(errors_of(*this)).add(table_of(*this));
  if (integers)
    page.add(parts::Table{
        "The first seed's distilled student in " + std::to_string(integers->bits) + " bits",
        {"student", "test errors", "accuracy"},
        rows_of(*integers)});
  parts::LearningCurves curves{{}, "test images"};
  if (!teacher.training.epochs.empty()) curves.runs.push_back({"teacher", teacher.training});
  curves.runs.push_back({"student alone", alone.training});
  curves.runs.push_back({"student distilled", distilled.training});
  page.section("Training, epoch by epoch").add(curves);
  page.section("What is taken for what")
      .add(parts::Confusion{"Alone", alone.test.confusion})
      .add(parts::Confusion{"Distilled", distilled.test.confusion});
  page.section("Images on which the student disagrees with itself, distilled")
      .text(
          "The bars are what the teacher says: at T = 1, and at the temperature at which the "
          "student was told.")
      .add(parts::Disagreements{.data = images.test,
                                .shape = {1, 28, 28},
                                .teacher = teacher.logits,
                                .first = alone.logits,
                                .second = distilled.logits,
                                .temperature = temperature});
  return page.html();
}

}  // namespace example
