// SPDX-License-Identifier: MIT
//
// limit/...: what this machine can do, on as many threads as kd may use.
#include <cstring>
#include <string>

#include "measure.hpp"

#if KD_BENCHMARKS_BLAS
extern "C" {
void sgemm_(const char* transpose_a, const char* transpose_b, const int* rows, const int* cols,
            const int* depth, const float* alpha, const float* a, const int* a_stride,
            const float* b, const int* b_stride, const float* beta, float* c, const int* c_stride);
// OpenBLAS's; null with another library.
__attribute__((weak)) void openblas_set_num_threads(int threads);
}
#endif

namespace {

using Matrix = kd::Matrix<float>;

/// Calls `body(i)` once for each thread.
template <class Body>
void on_every_thread(Body&& body) {
  constexpr double always_worth_it = 1e9;
  kd::parallel_for(kd::threads(), always_worth_it, body);
}

/// Multiplications and additions of floats out of registers, in vectors as wide as the compiler was
/// allowed to use.
void fma(benchmark::State& state) {
  using Packet = Eigen::internal::packet_traits<float>::type;
  constexpr kd::Index lanes = Eigen::internal::packet_traits<float>::size;
  constexpr int chains = 12;  // hides the latency, and leaves registers for the factors
  constexpr kd::Index rounds = 1 << 18;
  const double flop = 2. * static_cast<double>(lanes * chains * rounds * kd::threads());
  kd::Vector<float> results(kd::threads());
  time_calls(state, 0, {flop}, [&] {
    on_every_thread([&](kd::Index thread) {
      using namespace Eigen::internal;
      const Packet factor = pset1<Packet>(0.5F);
      const Packet summand = pset1<Packet>(1.F);
      Packet sums[chains];
      for (Packet& sum : sums) sum = pset1<Packet>(static_cast<float>(thread));
      for (kd::Index i = 0; i < rounds; ++i)
        for (Packet& sum : sums) sum = pmadd(sum, factor, summand);
      for (int i = 1; i < chains; ++i) sums[0] = padd(sums[0], sums[i]);
      results(thread) = predux(sums[0]);
    });
    benchmark::DoNotOptimize(results.data());
  });
}

/// A copy from memory to memory, far larger than any cache; bytes read and bytes written count.
void copy(benchmark::State& state) {
  constexpr kd::Index share = 64 << 20;
  const kd::Index size = share * kd::threads();
  const kd::Vector<char> from = kd::Vector<char>::Constant(size, 1);
  kd::Vector<char> to(size);
  time_calls(state, 0, {0, 2. * static_cast<double>(size)}, [&] {
    on_every_thread([&](kd::Index thread) {
      std::memcpy(to.data() + thread * share, from.data() + thread * share, share);
    });
    benchmark::ClobberMemory();
  });
}

using Gemm = void (*)(const Matrix& a, const Matrix& b, Matrix& c);

/// Every thread computes a share of the rows.
void eigen_gemm(const Matrix& a, const Matrix& b, Matrix& c) {
  on_every_thread([&](kd::Index thread) {
    const kd::Index first = a.rows() * thread / kd::threads();
    const kd::Index rows = a.rows() * (thread + 1) / kd::threads() - first;
    c.middleRows(first, rows).noalias() = a.middleRows(first, rows) * b;
  });
}

#if KD_BENCHMARKS_BLAS
void blas_gemm(const Matrix& a, const Matrix& b, Matrix& c) {
  if (openblas_set_num_threads != nullptr) openblas_set_num_threads(kd::threads());
  const int rows = static_cast<int>(a.rows());
  const int cols = static_cast<int>(b.cols());
  const int depth = static_cast<int>(a.cols());
  const float one = 1;
  const float zero = 0;
  sgemm_("N", "N", &rows, &cols, &depth, &one, a.data(), &rows, b.data(), &depth, &zero, c.data(),
         &rows);
}
#endif

/// The seconds of a product, the least of a few.
double seconds(Gemm gemm, const Matrix& a, const Matrix& b, Matrix& c) {
  using Clock = std::chrono::steady_clock;
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto start = Clock::now();
    gemm(a, b, c);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

/// The faster of Eigen and, where there is one, BLAS; the label says which it was.
void gemm(benchmark::State& state, kd::Index rows, kd::Index depth, kd::Index cols) {
  const Matrix a = Matrix::Random(rows, depth);
  const Matrix b = Matrix::Random(depth, cols);
  Matrix c(rows, cols);
  Gemm fastest = eigen_gemm;
  std::string name = "Eigen";
#if KD_BENCHMARKS_BLAS
  if (seconds(blas_gemm, a, b, c) < seconds(eigen_gemm, a, b, c)) {
    fastest = blas_gemm;
    name = openblas_set_num_threads != nullptr ? "OpenBLAS" : "BLAS";
  }
#endif
  time_calls(state, 0, {2. * static_cast<double>(rows * depth * cols)}, [&] {
    fastest(a, b, c);
    benchmark::ClobberMemory();
  });
  state.SetLabel(name);
}

BENCHMARK(fma)->Name("limit/fma")->Unit(benchmark::kMicrosecond);
BENCHMARK(copy)->Name("limit/copy")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(gemm, large, 1536, 1536, 1536)->Name("limit/gemm")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(gemm, teacher, 1200, 1200, 32)
    ->Name("limit/gemm/1200x1200x32")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
