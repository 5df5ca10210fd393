// SPDX-License-Identifier: MIT
//
// What of kd are functions and no templates: the headers define them in this one source.
#define KD_COMPILED_SOURCE
#include "kd/distill.hpp"

template <>
void kd::compiled::SuitableLibrary::must_be_linked() {}
