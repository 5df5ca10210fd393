// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/softmax_gap.cuh"

namespace kd::cuda {

namespace detail {

/// A temperature that is a parameter of the device: `T = lowest + range sigmoid(theta)`.
template <Real S>
struct LearnedTemperature {
  const S* theta;
  S lowest, range;

  __device__ __forceinline__ S sigmoid() const { return S(1) / (S(1) + std::exp(-*theta)); }
  __device__ __forceinline__ S value() const { return lowest + range * sigmoid(); }
};

template <Real S>
struct LearnedTemperatureKernel {
  const S* student;
  const S* teacher;
  LearnedTemperature<S> learned;
  Index classes;
  S scale;
  S* dlogits;
  S* values;
  S* slopes;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const S temperature = learned.value();
    const auto gap = SoftmaxGap<S>::template of<Team, Width>(student + first, teacher + first,
                                                             classes, S(1) / temperature);
    S v_mean = 0;  // of the teacher's logits less their largest
    gap.template for_each<Team, Width>(
        classes, -1, [&](Index c, S, S p, S) { v_mean += p * (teacher[first + c] - gap.v_max); });
    v_mean = Team::reduce(v_mean, Sum{});
    S slope = 0;
    gap.template for_each<Team, Width>(classes, -1, [&](Index c, S q, S p, S d) {
      slope -= CloseTerms<S>(p, q, d).change * (student[first + c] - gap.z_max) +
               p * ((teacher[first + c] - gap.v_max) - v_mean) * d;
    });
    slope = Team::reduce(slope, Sum{});
    if (Team::rank() == 0) {
      values[sample] = temperature * temperature * gap.kl;
      slopes[sample] = S(2) * temperature * gap.kl + slope;
    }
    if (dlogits == nullptr) return;
    const S factor = scale * temperature;
    gap.template add_gradient<Team, Width>(classes, dlogits + first, [&](S q, S p, S d) {
      return factor * CloseTerms<S>(p, q, d).change;
    });
  }
};

inline constexpr int theta_threads = 256;

/// `dtheta += theta_scale range s (1 - s) sum(slopes)`, by one block.
template <Real S>
__global__ void __launch_bounds__(theta_threads)
    add_theta_gradient(Index batch, const S* slopes, LearnedTemperature<S> learned, S theta_scale,
                       S* dtheta) {
  S sum = 0;
  for (Index sample = threadIdx.x; sample < batch; sample += theta_threads) sum += slopes[sample];
  sum = block_reduce<theta_threads>(sum, Sum{});
  if (threadIdx.x != 0) return;
  const S s = learned.sigmoid();
  *dtheta += theta_scale * learned.range * s * (S(1) - s) * sum;
}

}  // namespace detail

/// Soft targets at a temperature that is a parameter: `T = lowest + range s`, `s = sigmoid(theta)`,
/// `values[b] = T^2 KL(p || q)`, `p = softmax(v_b/T)`, `q = softmax(z_b/T)`. Adds `scale` times the
/// gradient at the logits, `T (q - p)`, and `theta_scale` times the sum over the batch of that with
/// respect to theta, `range s (1 - s) dL/dT`, where p and q depend on T too:
/// `dL/dT = 2 T KL - sum_c p (v_c - E_p v) (log p - log q) + E_p z - E_q z`.
/// `slopes`: room, (batch); theta, dtheta: one element each.
template <Real S>
void op_learned_temperature(const Space& space, MatrixView<const S, Space> student,
                            MatrixView<const S, Space> teacher, VectorView<const S, Space> theta,
                            S lowest, S range, S scale, S theta_scale, MatrixView<S, Space> dlogits,
                            VectorView<S, Space> dtheta, VectorView<S, Space> values,
                            VectorView<S, Space> slopes) {
  const detail::LearnedTemperature<S> learned{theta.data, lowest, range};
  const detail::LearnedTemperatureKernel<S> kernel{student.data, teacher.data, learned,
                                                   student.rows, scale,        dlogits.data,
                                                   values.data,  slopes.data};
  detail::for_each_sample<S>(space, "learned temperature", student.rows, student.cols, kernel,
                             student.data, teacher.data, dlogits.data);
  detail::launch(space, "gradient of the temperature", 1, detail::theta_threads,
                 detail::add_theta_gradient<S>, student.cols, slopes.data, learned, theta_scale,
                 dtheta.data);
}

}  // namespace kd::cuda
