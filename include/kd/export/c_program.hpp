// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kd/core/conv_shape.hpp"
#include "kd/export/c_text.hpp"
#include "kd/graph/memory_plan.hpp"

namespace kd::c_source {

/// What one layer of the C file needs to be told: where it reads and writes, as C says it.
struct Place {
  std::string layer;  ///< "layer3", the beginning of its arrays' names
  std::string x, y;
  std::string other;  ///< the second tensor of a sum
  Index in = 0;       ///< numbers of x
  Index out = 0;      ///< numbers of y
};

/// A layer as the head of the file lists it.
struct LayerRow {
  std::string text;
  Index out;
  Index constant_bytes;
  Index multiplications;
};

/// The body of a C file while it is written, layer after layer.
struct Program {
  explicit Program(const std::string& name) : rom(upper(name) + "_ROM") {}

  std::string rom;  ///< the macro that places constants
  std::string arrays;
  std::string kernels;
  std::string structures;
  std::string calls;
  std::vector<LayerRow> rows;
  bool uses_math = false;

  Index constant_bytes() const { return total(&LayerRow::constant_bytes); }
  Index multiplications() const { return total(&LayerRow::multiplications); }

  /// Begins a layer, named in a comment.
  void layer(const std::string& text, Index out) {
    rows.push_back({text, out, 0, 0});
    const std::string comment = detail::text("/* ", rows.size(), ": ", text, " */\n");
    calls += "  " + comment;
    heading_ = '\n' + comment;
  }
  void multiplies(Index times) { rows.back().multiplications += times; }

  /// Numbers of this layer.
  template <class T>
  void array(const std::string& name, const std::vector<T>& numbers) {
    arrays += heading_ + detail::text("static const ", rom, ' ', type_name<T>(), ' ', name, '[',
                                      numbers.size(), "] = ", braced(std::span(numbers)), ";\n");
    heading_.clear();
    rows.back().constant_bytes += static_cast<Index>(numbers.size() * sizeof(T));
  }

  /// A function that layers call, written once.
  void kernel(std::string_view text) {
    if (kernels.find(text) == std::string::npos) kernels += detail::text('\n', text);
  }
  /// The same, with `sqrtf`, `expf` and the like.
  void kernel_with_math(std::string_view text) {
    uses_math = true;
    kernel(text);
  }

  template <class... Parts>
  void call(const Parts&... parts) {
    calls += detail::text("  ", parts..., ";\n");
  }

  /// A constant structure of so many 32-bit numbers.
  std::string structure(const char* type, const std::string& name, Index numbers,
                        const std::string& content) {
    rows.back().constant_bytes += 4 * numbers;
    structures += detail::text("static const ", rom, ' ', type, ' ', name, " = {", content, "};\n");
    return name;
  }

  /// A window over maps, as the functions over images take it. One that sees a single element and
  /// moves by 1 goes over whole maps as if they were rows: longer loops.
  std::string window(const Place& place, const ConvShape& s) {
    kernel(window_type);
    const bool flat = s.is_pointwise();
    const Shape in{s.in.channels, flat ? 1 : s.in.height, flat ? s.in.area() : s.in.width};
    const Shape out{s.out.channels, flat ? 1 : s.out.height, flat ? s.out.area() : s.out.width};
    const auto three = [](Index a, Index b, Index c) { return detail::text(a, ", ", b, ", ", c); };
    return '&' + structure("window", place.layer + "_window", 12,
                           three(in.channels, in.height, in.width) + ", /* to */ " +
                               three(out.channels, out.height, out.width) + ", /* kernel */ " +
                               three(s.height, s.width, s.stride) + ", " +
                               detail::text(s.top, ", ", s.left, ", /* groups */ ", s.groups));
  }

 private:
  static constexpr std::string_view window_type = R"(/* A window that moves over maps. */
typedef struct {
  int32_t channels, height, width;
  int32_t out_channels, out_height, out_width;
  int32_t kernel_height, kernel_width, stride, top, left; /* it begins above and left of the map */
  int32_t groups;
} window;

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }
)";

  Index total(Index LayerRow::*what) const {
    Index sum = 0;
    for (const LayerRow& row : rows) sum += row.*what;
    return sum;
  }

  std::string heading_;
};

}  // namespace kd::c_source
