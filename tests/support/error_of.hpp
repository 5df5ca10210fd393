// SPDX-License-Identifier: MIT
#pragma once

#include "support/catch.hpp"

namespace kd::test {

/// What `f` throws as `Error`; anything else fails the test.
template <class Error, class F>
Error error_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error;
  }
  FAIL("expected an exception");
  throw 0;  // not reached
}

}  // namespace kd::test
