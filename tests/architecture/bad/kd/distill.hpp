// SPDX-License-Identifier: MIT
#pragma once

#include "kd/core/goes_up.hpp"
#include "kd/core/includes_umbrella.hpp"
#include "kd/cpu/prints.hpp"
#include "kd/data/gzip.hpp"
#include "kd/data/loader.hpp"
#include "kd/nn/layer.hpp"
#include "kd/optim/adam.hpp"
