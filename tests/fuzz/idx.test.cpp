// SPDX-License-Identifier: MIT
#include "kd/data/idx.hpp"

#include "fuzz/memory_files.hpp"
#include "fuzz/target.hpp"

KD_FUZZ_TARGET(idx) { kd::fuzz::check_idx(kd::fuzz::PlainMemory{bytes}); }
