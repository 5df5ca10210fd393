// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/each_option.hpp"
#include "kd/core/fingerprint.hpp"
#include "kd/data/dataset.hpp"
#include "kd/nn/describe.hpp"
#include "kd/optim/schedule.hpp"

namespace kd::detail {

/// What a loss or method calls itself; one that does not, by its first term.
template <class Described>
std::string name_of(const Described& described) {
  if constexpr (requires { described.name; })
    return described.name;
  else if constexpr (requires { described.terms.front(); })
    return text('"', described.terms.front(), '"');
  else
    return "one without a name";
}

/// What decides how a training goes, as names and values in words, so that another one is told
/// from it and the message says what differs. A function of the progress counts as what it gives at
/// up to 64 steps, an augmentation by a function or a function teacher only as being there.
class RunIdentity {
 public:
  using Entries = std::vector<std::pair<std::string, std::string>>;

  /// `begin`: the first step of the training, with the total of all.
  explicit RunIdentity(const Progress& begin) : begin_(begin) {}

  template <class Value>
  void add(const std::string& name, const Value& value) {
    entries_.emplace_back(name, in_words(value));
  }

  /// What has options, or says what it consists of by `for_each_option`.
  template <class Described>
  void add_options(const std::string& owner, const Described& described) {
    for_each_option(described, [&](const std::string& name, const auto& value) {
      add(text(owner, ": ", name), value);
    });
  }

  void add_data(const std::string& name, const Dataset& data);

  template <class N>
  void add_network(const std::string& name, const N& network) {
    add(name, text(describe(network.architecture()), " in ", scalar_name<typename N::Scalar>));
  }

  const Entries& entries() const { return entries_; }

  /// What is another in `saved`; nothing where it is the same.
  std::string differences(const Entries& saved) const;

 private:
  static std::string samples_of(const Dataset& data);

  template <class Value>
  std::string in_words(const Value& value) const {
    if constexpr (std::is_same_v<Value, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::is_enum_v<Value>) {
      return text(static_cast<std::underlying_type_t<Value>>(value));
    } else if constexpr (requires { value.at(begin_); }) {
      return sampled([&](const Progress& at) { return value.at(at); });
    } else if constexpr (requires { value(begin_); }) {
      return value ? sampled(value) : "none";
    } else {
      return text(value);
    }
  }

  template <class F>
  std::string sampled(const F& function) const {
    constexpr Index points = 64;
    const Index steps = begin_.total_steps - begin_.step;
    std::vector<double> values;
    for (Index i = 0; i < std::min(points, steps); ++i) {
      Progress at = begin_;
      at.step += steps <= points ? i : i * ((steps - 1) / (points - 1));
      values.push_back(function(at));
    }
    if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values.front(); }))
      return text(values.front());
    return "a function with fingerprint " +
           hexadecimal(Fingerprint::of(values.data(), values.size() * sizeof(double)));
  }

  Progress begin_;
  Entries entries_;
};

#if KD_DEFINES

KD_INLINE void RunIdentity::add_data(const std::string& name, const Dataset& data) {
  const DatasetIdentity whole = data.identity();
  add(name,
      text(samples_of(data), " of ", whole.samples, " with ", whole.features,
           " features, fingerprints ", hexadecimal(whole.inputs), ' ', hexadecimal(whole.labels),
           ' ', hexadecimal(whole.targets), ' ', hexadecimal(whole.weights)));
}

KD_INLINE std::string RunIdentity::differences(const Entries& saved) const {
  std::string all;
  const auto say = [&](const std::string& what) { all += (all.empty() ? "" : "; ") + what; };
  const std::size_t both = std::min(saved.size(), entries_.size());
  for (std::size_t i = 0; i < both; ++i) {
    const auto& [name, value] = entries_[i];
    const auto& [saved_name, saved_value] = saved[i];
    if (name != saved_name) return text(all, all.empty() ? "" : "; ", saved_name, ", here ", name);
    if (value != saved_value) say(text(name, " was ", saved_value, ", is ", value));
  }
  for (std::size_t i = both; i < saved.size(); ++i) say(saved[i].first + " is missing here");
  for (std::size_t i = both; i < entries_.size(); ++i) say(entries_[i].first + " is new here");
  return all;
}

KD_INLINE std::string RunIdentity::samples_of(const Dataset& data) {
  if (!data.is_subset())
    return text("samples ", data.first(), " to ", data.first() + data.size() - 1);
  std::vector<Index> places(static_cast<std::size_t>(data.size()));
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = data.place(static_cast<Index>(i));
  return text(places.size(), " samples at places with fingerprint ",
              hexadecimal(Fingerprint::of(places.data(), places.size() * sizeof(Index))));
}

#endif

}  // namespace kd::detail
