// SPDX-License-Identifier: MIT
#pragma once

#include <kd/core/matrix.hpp>
#include <string>
#include <vector>

namespace predict {

/// Classes as a CSV table, one a line below "label": their names, or numbers where they have none.
std::string table_of(const kd::Labels& labels, const std::vector<std::string>& classes);

/// Numbers, (classes, samples), as a CSV table, a line a sample below the names of the classes, or
/// "class 0" and so on; digits enough to be read back as they are.
std::string table_of(const kd::Matrix<float>& numbers, const std::vector<std::string>& classes);

}  // namespace predict
