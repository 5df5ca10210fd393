// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "kd/report/escape.hpp"

namespace kd::report {

/// Texts in rows, of which the first in each is what the row is about.
struct Table {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;

  /// A table that scrolls by itself where it is too wide, by the keyboard too.
  std::string html() const {
    std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                      escaped(caption) + "\"><table><caption>" + escaped(caption) +
                      "</caption><thead><tr>";
    for (const std::string& name : head) out += "<th scope=\"col\">" + escaped(name) + "</th>";
    out += "</tr></thead><tbody>";
    for (const std::vector<std::string>& row : rows) {
      out += "<tr>";
      for (std::size_t i = 0; i < row.size(); ++i)
        out += i == 0 ? "<th scope=\"row\">" + escaped(row[i]) + "</th>"
                      : "<td>" + escaped(row[i]) + "</td>";
      out += "</tr>\n";
    }
    return out + "</tbody></table></div>";
  }
};

namespace detail {

/// The numbers behind a picture, for whoever cannot see it or wants to know them.
inline std::string numbers(const Table& table) {
  return "<details><summary>Numbers</summary>" + table.html() + "</details>";
}

/// A picture, what it is called and what goes with it.
inline std::string figure(const std::string& title, const std::string& note,
                          const std::string& content, const char* classes = "") {
  return std::string("<figure class=\"") + classes + "\"><figcaption>" + escaped(title) +
         (note.empty() ? "" : "<small>" + escaped(note) + "</small>") + "</figcaption>" + content +
         "</figure>\n";
}

}  // namespace detail
}  // namespace kd::report
