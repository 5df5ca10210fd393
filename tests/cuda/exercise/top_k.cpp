// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/top_k.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index classes : {5, 33, 1500})
    for (const Index k : {1, 5}) {
      Block<> v(classes * 5), z(classes * 5), logits(k * 5), tail(5), dz(classes * 5), values(5);
      Block<Label> kept(k * 5);
      Block<Index> indices(5);  // 0 to 4
      const kd::TopKTable<S, Space> table{kept.out(k, 5), logits.out(k, 5), tail.out()};
      const kd::TopKTable<const S, Space> known{kept.in(k, 5), logits.in(k, 5), tail.in()};
      op_top_k(space, v.in(classes, 5), S(2), table);
      op_fill_logits(space, known, indices.in(), z.out(classes, 5));
      op_top_k_divergence(space, z.in(classes, 5), known, indices.in(), S(2),
                          kd::MissingMass::tail_bucket, S(1), dz.out(classes, 5), values.out());
    }
  space.synchronize();
}
