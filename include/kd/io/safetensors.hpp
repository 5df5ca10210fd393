// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kd/files/byte_reader.hpp"
#include "kd/files/output_file.hpp"
#include "kd/files/read_file.hpp"
#include "kd/io/number_type.hpp"

namespace kd {

/// A tensor of a safetensors file: C order, little-endian.
struct StoredTensor {
  NumberType type = NumberType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;  ///< in what it was read from

  std::uint64_t size() const { return bytes.size() / detail::bytes_of(type); }
};

/// The tensors of a safetensors file, by name, and its metadata.
///
/// Strict, as the format's own library: the header is JSON of at most 100 MB without duplicate
/// keys, and the tensors fill the bytes behind it without gaps or overlaps. Source: the format's
/// description in github.com/huggingface/safetensors.
struct Safetensors {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
};

namespace detail {

struct TypeName {
  NumberType type;
  const char* name;
};
inline constexpr TypeName safetensors_types[] = {
    {NumberType::b1, "BOOL"}, {NumberType::u8, "U8"},     {NumberType::i8, "I8"},
    {NumberType::u16, "U16"}, {NumberType::i16, "I16"},   {NumberType::u32, "U32"},
    {NumberType::i32, "I32"}, {NumberType::u64, "U64"},   {NumberType::i64, "I64"},
    {NumberType::f16, "F16"}, {NumberType::bf16, "BF16"}, {NumberType::f32, "F32"},
    {NumberType::f64, "F64"}};

inline const char* name_of(NumberType type) {
  for (const TypeName& known : safetensors_types)
    if (type == known.type) return known.name;
  return "";
}

inline constexpr std::uint64_t longest_safetensors_header = 100'000'000;
inline constexpr const char* metadata_key = "__metadata__";

/// Reads the header of a safetensors file.
class SafetensorsHeader {
 public:
  SafetensorsHeader(ByteReader& reader, Safetensors& to) : reader_(reader), to_(to) {}

  void read() {
    if (reader_.left() < 8)
      reader_.fail(text("expected a safetensors file of at least 8 bytes, got ", reader_.left()));
    const auto length = reader_.number<std::uint64_t>("the length of the header");
    if (length > longest_safetensors_header || length > reader_.left())
      reader_.fail_at(0, text("expected a header of at most ",
                              std::min(longest_safetensors_header, reader_.left()), " bytes, got ",
                              length, ": this is no safetensors file, or not all of it"));
    begin_ = reader_.offset();
    const std::string_view header = reader_.take_text(length, "the header");
    if (header.empty() || header.front() != '{')
      reader_.fail_at(begin_, "expected a header that begins with {");
    const Json json = parse(header);
    const std::uint64_t data = reader_.offset();
    const auto bytes = reader_.take(reader_.left(), "the tensors");
    std::map<std::uint64_t, const std::string*> begins;
    for (const auto& [name, entry] : json.items()) {
      if (name == metadata_key) {
        read_metadata(entry);
        continue;
      }
      const auto [first, last] = read_tensor(name, entry, bytes);
      // An empty one may lie where another begins.
      if (first < last && !begins.emplace(first, &to_.tensors.find(name)->first).second)
        fail(name, text("overlaps \"", *begins[first], '"'));
    }
    std::uint64_t end = 0;
    for (const auto& [first, name] : begins) {
      if (first != end)
        fail(*name, text("expected to begin at ", end, " of the data, got ", first));
      end += to_.tensors.at(*name).bytes.size();
    }
    if (end != bytes.size())
      reader_.fail_at(data + end,
                      text("expected the end, got ", bytes.size() - end, " more bytes"));
  }

 private:
  using Json = nlohmann::json;

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    reader_.fail_at(begin_, text("tensor \"", name, "\": ", what));
  }

  Json parse(std::string_view header) const {
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
      if (depth > 4) reader_.fail_at(begin_, "expected a flat header, got one of nested objects");
      if (event == Json::parse_event_t::object_start) keys.emplace_back();
      if (event == Json::parse_event_t::object_end) keys.pop_back();
      if (event == Json::parse_event_t::key &&
          !keys.back().insert(value.template get<std::string>()).second)
        reader_.fail_at(begin_,
                        text("the key \"", value.template get<std::string>(), "\" is there twice"));
      return true;
    };
    try {
      return Json::parse(header.begin(), header.end(), look);
    } catch (const Json::parse_error& error) {
      reader_.fail_at(begin_ + error.byte - (error.byte > 0 ? 1 : 0),
                      text("the header is no JSON: ", error.what()));
    } catch (const Json::exception& error) {  // a number beyond what a double holds
      reader_.fail_at(begin_, text("the header is not as it should be: ", error.what()));
    }
  }

  void read_metadata(const Json& entry) const {
    if (!entry.is_object()) fail(metadata_key, "expected an object of texts");
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) fail(metadata_key, text("expected a text for \"", key, '"'));
      to_.metadata[key] = value.template get<std::string>();
    }
  }

  std::uint64_t number(const std::string& name, const Json& value) const {
    if (!value.is_number_unsigned())
      fail(name, text("expected a size, got ",
                      value.dump(-1, ' ', false, Json::error_handler_t::replace)));
    return value.template get<std::uint64_t>();
  }

  std::pair<std::uint64_t, std::uint64_t> read_tensor(const std::string& name, const Json& entry,
                                                      std::span<const std::byte> data) const {
    if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") ||
        !entry.contains("shape") || !entry.contains("data_offsets"))
      fail(name, "expected dtype, shape and data_offsets, and nothing else");
    StoredTensor tensor;
    tensor.type = read_type(name, entry["dtype"]);
    if (!entry["shape"].is_array()) fail(name, "expected a list as shape");
    std::uint64_t size = bytes_of(tensor.type);
    for (const Json& extent : entry["shape"]) {
      tensor.shape.push_back(number(name, extent));
      if (!multiply(size, tensor.shape.back(), size)) fail(name, "is larger than any file");
    }
    const Json& offsets = entry["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2)
      fail(name, "expected two numbers as data_offsets");
    const std::uint64_t first = number(name, offsets[0]);
    const std::uint64_t last = number(name, offsets[1]);
    if (first > last || last > data.size())
      fail(name, text("expected offsets within the ", data.size(), " bytes of data, got ", first,
                      " to ", last));
    if (last - first != size)
      fail(name, text("expected ", size, " bytes, as its shape says, got ", last - first));
    tensor.bytes =
        data.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    to_.tensors.emplace(name, std::move(tensor));
    return {first, last};
  }

  NumberType read_type(const std::string& name, const Json& value) const {
    if (!value.is_string()) fail(name, "expected a text as dtype");
    const auto& dtype = value.template get_ref<const std::string&>();
    for (const TypeName& known : safetensors_types)
      if (dtype == known.name) return known.type;
    fail(name, text("its dtype ", dtype, " is one that kd does not read"));
  }

  ByteReader& reader_;
  Safetensors& to_;
  std::uint64_t begin_ = 0;
};

/// What a safetensors file of `content` consists of; `header` holds the first part. Throws
/// `ConfigError` when a tensor cannot be written: see `save_safetensors`.
inline std::vector<std::string_view> safetensors_parts(const Safetensors& content,
                                                       std::string& header) {
  using Named = std::pair<const std::string, StoredTensor>;
  std::vector<const Named*> order;
  for (const Named& tensor : content.tensors) order.push_back(&tensor);
  // stable_sort uses what clang 19 warns of.
  std::sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    const std::size_t left = bytes_of(a->second.type);
    const std::size_t right = bytes_of(b->second.type);
    return left != right ? left > right : a->first < b->first;
  });
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!content.metadata.empty()) json[metadata_key] = content.metadata;
  std::vector<std::string_view> parts(1);
  std::uint64_t at = 0;
  for (const Named* named : order) {
    const auto& [name, tensor] = *named;
    if (name == metadata_key)
      throw ConfigError(text("safetensors: no tensor may be called ", name));
    const std::uint64_t end = at + tensor.bytes.size();
    json[name] = {
        {"dtype", name_of(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
    parts.emplace_back(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  std::string json_text;
  try {
    json_text = json.dump();
  } catch (const nlohmann::json::exception& error) {
    throw ConfigError(text("safetensors: expected names and metadata in UTF-8: ", error.what()));
  }
  json_text.resize((json_text.size() + 7) / 8 * 8, ' ');
  for (int i = 0; i < 8; ++i)
    header += static_cast<char>(static_cast<unsigned char>(json_text.size() >> (8 * i)));
  header += json_text;
  parts[0] = header;
  return parts;
}

}  // namespace detail

/// Reads the content of a safetensors file, which the result refers to. `path` is what errors say.
/// Throws `FormatError`.
inline Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& path) {
  // The length of a header may look like another format's first bytes: 640 begins as a pickle does.
  if (bytes.size() <= 8 || bytes[8] != std::byte{'{'})
    if (const std::string other = detail::describe_foreign(bytes); !other.empty())
      throw FormatError(path, 0, "expected a safetensors file, got " + other);
  Safetensors result;
  detail::ByteReader reader(path, bytes);
  detail::SafetensorsHeader(reader, result).read();
  return result;
}

/// Writes tensors and metadata as a safetensors file, whole or not at all: wide numbers first, so
/// that each is aligned, then by name, as the format's own library does. Throws `ConfigError` when
/// a name or a text is not UTF-8, or a tensor is called `__metadata__`; `IoError` when the file
/// cannot be written.
inline void save_safetensors(const Safetensors& content, const std::string& path) {
  std::string header;
  const std::vector<std::string_view> parts = detail::safetensors_parts(content, header);
  OutputFile(path).write(parts);
}

}  // namespace kd
