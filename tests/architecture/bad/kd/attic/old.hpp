// SPDX-License-Identifier: MIT
#pragma once

// No room of kd has this name.
