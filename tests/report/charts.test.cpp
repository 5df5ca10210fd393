// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <string>

#include "kd/report/bar_chart.hpp"
#include "kd/report/confusion.hpp"
#include "kd/report/line_chart.hpp"
#include "support/catch.hpp"

using namespace kd::report;

namespace {

std::ptrdiff_t count(const std::string& text, const std::string& part) {
  std::ptrdiff_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a line chart draws its points and has a table of them", "[report][line_chart]") {
  const LineChart chart{.title = "Temperatures <1>",
                        .x_label = "T",
                        .y_label = "errors",
                        .series = {{"30 units", {1, 2, 4}, {400, 350, 360}, {10, 0, 5}},
                                   {"300", {2, 4}, {170, 160}}}};
  const std::string html = chart.html();
  CHECK_THAT(html, ContainsSubstring("Temperatures &lt;1&gt;") &&
                       ContainsSubstring("<title>30 units, T 1: 400 \xC2\xB1 10</title>") &&
                       ContainsSubstring("<title>300, T 4: 160</title>"));
  CHECK(count(html, "class=\"band\"") == 1);
  CHECK(count(html, "class=\"line\"") == 4);  // two in the legend
  CHECK(count(html, "class=\"hit\"") == 5);
  const Table table = chart.table();
  CHECK(table.head == std::vector<std::string>{"T", "30 units", "300"});
  CHECK(table.rows == std::vector<std::vector<std::string>>{{"1", "400 \xC2\xB1 10", ""},
                                                            {"2", "350", "170"},
                                                            {"4", "360 \xC2\xB1 5", "160"}});
  CHECK_THAT(html, ContainsSubstring("<th scope=\"row\">1</th><td>400 \xC2\xB1 10</td>"));
  CHECK_THAT(chart.svg(), StartsWith("<svg class=\"chart\"") && EndsWith("</svg>\n") &&
                              ContainsSubstring("xmlns=") && ContainsSubstring("--c1:"));
}

TEST_CASE("points that are no numbers are left out, and long lines have few marks",
          "[report][line_chart]") {
  LineChart chart{.title = "t", .x_label = "x", .y_label = "y", .series = {{"s", {}, {}}}};
  for (int i = 0; i < 1000; ++i) {
    chart.series[0].x.push_back(i);
    chart.series[0].y.push_back(i % 7 == 3 ? std::nan("") : i);
  }
  const std::string html = chart.html();
  CHECK(count(html, "class=\"hit\"") > 20);
  CHECK(count(html, "class=\"hit\"") <= 41);
  CHECK(count(html, "nan") == 0);
  CHECK(chart.table().rows.size() == 1000);
  chart.series = {};
  CHECK_THAT(chart.html(), ContainsSubstring("</figure>"));
}

TEST_CASE("bars stand for their values", "[report][bar_chart]") {
  BarChart chart{.title = "Methods",
                 .unit = "test errors",
                 .bars = {{"alone", 200, 4, 0}, {"A&B", 100, 0, 1}},
                 .kinds = {"baseline", "logits"},
                 .reference = 200,
                 .reference_name = "alone"};
  const std::string bars = chart.html();
  CHECK_THAT(bars, ContainsSubstring("<title>alone: 200 \xC2\xB1 4 test errors</title>") &&
                       ContainsSubstring("<title>A&amp;B: 100 test errors</title>") &&
                       ContainsSubstring(">baseline</text>") &&
                       ContainsSubstring(">logits</text>"));
  // Of the bars one is twice as long as the other.
  std::vector<double> widths;
  for (auto at = bars.find("<rect"); at != std::string::npos; at = bars.find("<rect", at + 1)) {
    const std::string rect = bars.substr(at, bars.find('>', at) - at);
    if (rect.find("class=\"mark\"") != std::string::npos)
      widths.push_back(std::stod(rect.substr(rect.find("width=\"") + 7)));
  }
  REQUIRE(widths.size() >= 2);
  CHECK(widths[widths.size() - 2] == Approx(2 * widths.back()).epsilon(0.01));

  // Points instead, on an axis that begins where they do.
  chart.from_zero = false;
  const std::string points = chart.html();
  CHECK(count(points, ">0</text>") == 0);
  CHECK(count(bars, ">0</text>") == 1);
  CHECK(chart.table().rows[0] == std::vector<std::string>{"alone", "200", "4.0"});
}

TEST_CASE("what lies beyond the axis is an arrow, and charts make one picture",
          "[report][bar_chart]") {
  BarChart chart{.title = "Methods",
                 .unit = "errors",
                 .bars = {{"near", 100, 5, 0}, {"far", 5000, 900, 0}},
                 .from_zero = false,
                 .axis_end = 140};
  const std::string capped = chart.html();
  CHECK_THAT(capped, ContainsSubstring(">5000 \xC2\xB1 900</text>"));
  CHECK(count(capped, "l8 5l-8 5z") == 1);
  CHECK(count(capped, "whisker") == 3);
  chart.axis_end = {};
  CHECK(count(chart.html(), "l8 5l-8 5z") == 0);
  CHECK(count(chart.html(), "whisker") == 6);

  const std::string both =
      BarChart::svg({chart, {.title = "Others", .unit = "errors", .bars = {}}});
  CHECK_THAT(both, ContainsSubstring(">Methods</text>") && ContainsSubstring(">Others</text>") &&
                       ContainsSubstring("translate(0 "));
}

TEST_CASE("a confusion matrix is a table", "[report][confusion]") {
  kd::Matrix<kd::Index> counts(2, 2);
  counts << 90, 10, 5, 95;
  const std::string html = Confusion{"Student", counts, {"cat", "<dog>"}}.html();
  CHECK_THAT(html, ContainsSubstring("title=\"cat taken for &lt;dog&gt;: 10\">10</td>") &&
                       ContainsSubstring("<td class=\"own\" title=\"cat taken for cat: 90\">") &&
                       ContainsSubstring("var(--c2) 55%") && ContainsSubstring("var(--c2) 32%"));
  CHECK_THROWS_AS((Confusion{"x", kd::Matrix<kd::Index>(2, 3)}.html()), kd::ShapeError);
  CHECK_THROWS_AS((Confusion{"x", counts, {"cat"}}.html()), kd::ShapeError);
}
