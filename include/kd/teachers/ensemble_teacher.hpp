// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/core/model_fits.hpp"
#include "kd/core/named_options.hpp"
#include "kd/cpu/ops/ensemble.hpp"
#include "kd/teachers/fingerprint.hpp"
#include "kd/teachers/logits_room.hpp"
#include "kd/teachers/refers_to.hpp"
#include "kd/teachers/teacher.hpp"

namespace kd {

namespace detail {

template <class T>
concept RefersToTeacher = Teacher<std::remove_cvref_t<T>>;

}  // namespace detail

/// An ensemble that gives the mean of its members' logits: at any temperature the geometric mean of
/// their probabilities, brought back to a sum of 1.
struct MeanOfLogits {};

/// An ensemble that gives the mean of its members' probabilities at a temperature, which has to be
/// the one at which the student learns (and 1 to evaluate it): `T log(1/K sum_k softmax(v_k/T))`.
struct MeanOfProbabilities {
  double temperature = 1;
};

/// Several teachers as one: `EnsembleTeacher teacher(MeanOfProbabilities{.temperature = 4}, a, b)`,
/// or a vector of them. The two means differ, so the caller says which.
///
/// A mean of probabilities keeps every member's opinion, a mean of logits lets the members overrule
/// each other. Members are not copied and must outlive the ensemble; they may be of different
/// types. Source: Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015,
/// section 2 (arithmetic or geometric mean).
template <class Mean, Real ScalarT, class SpaceT, Index Classes>
class EnsembleTeacher {
  static_assert(std::same_as<Mean, MeanOfLogits> || std::same_as<Mean, MeanOfProbabilities>,
                "an EnsembleTeacher takes MeanOfLogits{} or MeanOfProbabilities{} first");

 public:
  using Scalar = ScalarT;
  using Space = SpaceT;
  static constexpr Index static_classes = Classes;

 private:
  using Logits = MatrixView<const Scalar, Space>;
  /// A member with its room.
  struct Voice {
    std::function<Logits(const Batch<Scalar, Space>&)> logits;
    std::function<void(std::uint64_t batches)> go_on_at;
  };
  struct Member {
    std::function<Voice(Index capacity)> make_voice;
    std::function<void(const Dataset&, bool augmented)> check_data;
    std::function<bool(const void* network)> refers_to;
    std::function<std::optional<std::uint64_t>()> fingerprint;
  };
  using Members = std::shared_ptr<const std::vector<Member>>;

 public:
  /// The rooms of all members, and the logits of the current batch; it can be moved, not copied.
  class Workspace {
   public:
    Workspace(Workspace&&) = default;
    Workspace& operator=(Workspace&&) = default;

    void go_on_at(std::uint64_t batches) {
      for (const Voice& voice : voices) voice.go_on_at(batches);
    }

   private:
    friend EnsembleTeacher;
    Workspace(Members of, LogitsRoom<Scalar, Space> room)
        : members(std::move(of)), logits(std::move(room)) {}

    Members members;
    std::vector<Voice> voices;
    LogitsRoom<Scalar, Space> logits;
  };

  /// Throws `ShapeError` when members differ in their number of classes or features, `ConfigError`
  /// when the temperature is not positive.
  template <detail::RefersToTeacher First, detail::RefersToTeacher... Rest>
  EnsembleTeacher(Mean mean, First&& first, Rest&&... rest)
      : EnsembleTeacher(mean, first.space(), first.num_classes()) {
    static_assert(
        std::is_lvalue_reference_v<First> && (std::is_lvalue_reference_v<Rest> && ...),
        "the members of an EnsembleTeacher are not copied: a temporary would be gone before use");
    std::vector<Member> members;
    add(members, first);
    (add(members, rest), ...);
    members_ = std::make_shared<const std::vector<Member>>(std::move(members));
  }
  /// As above; throws `ConfigError` when there are none.
  template <Teacher T>
  EnsembleTeacher(Mean mean, const std::vector<T>& members)
      : EnsembleTeacher(mean, first_of(members).space(), first_of(members).num_classes()) {
    std::vector<Member> all;
    for (const T& member : members) add(all, member);
    members_ = std::make_shared<const std::vector<Member>>(std::move(all));
  }
  template <Teacher T>
  EnsembleTeacher(Mean mean, const std::vector<T>&& members) : EnsembleTeacher(mean, members) {
    static_assert(
        detail::never<T>,
        "the members of an EnsembleTeacher are not copied: a temporary would be gone before use");
  }

  const Space& space() const { return space_; }
  Index num_classes() const { return classes_; }
  Index size() const { return static_cast<Index>(members_->size()); }
  bool refers_to(const void* network) const {
    for (const Member& member : *members_)
      if (member.refers_to(network)) return true;
    return false;
  }

  /// That of all members; nothing where one has none.
  std::optional<std::uint64_t> fingerprint() const {
    std::uint64_t all = 0;
    for (const Member& member : *members_) {
      const std::optional<std::uint64_t> one = member.fingerprint();
      if (!one) return one;
      all = detail::Fingerprint::of(&*one, sizeof *one, all);
    }
    if constexpr (std::same_as<Mean, MeanOfProbabilities>)
      all = detail::Fingerprint::of(&mean_.temperature, sizeof mean_.temperature, all);
    return all;
  }

  Workspace make_workspace(Index capacity) const {
    Workspace room(members_, {classes_, capacity, space_});
    for (const Member& member : *members_) room.voices.push_back(member.make_voice(capacity));
    return room;
  }

  Logits logits(const Batch<Scalar, Space>& batch, Workspace& room) const {
    if (room.members != members_)
      throw ConfigError("EnsembleTeacher: the workspace was made by another ensemble");
    const auto out = room.logits.of("EnsembleTeacher", classes_, batch.size());
    Write write = Write::overwrite;
    for (const Voice& voice : room.voices) {
      if constexpr (std::same_as<Mean, MeanOfLogits>) {
        op_scale(space_, voice.logits(batch).flat(), Scalar(1) / static_cast<Scalar>(size()),
                 out.flat(), write);
      } else {
        op_add_probabilities(space_, voice.logits(batch), static_cast<Scalar>(mean_.temperature),
                             out, write);
      }
      write = Write::add;
    }
    if constexpr (std::same_as<Mean, MeanOfProbabilities>)
      op_logits_of_mean(space_, out.flat(), size(), static_cast<Scalar>(mean_.temperature));
    return out;
  }

  /// Throws what a member throws that cannot teach these samples.
  void check_data(const Dataset& data, bool augmented) const {
    for (const Member& member : *members_) member.check_data(data, augmented);
  }

 private:
  EnsembleTeacher(Mean mean, const Space& space, Index classes)
      : mean_(mean), space_(space), classes_(classes) {
    if constexpr (std::same_as<Mean, MeanOfProbabilities>)
      detail::check_temperature("MeanOfProbabilities: temperature", mean.temperature);
  }

  template <class T>
  static const T& first_of(const std::vector<T>& members) {
    if (members.empty()) throw ConfigError("EnsembleTeacher: expected at least one teacher, got 0");
    return members.front();
  }

  template <class T>
  void add(std::vector<Member>& members, const T& teacher) {
    static_assert(
        std::same_as<typename T::Scalar, Scalar> && std::same_as<typename T::Space, Space>,
        "all members must compute in the same scalar and the same memory space");
    detail::check_equal("EnsembleTeacher", "classes of every teacher, as the first has", classes_,
                        teacher.num_classes());
    if constexpr (requires { teacher.in_features(); }) {
      if (features_ == dynamic) features_ = teacher.in_features();
      detail::check_equal("EnsembleTeacher", "input features of every teacher, as the first takes",
                          features_, teacher.in_features());
    }
    members.push_back(
        {[&teacher](Index capacity) -> Voice {
           using Room = typename T::Workspace;
           const auto room = std::make_shared<Room>(teacher.make_workspace(capacity));
           return {[&teacher, room](const auto& batch) { return teacher.logits(batch, *room); },
                   [room](std::uint64_t batches) {
                     if constexpr (requires { room->go_on_at(batches); }) room->go_on_at(batches);
                   }};
         },
         [&teacher](const Dataset& data, bool augmented) {
           detail::check_model_fits("EnsembleTeacher, member", teacher, data, augmented);
         },
         [&teacher](const void* network) { return detail::refers_to(teacher, network); },
         [&teacher] { return detail::fingerprint_of_teacher(teacher); }});
  }

  Mean mean_;
  Space space_;
  Index classes_;
  Index features_ = dynamic;  ///< as far as a member says
  Members members_;
};

template <class Mean, Teacher First, Teacher... Rest>
EnsembleTeacher(Mean, const First&, const Rest&...)
    -> EnsembleTeacher<Mean, typename First::Scalar, typename First::Space, First::static_classes>;
template <class Mean, Teacher T>
EnsembleTeacher(Mean, const std::vector<T>&)
    -> EnsembleTeacher<Mean, typename T::Scalar, typename T::Space, T::static_classes>;

}  // namespace kd
