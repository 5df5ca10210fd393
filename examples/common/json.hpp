// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "images.hpp"

namespace example {

using Json = nlohmann::ordered_json;

inline Json to_json(const Images& images) {
  return {{"source", images.source}, {"train", images.train.size()}, {"test", images.test.size()}};
}

/// A path may hold bytes that are no UTF-8: they are replaced, as they must not cost a whole run.
inline std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace example
