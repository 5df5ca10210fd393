// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/error.hpp"
#include "kd/core/view.hpp"
#include "kd/cpu/space.hpp"

namespace kd {

/// Where all that steps change lies, block by block with names: what a checkpoint writes, and what
/// it puts back. It refers to the memory, and says nothing of what is in it.
class Kept {
 public:
  struct Block {
    std::string name;
    std::size_t bytes = 0;
    std::byte* host = nullptr;  ///< where it is, if the host can reach it
    std::function<void(std::byte*)> download = {};
    std::function<void(const std::byte*)> upload = {};
  };

  template <class T, class Space>
  void add(const std::string& name, VectorView<T, Space> numbers, const Space& space) {
    static_assert(!std::is_const_v<T> && std::is_trivially_copyable_v<T>);
    Block block{prefix_ + name, static_cast<std::size_t>(numbers.size) * sizeof(T)};
    if constexpr (std::same_as<Space, cpu::Space>) {
      block.host = reinterpret_cast<std::byte*>(numbers.data);
    } else {
      const auto size = numbers.size;
      block.download = [=](std::byte* to) {
        std::vector<T> room(static_cast<std::size_t>(size));
        op_download(space, VectorView<const T, Space>(numbers), VectorView<T>(room.data(), size));
        std::memcpy(to, room.data(), room.size() * sizeof(T));
      };
      block.upload = [=](const std::byte* from) {
        std::vector<T> room(static_cast<std::size_t>(size));
        std::memcpy(room.data(), from, room.size() * sizeof(T));
        op_upload(space, VectorView<const T>(room.data(), size), numbers);
      };
    }
    blocks_.push_back(std::move(block));
  }

  /// A single number of the host.
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void add(const std::string& name, Number& number) {
    blocks_.push_back({prefix_ + name, sizeof number, reinterpret_cast<std::byte*>(&number)});
  }

  /// What the names of those added from now on begin with.
  void begin(std::string prefix) { prefix_ = std::move(prefix); }

  const std::vector<Block>& blocks() const { return blocks_; }

 private:
  std::string prefix_;
  std::vector<Block> blocks_;
};

}  // namespace kd
