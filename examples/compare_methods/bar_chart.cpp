// SPDX-License-Identifier: MIT
#include "bar_chart.hpp"

#include <algorithm>

#include "text.hpp"

namespace compare {

namespace {

using example::fixed;

constexpr double width = 760;
constexpr double names_end = 200;  // where the bars begin
constexpr double bars_end = 690;   // behind it stands the number of the longest
constexpr double row = 20;
constexpr double head = 34;

const char* colour(Kind kind) {
  switch (kind) {
    case Kind::alone:
      return "#8a8a8a";
    case Kind::logits:
      return "#3b76af";
    case Kind::features:
      return "#529e3e";
    case Kind::scheme:
      return "#c8793a";
  }
  return "";
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string text(double x, double y, const std::string& style, const std::string& words) {
  return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" " + style + ">" +
         escaped(words) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return "<line x1=\"" + fixed(x1, 1) + "\" y1=\"" + fixed(y1, 1) + "\" x2=\"" + fixed(x2, 1) +
         "\" y2=\"" + fixed(y2, 1) + "\" " + style + "/>\n";
}

double height(const StudentResult& student) {
  return head + row * static_cast<double>(student.methods.size()) + 10;
}

/// One student's bars, from `top` down.
std::string panel(const StudentResult& student, double top) {
  double most = 1;
  for (const MethodResult& method : student.methods)
    most = std::max(most, method.mean + method.deviation);
  const auto x = [&](double errors) {
    return names_end + (bars_end - names_end) * std::max(errors, 0.) / most;
  };
  const double first = top + head;
  const double last = first + row * static_cast<double>(student.methods.size());
  std::string out = text(names_end, top + 20, "font-weight=\"bold\"",
                         "Test errors of the student " + student.name);
  double y = first;
  for (const MethodResult& method : student.methods) {
    const double middle = y + row / 2;
    out += text(names_end - 8, middle + 4, "text-anchor=\"end\"", method.name);
    out += "<rect x=\"" + fixed(names_end, 1) + "\" y=\"" + fixed(y + 3, 1) + "\" width=\"" +
           fixed(x(method.mean) - names_end, 1) + "\" height=\"" + fixed(row - 6, 1) +
           "\" fill=\"" + colour(method.kind) + "\"/>\n";
    const double low = x(method.mean - method.deviation);
    const double high = x(method.mean + method.deviation);
    const std::string black = "stroke=\"#222\"";
    out += line(low, middle, high, middle, black);
    for (const double end : {low, high}) out += line(end, middle - 4, end, middle + 4, black);
    out += text(high + 6, middle + 4, "", fixed(method.mean, 0));
    y += row;
  }
  for (const MethodResult& method : student.methods)
    if (method.kind == Kind::alone)
      out += line(x(method.mean), first, x(method.mean), last,
                  "stroke=\"#222\" stroke-dasharray=\"4 3\"");
  return out;
}

}  // namespace

std::string bar_chart(const Results& results) {
  std::string panels;
  double total = 10;
  for (const StudentResult& student : results.students) {
    panels += panel(student, total);
    total += height(student);
  }
  const std::string size = "width=\"" + fixed(width, 0) + "\" height=\"" + fixed(total, 0) + "\"";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " + fixed(width, 0) +
         ' ' + fixed(total, 0) + "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect " + size +
         " fill=\"white\"/>\n" + panels + "</svg>\n";
}

}  // namespace compare
