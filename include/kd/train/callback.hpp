// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "kd/core/named_options.hpp"

namespace kd {

namespace detail {

/// Whether a callback takes this report, and what it gives is nothing or a `bool`.
template <class F, class Report>
concept ReportCallback = std::copy_constructible<F> && std::invocable<F&, const Report&> &&
    (std::is_void_v<std::invoke_result_t<F&, const Report&>> ||
     std::same_as<std::remove_cvref_t<std::invoke_result_t<F&, const Report&>>, bool>);

}  // namespace detail

/// A callback that is told a report, and may answer whether to go on: one that returns nothing
/// always does.
template <class Report>
class Callback {
 public:
  Callback() = default;

  /// Any function of a `const Report&` that returns void or bool; an empty one stays empty.
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Callback>) Callback(F&& f) {
    if constexpr (!detail::ReportCallback<std::decay_t<F>, Report>) {
      static_assert(detail::ReportCallback<std::decay_t<F>, Report>,
                    "a callback takes its report by const reference and returns nothing, or a "
                    "bool that says whether to go on");
    } else if constexpr (std::is_void_v<std::invoke_result_t<std::decay_t<F>&, const Report&>>) {
      std::function<void(const Report&)> tell(std::forward<F>(f));
      if (tell)
        ask_ = [tell = std::move(tell)](const Report& report) {
          tell(report);
          return true;
        };
    } else {
      ask_ = std::function<bool(const Report&)>(std::forward<F>(f));
    }
  }

  explicit operator bool() const { return static_cast<bool>(ask_); }

  /// Whether to go on; an empty one goes on.
  bool operator()(const Report& report) const { return !ask_ || ask_(report); }

 private:
  std::function<bool(const Report&)> ask_;
};

}  // namespace kd
