// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/relational.cuh"

#include "exercise.hpp"
#include "kd/cuda/ops/pair_distances.cuh"

using namespace exercise;

int main() {
  for (const Index batch : {2, 33}) {
    const Index features = 7, pairs = batch * batch;
    Block<> f(features * batch), df(features * batch), d(2 * pairs), pull(pairs), room(pairs),
        values(batch);
    op_pair_distances(space, f.in(features, batch), d.out(batch, 2 * batch));
    op_relational_distance(space, d.in(batch, 2 * batch), d.in(batch, 2 * batch), S(1),
                           pull.out(batch, batch), room.out(batch, batch), values.out());
    op_relational_angle(space, f.in(features, batch), d.in(batch, 2 * batch), f.in(features, batch),
                        d.in(batch, 2 * batch), S(1), pull.out(batch, batch),
                        room.out(batch, batch), values.out());
    op_add_pulls(space, f.in(features, batch), pull.in(batch, batch), df.out(features, batch));
  }
  space.synchronize();
}
