// SPDX-License-Identifier: MIT
#include "kd/io/safetensors.hpp"

#include "fuzz/target.hpp"
#include "kd/distill.hpp"
#include "kd/io/load.hpp"

using namespace kd;

namespace {

void check_same(const Safetensors& a, const Safetensors& b) {
  fuzz::expect(a.metadata == b.metadata, "metadata that are written and read are others");
  fuzz::expect(a.tensors.size() == b.tensors.size(), "there are more tensors, or fewer");
  for (auto i = a.tensors.begin(), j = b.tensors.begin(); i != a.tensors.end(); ++i, ++j) {
    const StoredTensor& x = i->second;
    const StoredTensor& y = j->second;
    fuzz::expect(i->first == j->first && x.type == y.type && x.shape == y.shape,
                 "a tensor that is written and read is another");
    fuzz::expect(std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end()),
                 "a tensor that is written and read has other numbers");
  }
}

}  // namespace

KD_FUZZ_TARGET(safetensors) {
  const Safetensors content = parse_safetensors(bytes, fuzz::file);
  for (const auto& [name, tensor] : content.tensors) {
    std::uint64_t size = detail::bytes_of(tensor.type);
    for (const std::uint64_t extent : tensor.shape) size *= extent;
    fuzz::expect(size == tensor.bytes.size(), "a tensor has not the bytes of its shape");
  }

  std::string header;
  std::string written;
  fuzz::read_again([&] {
    for (const std::string_view part : detail::safetensors_parts(content, header)) written += part;
  });
  check_same(content, fuzz::read_again([&] {
               return parse_safetensors(std::as_bytes(std::span(written)), fuzz::file);
             }));

  Network<Sequential<Linear<4, 3>, ReLU, Dropout, Linear<3, 2>>> network(Rng(0));
  const Vector<float> before = map(network.params());
  const auto refused = [&] {
    fuzz::expect(before == map(network.params()), "what was refused changed the network");
  };
  try {
    load(network, content, fuzz::file);
    fuzz::expect(map(network.params()).allFinite(), "a weight that was loaded is not finite");
  } catch (const ShapeError&) {
    refused();
  } catch (const DataError&) {
    refused();
  }
}
