// SPDX-License-Identifier: MIT
#include "kd/cuda/ops/contrast.cuh"

#include "exercise.hpp"
#include "kd/cuda/ops/make_unit.cuh"

using namespace exercise;

int main() {
  const Index samples = 5;  // an index is below 5
  for (const int threads : {128, 256})
    for (const Index width : {1, 33, 40, 300})
      for (const Index negatives : {1, 63, 64, 130}) {
        const Index batch = 3;
        Block<> anchors(width * batch), bank(width * samples), normaliser(1),
            danchors(width * batch), values(batch);
        Block<Index> own(batch);
        Block<Label> labels(batch);
        Block<std::int32_t> order(samples), drawn(negatives * batch);
        kd::Buffer<std::int32_t, Space> begins(samples + 1, space);
        if (threads == 128) {
          // First of all, as newer ThreadSanitizers remember no more than 255 threads.
          using namespace kd::cuda::detail;
          const Pairs<S> pairs{anchors.out().data,
                               bank.out().data,
                               own.out().data,
                               drawn.out().data,
                               width,
                               negatives,
                               samples,
                               S(1)};
          launch(space, "contrast", batch, 128, contrast<128, S>, pairs, normaliser.out().data,
                 S(1), danchors.out().data, values.out().data);
          space.synchronize();
          continue;
        }
        op_draw_other_classes(space, kd::Rng(1), own.in(), labels.in(), order.in(),
                              kd::VectorView<const std::int32_t, Space>(begins.view()),
                              drawn.out(negatives, batch));
        const auto others = drawn.in(negatives, batch);
        op_make_unit(space, anchors.out(width, batch), values.out());
        op_contrast_normaliser(space, anchors.in(width, batch), bank.in(width, samples), own.in(),
                               others, S(1), normaliser.out());
        op_contrast(space, anchors.in(width, batch), bank.in(width, samples), own.in(), others,
                    normaliser.in(), S(1), S(1), danchors.out(width, batch), values.out());
      }
  space.synchronize();
}
