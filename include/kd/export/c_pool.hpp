// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "kd/core/error.hpp"

namespace kd::c_source {

/// A function in C over every window of every channel, whose type of numbers is `type`; `body` is
/// told the part of a window that lies within the map, and writes `*y++`.
inline std::string over_windows(std::string_view comment, std::string_view name,
                                std::string_view type, std::string_view parameters,
                                std::string_view body) {
  return detail::text("/* ", comment, " */\nstatic void ", name, "(const window *s, const ", type,
                      " *x, ", type, " *y", parameters, R"() {
  for (int32_t c = 0; c < s->channels; ++c, x += s->height * s->width) {
    for (int32_t row = 0; row < s->out_height; ++row) {
      for (int32_t column = 0; column < s->out_width; ++column) {
        const int32_t top = most(0, row * s->stride - s->top);
        const int32_t bottom = least(s->height, row * s->stride - s->top + s->kernel_height);
        const int32_t left = most(0, column * s->stride - s->left);
        const int32_t right = least(s->width, column * s->stride - s->left + s->kernel_width);
)",
                      body, R"(      }
    }
  }
}
)");
}

inline std::string max_pool(std::string_view type) {
  return over_windows("the largest element of every window; the border does not count", "max_pool",
                      type, "",
                      detail::text("        ", type, R"( largest = x[top * s->width + left];
        for (int32_t r = top; r < bottom; ++r)
          for (int32_t i = left; i < right; ++i)
            if (x[r * s->width + i] > largest) largest = x[r * s->width + i];
        *y++ = largest;
)"));
}

}  // namespace kd::c_source
