// SPDX-License-Identifier: MIT
// expect-first: a layer that is exported needs an operation_of|layer<2L?>::of_type<Doubled>
// expect: layer<2L?>
// expect: Doubled
#include <kd/distill.hpp>
#include <kd/export.hpp>

struct Doubled : kd::NoParameters {
  static constexpr bool elementwise = true;
  kd::Index cache_size(kd::Index) const { return 0; }
  template <kd::Real S, class Space>
  void forward(const kd::LayerForward<S, Space>&) const {}
  template <kd::Real S, class Space>
  void backward(const kd::LayerBackward<S, Space>&) const {}
};

void save(const kd::Network<kd::Sequential<kd::Linear<3, 2>, Doubled>>& network) {
  kd::export_c(network, "net");
}
