// SPDX-License-Identifier: MIT
#include "page.hpp"

#include <kd/report.hpp>
#include <sstream>

#include "bar_chart.hpp"
#include "report.hpp"
#include "text.hpp"

namespace compare {

namespace {

using example::fixed;
using example::grouped;

kd::report::Table table_of(const StudentResult& student, const Figures& figures) {
  kd::report::Table table{"Test errors of the student " + student.name,
                          {"method", "mean", "deviation", "seconds an epoch", "learns from"},
                          {}};
  for (int i = 0; i < figures.seeds; ++i)
    table.head.push_back("seed " + std::to_string(figures.first_seed + static_cast<unsigned>(i)));
  for (const MethodResult& method : student.methods) {
    std::vector<std::string> row{method.name, fixed(method.mean, 1), fixed(method.deviation, 1),
                                 fixed(method.seconds_per_epoch, 3), method.recipe};
    for (const kd::Index errors : method.errors) row.push_back(grouped(errors));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::string to_html(const Figures& figures, const example::Images& images, const Results& results) {
  kd::Report page("Distillation methods side by side");
  std::ostringstream plan;
  print_plan(plan, figures, images);
  std::istringstream lines(plan.str());
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) page.text(line);
  page.text("The teacher errs on " + grouped(results.teacher_errors) + " of " +
            grouped(images.test.size()) + " test images.");
  for (const StudentResult& student : results.students) {
    page.section("Student " + student.name + ", " + grouped(student.parameters) + " parameters");
    page.add(bar_chart(student));
    page.add(table_of(student, figures));
  }
  return page.html();
}

}  // namespace compare
