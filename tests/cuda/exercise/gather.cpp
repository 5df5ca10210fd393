// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/gather.cuh"

#include "exercise.hpp"

using namespace exercise;

int main() {
  for (const Index features : {1, 33, 784, 1001}) {
    const Index samples = 5, batch = 3;  // an index is below 5
    Block<std::uint8_t> bytes(features * samples);
    Block<Index> indices(batch);
    Block<Label> labels(samples), taken(batch);
    Block<> out(features * batch);
    op_gather(space, bytes.in(features, samples), indices.in(), S(1), out.out(features, batch));
    op_gather_labels(space, labels.in(), indices.in(), taken.out());
  }
  space.synchronize();
}
