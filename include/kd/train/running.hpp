// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/error.hpp"

namespace kd::detail {

/// Marks a network, or what trains several, as being trained for as long as this lives: a callback
/// of a `fit` that runs may look at what is trained, but must not train it too.
class Running {
 public:
  /// Throws `ConfigError` when this thread trains it already.
  Running(const char* where, const void* trained) : trained_(trained), before_(latest()) {
    for (const Running* other = before_; other != nullptr; other = other->before_)
      if (other->trained_ == trained)
        throw ConfigError(text(where,
                               ": a callback of the fit that is running must not train what "
                               "is being trained"));
    latest() = this;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { latest() = before_; }

 private:
  static const Running*& latest() {
    thread_local const Running* running = nullptr;
    return running;
  }

  const void* trained_;
  const Running* before_;
};

}  // namespace kd::detail
