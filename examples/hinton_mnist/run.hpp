// SPDX-License-Identifier: MIT
#pragma once

#include "results.hpp"
#include "rows.hpp"
#include "trainer.hpp"

namespace hinton {

/// Trains the networks of one seed, row after row. All students of 800 units start from the same
/// weights and see the same shuffles. What a transfer set lacks is corrected by the biases that do
/// best on the training images. Throws `example::Interrupted` where a signal ends it.
SeedResults run_seed(const Trainer& trainer, const Rows& rows);

}  // namespace hinton
