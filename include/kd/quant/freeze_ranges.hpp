// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include "kd/nn/network.hpp"
#include "kd/quant/fake_quantize.hpp"
#include "kd/train/report.hpp"

namespace kd {

/// Stops the running ranges of a network's `FakeQuantize` layers, or with `frozen = false` lets
/// them follow again. Learned scales and ranges that are fixed are none.
template <class Architecture, Real S>
void freeze_ranges(Network<Architecture, cpu::Space, S>& network, bool frozen = true) {
  Index i = 0;
  network.architecture().for_each([&]<class L>(const L& layer) {
    ++i;
    if constexpr (std::is_same_v<L, FakeQuantize>)
      if (layer.num_statistics() > 0 && !layer.options().fixed)
        network.statistics()
            .data[network.architecture().statistics_offset(i) + FakeQuantize::frozen] =
            frozen ? S(1) : S(0);
  });
}

/// An `on_step` that stops the running ranges for the rest of a `fit` once so much of it is done:
/// weights then settle in ranges that stay. The network must outlive the `fit`. Throws
/// `ConfigError` when `after` is not in [0, 1].
///
///     kd::fit(aware, train, kd::CrossEntropy{}, kd::Adam{{.lr = 1e-4}},
///             {.epochs = 3, .on_step = kd::freeze_ranges_late(aware)});
template <class Architecture, Real S>
auto freeze_ranges_late(Network<Architecture, cpu::Space, S>& network, double after = 2. / 3) {
  if (!(after >= 0 && after <= 1))
    throw ConfigError(detail::text("freeze_ranges_late: after must be in [0, 1], got ", after));
  return [&network, after](const StepReport& report) {
    const auto steps = static_cast<double>(report.steps);
    const double done =
        static_cast<double>(report.epoch - 1) * steps + static_cast<double>(report.step);
    if (done >= after * static_cast<double>(report.epochs) * steps) freeze_ranges(network);
  };
}

}  // namespace kd
