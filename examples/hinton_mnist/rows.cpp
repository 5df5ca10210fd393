// SPDX-License-Identifier: MIT
#include "rows.hpp"

#include <algorithm>
#include <kd/core/error.hpp>

namespace hinton {

namespace {

struct Named {
  const char* name;
  bool Rows::*row;
};

constexpr Named named_rows[] = {{"alone", &Rows::alone},
                                {"distilled", &Rows::distilled},
                                {"without-threes", &Rows::without_threes},
                                {"sevens-and-eights", &Rows::sevens_and_eights},
                                {"sweep", &Rows::sweep}};

}  // namespace

const std::vector<std::string>& row_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Named& each : named_rows) list.emplace_back(each.name);
    return list;
  }();
  return names;
}

Rows rows_of(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  Rows rows{false, false, false, false, false};
  for (const std::string& name : names) {
    const auto found = std::find_if(std::begin(named_rows), std::end(named_rows),
                                    [&](const Named& each) { return name == each.name; });
    if (found == std::end(named_rows)) {
      std::string message = "--rows: there is no \"" + name + "\", only ";
      for (const Named& each : named_rows)
        message += (&each == named_rows ? "" : ", ") + std::string(each.name);
      throw kd::ConfigError(message);
    }
    rows.*found->row = true;
  }
  return rows;
}

}  // namespace hinton
