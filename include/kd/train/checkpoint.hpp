// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/core/fingerprint.hpp"
#include "kd/files/byte_reader.hpp"
#include "kd/train/kept.hpp"
#include "kd/train/report.hpp"
#include "kd/train/run_identity.hpp"
#include "kd/version.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include "kd/files/output_file.hpp"
#include "kd/files/read_file.hpp"
#endif

namespace kd::detail {

/// How far a training has come.
struct RunPosition {
  Index step = 0;     ///< in all
  Index batch = 0;    ///< done of the epoch that has begun
  Index samples = 0;  ///< in those, once for each view
  double seconds = 0;
};

/// What a checkpoint says before its blocks of numbers.
struct CheckpointHead {
  RunIdentity::Entries identity = {};
  std::uint64_t first_weights = 0;  ///< a fingerprint of all that is trained, when it began
  std::uint64_t last_weights = 0;   ///< and as `fit` left it, if it ended with this
  RunPosition position = {};
  FitReport report = {};  ///< so far
};

/// The bytes of a checkpoint: a first line with kd's version, the head with its size before it, and
/// the blocks; behind the head and each block stands its fingerprint. Numbers are little-endian,
/// blocks as they are in memory.
class CheckpointWriter {
 public:
  static constexpr std::string_view magic = "kd checkpoint ";

  CheckpointWriter(const CheckpointHead& head, const Kept& kept);
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  /// To be written one behind the other; they refer to the memory of what was kept.
  std::span<const std::string_view> parts() const { return parts_; }

 private:
  static std::string as_bytes(std::uint64_t value);
  void number(std::uint64_t value) { head_ += as_bytes(value); }
  void number(double value) { number(std::bit_cast<std::uint64_t>(value)); }
  void string(std::string_view value);

  void report(const FitReport& report);

  void add(const Kept::Block& block);
  void add(std::string_view part);

  std::string begin_;
  std::string head_;
  std::string fingerprints_;
  std::vector<std::vector<std::byte>> downloads_;
  std::vector<std::string_view> parts_;
};

/// Reads what `CheckpointWriter` wrote, from bytes that may be anything, which must outlive it.
/// Throws `FormatError` where they are no checkpoint or a damaged one, `ConfigError` where another
/// kd wrote it.
class CheckpointReader {
 public:
  CheckpointReader(const std::string& path, std::span<const std::byte> bytes);

  const CheckpointHead& head() const { return head_; }

  /// Puts everything back; where blocks have other names or sizes than those that are `kept`,
  /// nothing, and throws `ConfigError`.
  void restore(const Kept& kept) const;

 private:
  struct Block {
    std::string name;
    std::uint64_t bytes;
    std::span<const std::byte> content;
  };

  void read_first_line(ByteReader& file) const;

  /// Bytes with their fingerprint behind them.
  std::span<const std::byte> take(ByteReader& file, std::uint64_t count, const char* what) const;

  void read_head(ByteReader in);

  std::string path_;
  CheckpointHead head_;
  std::vector<Block> blocks_;
};

#if KD_DEFINES

KD_INLINE CheckpointWriter::CheckpointWriter(const CheckpointHead& head, const Kept& kept) {
  number(std::uint64_t{std::endian::native == std::endian::little});
  number(head.identity.size());
  for (const auto& [name, value] : head.identity) string(name), string(value);
  number(head.first_weights);
  number(head.last_weights);
  for (const Index value : {head.position.step, head.position.batch, head.position.samples})
    number(static_cast<std::uint64_t>(value));
  number(head.position.seconds);
  report(head.report);
  number(kept.blocks().size());
  for (const Kept::Block& block : kept.blocks()) string(block.name), number(block.bytes);
  begin_ = text(magic, KD_VERSION "\n", as_bytes(head_.size()));
  fingerprints_.reserve(8 * (kept.blocks().size() + 1));  // parts refer to it
  parts_.push_back(begin_);
  add(head_);
  for (const Kept::Block& block : kept.blocks()) add(block);
}

KD_INLINE std::string CheckpointWriter::as_bytes(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

KD_INLINE void CheckpointWriter::string(std::string_view value) {
  number(value.size());
  head_ += value;
}

KD_INLINE void CheckpointWriter::report(const FitReport& report) {
  number(report.epochs.size());
  for (const EpochReport& epoch : report.epochs) {
    number(static_cast<std::uint64_t>(epoch.epoch));
    number(static_cast<std::uint64_t>(epoch.epochs));
    for (const double value : {epoch.loss, epoch.lr, epoch.seconds}) number(value);
    number(epoch.terms.size());
    for (const LossTerm& term : epoch.terms)
      string(term.name), number(term.value), number(term.weight);
    number(std::uint64_t{epoch.validation.has_value()});
    const Validation validation = epoch.validation.value_or(Validation{});
    for (const double value : {validation.loss, validation.accuracy}) number(value);
  }
  number(report.best_index ? *report.best_index + 1 : 0);
}

KD_INLINE void CheckpointWriter::add(const Kept::Block& block) {
  const std::byte* from = block.host;
  if (from == nullptr && block.bytes > 0) {
    downloads_.emplace_back(block.bytes);
    block.download(downloads_.back().data());
    from = downloads_.back().data();
  }
  add(std::string_view(reinterpret_cast<const char*>(from), block.bytes));
}

KD_INLINE void CheckpointWriter::add(std::string_view part) {
  const std::size_t before = fingerprints_.size();
  fingerprints_ += as_bytes(Fingerprint::of(part.data(), part.size()));
  parts_.push_back(part);
  parts_.push_back(std::string_view(fingerprints_).substr(before));
}

KD_INLINE CheckpointReader::CheckpointReader(const std::string& path,
                                             std::span<const std::byte> bytes)
    : path_(path) {
  ByteReader file(path, bytes);
  read_first_line(file);
  const auto size = file.number<std::uint64_t>("the size of the head");
  read_head(ByteReader(path, take(file, size, "the head")));
  for (Block& block : blocks_) block.content = take(file, block.bytes, block.name.c_str());
  file.expect_end();
}

KD_INLINE void CheckpointReader::restore(const Kept& kept) const {
  const auto fail = [&](const std::string& expected, const std::string& got) {
    throw ConfigError(text(path_, ": expected ", expected, ", got ", got));
  };
  const auto in_words = [](const auto& block) {
    return text(block.name, " of ", block.bytes, " bytes");
  };
  for (std::size_t k = 0; k < kept.blocks().size() && k < blocks_.size(); ++k)
    if (kept.blocks()[k].name != blocks_[k].name || kept.blocks()[k].bytes != blocks_[k].bytes)
      fail(in_words(kept.blocks()[k]), in_words(blocks_[k]));
  if (kept.blocks().size() != blocks_.size())
    fail(text(kept.blocks().size(), " blocks"), text(blocks_.size()));
  for (std::size_t k = 0; k < blocks_.size(); ++k) {
    const Kept::Block& target = kept.blocks()[k];
    const std::span<const std::byte> content = blocks_[k].content;
    if (content.empty()) continue;
    if (target.host != nullptr)
      std::memcpy(target.host, content.data(), content.size());
    else
      target.upload(content.data());
  }
}

KD_INLINE void CheckpointReader::read_first_line(ByteReader& file) const {
  constexpr std::string_view magic = CheckpointWriter::magic;
  if (file.left() < magic.size() || file.take_text(magic.size(), "a checkpoint") != magic)
    file.fail_at(0, "expected a checkpoint of kd, got something else");
  std::string version;
  for (char next = 0; version.size() < 20 && next != '\n'; version += next)
    next = file.take_text(1, "the version of kd")[0];
  if (version == KD_VERSION "\n") return;
  if (!version.ends_with('\n')) file.fail_at(magic.size(), "expected a version of kd");
  version.pop_back();
  throw ConfigError(text(path_, ": kd ", version, " wrote this checkpoint, this is kd ", KD_VERSION,
                         ": finish the training with that one, or begin anew"));
}

KD_INLINE std::span<const std::byte> CheckpointReader::take(ByteReader& file, std::uint64_t count,
                                                            const char* what) const {
  const std::uint64_t begin = file.offset();
  const auto part = file.take(count, what);
  if (file.number<std::uint64_t>("a fingerprint") != Fingerprint::of(part.data(), part.size()))
    throw FormatError(path_, begin,
                      text("expected ", what,
                           " as it was written, got other bytes: "
                           "the checkpoint is damaged"));
  return part;
}

KD_INLINE void CheckpointReader::read_head(ByteReader in) {
  const auto number = [&](const char* what) { return in.number<std::uint64_t>(what); };
  const auto real = [&](const char* what) { return std::bit_cast<double>(number(what)); };
  const auto string = [&](const char* what) {
    return std::string(in.take_text(number(what), what));
  };
  const auto count = [&](const char* what, std::uint64_t bytes_each) {
    const std::uint64_t value = number(what);
    if (value > in.left() / bytes_each)
      in.fail(text("expected ", value, ' ', what, ", got ", in.left(), " bytes to the end"));
    return value;
  };
  if (number("the order of bytes") != std::uint64_t{std::endian::native == std::endian::little})
    throw ConfigError(path_ + ": a processor with another order of bytes wrote this checkpoint");
  for (std::uint64_t left = count("entries", 16); left > 0; --left) {
    std::string name = string("a name");
    head_.identity.emplace_back(std::move(name), string("a value"));
  }
  head_.first_weights = number("a fingerprint");
  head_.last_weights = number("a fingerprint");
  for (Index* value : {&head_.position.step, &head_.position.batch, &head_.position.samples})
    *value = static_cast<Index>(number("a position"));
  head_.position.seconds = real("a position");
  for (std::uint64_t left = count("epochs", 72); left > 0; --left) {
    EpochReport epoch;
    epoch.epoch = static_cast<Index>(number("an epoch"));
    epoch.epochs = static_cast<Index>(number("epochs"));
    for (double* value : {&epoch.loss, &epoch.lr, &epoch.seconds}) *value = real("a report");
    for (std::uint64_t terms = count("losses", 24); terms > 0; --terms) {
      LossTerm term{string("the name of a loss")};
      term.value = real("a loss");
      term.weight = real("a weight");
      epoch.terms.push_back(std::move(term));
    }
    const bool validated = number("a report") != 0;
    Validation validation;
    for (double* value : {&validation.loss, &validation.accuracy}) *value = real("a validation");
    if (validated) epoch.validation = validation;
    head_.report.epochs.push_back(std::move(epoch));
  }
  const std::uint64_t best = number("the best epoch");
  if (best > head_.report.epochs.size())
    in.fail(text("expected the best of ", head_.report.epochs.size(), " epochs, got ", best));
  if (best > 0) head_.report.best_index = static_cast<std::size_t>(best - 1);
  for (std::uint64_t left = count("blocks", 16); left > 0; --left) {
    std::string name = string("a name");
    blocks_.push_back({std::move(name), number("the size of a block"), {}});
  }
  in.expect_end();
}

#endif

}  // namespace kd::detail
