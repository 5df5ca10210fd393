// SPDX-License-Identifier: MIT
#pragma once

namespace kd::detail {

/// False once it is asked, for static assertions in what must not be called.
template <class>
inline constexpr bool never = false;

/// The base of what has options: any other argument gets one sentence. Of a name that is no option
/// compilers say that there is nothing for which to deduce the `option_of_that_name`.
class NamedOptions {
 public:
  NamedOptions() = default;
  template <class option_of_that_name>
  explicit NamedOptions(const option_of_that_name&) {
    static_assert(never<option_of_that_name>,
                  "options are given by name in two pairs of braces, such as Adam{{.lr = 1e-3}} or "
                  "SoftTargets{{.temperature = 4}}");
  }
};

}  // namespace kd::detail
