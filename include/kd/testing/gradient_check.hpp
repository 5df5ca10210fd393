// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "kd/core/buffer.hpp"
#include "kd/core/error.hpp"
#include "kd/core/random.hpp"
#include "kd/cpu/space.hpp"

/// Checks that a layer, a loss or a method of your own computes the gradient it should. They need
/// no test framework: each returns a `CheckReport`.
namespace kd::testing {

/// Two numbers that should agree.
struct Deviation {
  std::string what;  ///< such as "gradient of the parameters"
  Index index = 0;   ///< of the element
  double expected = 0;
  double got = 0;
  double error = 0;      ///< relative, see `CheckReport::compare`
  double tolerance = 0;  ///< the error that is allowed
};

/// What a check found: how many numbers it compared, and the two that agree worst, in the first
/// comparison that failed or, when none did, in all.
///
/// `REQUIRE(report.passed())` or `if (!report.passed()) std::cerr << report.message();`
class CheckReport {
 public:
  /// False also when nothing was compared, and when a number is NaN or infinite.
  bool passed() const { return compared_ > 0 && worst_.error <= worst_.tolerance; }
  Index compared() const { return compared_; }
  const Deviation& worst() const { return worst_; }

  /// One line: the worst deviation, with names and numbers.
  std::string message() const {
    if (compared_ == 0) return "nothing was compared";
    return kd::detail::text(compared_, " numbers compared, the worst is ", worst_.what, " [",
                            worst_.index, "]: expected ", worst_.expected, ", got ", worst_.got,
                            ", relative error ", worst_.error, ", allowed ", worst_.tolerance);
  }

  /// Compares element by element. The error is `|got - expected|` over the larger of the two,
  /// but not less than a thousandth of the largest expected number, nor than 1e-4: what is lost
  /// in rounding next to it is no mistake. A tolerance of 0 asks for equality.
  /// Throws `ShapeError` when the two differ in size.
  void compare(std::string_view what, VectorView<const double> got,
               VectorView<const double> expected, double tolerance) {
    kd::detail::check_equal("CheckReport::compare", "numbers", expected.size, got.size);
    double floor = 1e-4;
    for (Index i = 0; i < expected.size; ++i)
      if (kd::detail::is_finite(expected.data[i]))
        floor = std::max(floor, 1e-3 * std::abs(expected.data[i]));
    const bool failed_before = compared_ > 0 && !passed();
    for (Index i = 0; i < got.size; ++i, ++compared_) {
      const double a = got.data[i];
      const double b = expected.data[i];
      double error = kd::detail::positive_infinity<double>;
      if (kd::detail::is_finite(a) && kd::detail::is_finite(b))
        error = std::abs(a - b) / std::max({std::abs(a), std::abs(b), floor});
      const Deviation found{std::string(what), i, b, a, error, tolerance};
      if (compared_ == 0 || (!failed_before && share(found) > share(worst_))) worst_ = found;
    }
  }

 private:
  /// How much of its tolerance a deviation takes.
  static double share(const Deviation& d) { return d.error == 0 ? 0 : d.error / d.tolerance; }

  Deviation worst_;
  Index compared_ = 0;
};

struct GradientCheckOptions {
  double step = 1e-4;       ///< how far each number is moved to either side
  double tolerance = 1e-5;  ///< relative error allowed between gradient and central difference
  double rounding = 1e-10;  ///< relative error allowed between two ways to compute the same
};

/// Holds `gradient` against central differences of `value()`, which computes a number from `x`
/// (any function that reads `x` where it lies): `(value(x_i + h) - value(x_i - h)) / 2h` for every
/// i. `x` is as before when it returns.
///
/// `value` must be smooth within `h` of `x`: keep away from kinks, such as ReLU's at zero.
template <class Value>
void check_gradient(CheckReport& report, std::string_view what, VectorView<double> x,
                    VectorView<const double> gradient, Value&& value,
                    const GradientCheckOptions& options = {}) {
  Buffer<double> expected(x.size);
  for (Index i = 0; i < x.size; ++i) {
    const double kept = x.data[i];
    const double above = x.data[i] = kept + options.step;
    const double value_above = value();
    const double below = x.data[i] = kept - options.step;
    const double value_below = value();
    x.data[i] = kept;
    expected.view().data[i] = (value_above - value_below) / (above - below);
  }
  report.compare(what, gradient, expected.view(), options.tolerance);
}

/// Reports that what was tried would have ended the program.
inline void report_end(CheckReport& report, std::string_view what) {
  const double survived = 0;
  const double expected = 1;
  report.compare(what, {&survived, 1}, {&expected, 1}, 0);
}

/// Random numbers between 0.1 and 1.1 in size, of either sign: away from the kink at zero.
inline void fill_away_from_zero(VectorView<double> x, Rng rng) {
  for (Index i = 0; i < x.size; ++i) {
    const auto size = 0.1 + static_cast<double>(rng.uniform());
    x.data[i] = rng.below(2) == 0 ? size : -size;
  }
}

}  // namespace kd::testing
