// SPDX-License-Identifier: MIT
#pragma once

#include "kd/cuda/elementwise.cuh"
#include "kd/cuda/log_softmax.cuh"

namespace kd::cuda {

namespace detail {

template <Real S>
struct Scale {
  const S* x;
  S factor;
  S* y;
  Write write;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value = load<N>(x + i);
    for (int k = 0; k < N; ++k) value.v[k] *= factor;
    put(y + i, value, write);
  }
};

template <Real S>
struct AddProbabilitiesKernel {
  const S* logits;
  Index classes;
  S temperature;
  S* log_sum;
  Write write;

  template <class Team, int Width>
  __device__ void run(Index sample) const {
    const Index first = sample * classes;
    const auto p =
        LogSoftmax<S>::template of<Team, Width>(logits + first, classes, S(1) / temperature);
    for_classes<Team, Width>(classes, [&](Index c) {
      auto log_p = p.template at<Width>(c);
      if (write == Write::add) {
        const auto so_far = load<Width>(log_sum + first + c);
        for (int k = 0; k < Width; ++k) log_p.v[k] = log_add(so_far.v[k], log_p.v[k]);
      }
      store(log_sum + first + c, log_p);
    });
  }
};

template <Real S>
struct LogitsOfMean {
  S* x;
  S log_count, temperature;

  template <int N>
  __device__ void apply(Index i) const {
    Pack<S, N> value = load<N>(x + i);
    for (int k = 0; k < N; ++k) value.v[k] = temperature * (value.v[k] - log_count);
    store(x + i, value);
  }
};

}  // namespace detail

/// `y = factor x` or `y += factor x`
template <Real S>
void op_scale(const Space& space, VectorView<const S, Space> x, S factor, VectorView<S, Space> y,
              Write write) {
  detail::for_each<S>(space, "scale", x.size, detail::Scale<S>{x.data, factor, y.data, write},
                      x.data, y.data);
}

/// Adds the probabilities of one set of logits to those so far, in logarithms:
/// `log_sum = log softmax(v/T)`, or `log (exp(log_sum) + softmax(v/T))`. (classes, batch)
template <Real S>
void op_add_probabilities(const Space& space, MatrixView<const S, Space> logits, S temperature,
                          MatrixView<S, Space> log_sum, Write write) {
  const detail::AddProbabilitiesKernel<S> kernel{logits.data, logits.rows, temperature,
                                                 log_sum.data, write};
  detail::for_each_sample<S>(space, "add probabilities", logits.rows, logits.cols, kernel,
                             logits.data, log_sum.data);
}

/// Turns the logarithm of a sum of `count` distributions into logits that give their mean at
/// temperature T: `x = T (x - log count)`.
template <Real S>
void op_logits_of_mean(const Space& space, VectorView<S, Space> x, Index count, S temperature) {
  detail::for_each<S>(space, "logits of mean", x.size,
                      detail::LogitsOfMean<S>{x.data, std::log(static_cast<S>(count)), temperature},
                      x.data);
}

}  // namespace kd::cuda
