// SPDX-License-Identifier: MIT
#include "bar_chart.hpp"

#include <algorithm>
#include <vector>

namespace compare {

namespace {

constexpr double most_shown = 1.4;  // times the errors of the student alone

}  // namespace

kd::report::BarChart bar_chart(const StudentResult& student) {
  kd::report::BarChart chart{.title = "Errors of the student " + student.name + ", by method",
                             .unit = "test errors",
                             .bars = {},
                             .kinds = {"alone", "logits", "features", "schemes"},
                             .from_zero = false};
  for (const MethodResult& method : student.methods) {
    chart.bars.push_back(
        {method.name, method.mean, method.deviation, static_cast<int>(method.kind)});
    if (method.kind != Kind::alone) continue;
    chart.reference = method.mean;
    chart.reference_name = "the student alone";
    chart.axis_end = std::max(most_shown * method.mean, 1.);
  }
  return chart;
}

std::string bar_charts(const Results& results) {
  std::vector<kd::report::BarChart> charts;
  for (const StudentResult& student : results.students) charts.push_back(bar_chart(student));
  return kd::report::BarChart::svg(charts);
}

}  // namespace compare
