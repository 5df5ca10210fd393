// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/parallel.hpp"

namespace kd::test {

/// Lets kd use `count` threads until the end of the scope.
class Threads {
 public:
  explicit Threads(int count) : before_(threads()) { set_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { set_threads(before_); }

 private:
  int before_;
};

}  // namespace kd::test
