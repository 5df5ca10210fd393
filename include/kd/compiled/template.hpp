// SPDX-License-Identifier: MIT
#pragma once

/// What stands in front of a template that the library of kd::compiled holds: its own sources make
/// it, all others find it there.
#ifdef KD_COMPILED_TEMPLATES
#define KD_TEMPLATE template
#else
#define KD_TEMPLATE extern template
#endif
