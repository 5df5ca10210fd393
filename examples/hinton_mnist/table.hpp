// SPDX-License-Identifier: MIT
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "images.hpp"
#include "options.hpp"
#include "results.hpp"

namespace hinton {

/// A row of the table: what was measured, once a seed.
struct Row {
  std::string name;
  std::optional<double> published;  ///< by the paper, of MNIST's 10,000 test images
  std::vector<double> values;
  int digits = 0;  ///< behind the point
};

/// Errors on the test images, in the paper's order; then the sweep.
std::vector<Row> table_of(const std::vector<SeedResults>& seeds);

void print_plan(std::ostream& out, const Recipe& recipe, const example::Images& images,
                const Options& options);
void print_table(std::ostream& out, const std::vector<SeedResults>& seeds);

std::string to_json(const Recipe& recipe, const example::Images& images, const Options& options,
                    const std::vector<SeedResults>& seeds);

}  // namespace hinton
