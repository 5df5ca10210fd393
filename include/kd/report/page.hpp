// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "kd/files/output_file.hpp"
#include "kd/report/escape.hpp"
#include "kd/report/style.hpp"
#include "kd/version.hpp"

namespace kd {

namespace report {

/// What a report consists of: it gives its HTML, whose text from outside is escaped.
template <class T>
concept Part = requires(const T& part) {
  { part.html() } -> std::convertible_to<std::string>;
};

}  // namespace report

/// A page for people to look at: one HTML file that needs nothing else, no network and no script.
///
///     kd::Report page("Digits, distilled");
///     page.add(kd::report::LearningCurves{{{"alone", alone}, {"distilled", distilled}}});
///     page.add(kd::report::Confusion{"Distilled", kd::evaluate(student, test).confusion});
///     page.save("report.html");
///
/// Light and dark as the reader has it, for the width of a phone and for paper. Whatever is
/// pointed at says its number, and every picture has a table of its numbers.
class Report {
 public:
  explicit Report(std::string title) : title_(std::move(title)) {}

  /// Begins a section.
  Report& section(std::string_view heading) {
    end_grid();
    body_ += "<h2>" + report::escaped(heading) + "</h2>\n";
    return *this;
  }
  /// A paragraph.
  Report& text(std::string_view words) {
    end_grid();
    body_ += "<p>" + report::escaped(words) + "</p>\n";
    return *this;
  }
  /// Pictures stand side by side where there is room; a table takes a row of its own.
  template <report::Part P>
  Report& add(const P& part) {
    if (!in_grid_) body_ += "<div class=\"grid-of\">\n";
    in_grid_ = true;
    body_ += part.html();
    return *this;
  }

  std::string html() const {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<link rel=\"icon\" href=\"data:,\"><title>" +
        report::escaped(title_) + "</title>\n<style>:root{";
    page += report::detail::colours;
    page += "}\n@media(prefers-color-scheme:dark){:root{";
    page += report::detail::dark_colours;
    page += "}}\n@media print{:root{";
    page += report::detail::colours;
    page += "}}";
    page += report::detail::page_style;
    page += report::detail::chart_style;
    page += "</style></head>\n<body><main><h1>" + report::escaped(title_) + "</h1>\n" + body_;
    if (in_grid_) page += "</div>\n";
    return page + "</main><footer>Made with kd " + KD_VERSION + ".</footer></body></html>\n";
  }

  /// Replaces the file as a whole or not at all. Throws `IoError`.
  void save(const std::string& path) const { OutputFile(path).write(html()); }

 private:
  void end_grid() {
    if (in_grid_) body_ += "</div>\n";
    in_grid_ = false;
  }

  std::string title_;
  std::string body_;
  bool in_grid_ = false;
};

}  // namespace kd
