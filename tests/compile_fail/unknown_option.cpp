// SPDX-License-Identifier: MIT
// expect-first: no matching (function for call to .*Adam|constructor for initialization of .*Adam)
// expect: (template parameter|template argument) .option_of_that_name.
#include <kd/distill.hpp>

const kd::Adam adam{{.learning_rate = 1e-3}};
