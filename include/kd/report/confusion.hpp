// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/core/matrix.hpp"
#include "kd/report/number.hpp"
#include "kd/report/table.hpp"

namespace kd::report {

/// Which class was taken for which, as a table whose mistakes are the darker the more there are.
struct Confusion {
  std::string title;
  Matrix<Index> counts;                       ///< (true class, predicted class)
  std::vector<std::string> class_names = {};  ///< none: their numbers
  std::string note = {};

  /// Throws `ShapeError` when the counts are not square, or there are not as many names as classes.
  std::string html() const {
    kd::detail::check_equal("report::Confusion", "columns, as there are rows", counts.rows(),
                            counts.cols());
    if (!class_names.empty())
      kd::detail::check_equal("report::Confusion", "names, one for each class", counts.rows(),
                              static_cast<Index>(class_names.size()));
    Index most = 1;
    for (Index i = 0; i < counts.rows(); ++i)
      for (Index j = 0; j < counts.cols(); ++j)
        if (i != j) most = std::max(most, counts(i, j));
    const std::string caption = "Rows are true classes, columns predicted ones";
    std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                      escaped(title) + "\"><table class=\"heat\"><caption>" + caption +
                      "</caption><thead><tr><th scope=\"col\">is</th>";
    for (Index j = 0; j < counts.cols(); ++j)
      out += "<th scope=\"col\">" + escaped(name(j)) + "</th>";
    out += "</tr></thead><tbody>";
    for (Index i = 0; i < counts.rows(); ++i) {
      out += "<tr><th scope=\"row\">" + escaped(name(i)) + "</th>";
      for (Index j = 0; j < counts.cols(); ++j) out += cell(i, j, most);
      out += "</tr>\n";
    }
    return detail::figure(title, note, out + "</tbody></table></div>");
  }

 private:
  std::string name(Index c) const {
    return class_names.empty() ? std::to_string(c) : class_names[static_cast<std::size_t>(c)];
  }

  std::string cell(Index i, Index j, Index most) const {
    const Index count = counts(i, j);
    const std::string says = "title=\"" + escaped(name(i)) + " taken for " + escaped(name(j)) +
                             ": " + std::to_string(count) + "\">" + std::to_string(count) + "</td>";
    if (i == j) return "<td class=\"own\" " + says;
    if (count == 0) return "<td class=\"zero\" " + says;
    const double share = static_cast<double>(count) / static_cast<double>(most);
    return "<td style=\"background:color-mix(in srgb,var(--c2) " + fixed(8 + 47 * share, 0) +
           "%,transparent)\" " + says;
  }
};

}  // namespace kd::report
