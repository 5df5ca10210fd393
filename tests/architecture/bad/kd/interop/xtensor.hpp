// SPDX-License-Identifier: MIT
#pragma once

#include <xtensor/xarray.hpp>
