#!/usr/bin/env bash
# Builds, checks and times kd on this machine's GPU, in one call of under eight minutes.
#
#   benchmarks/gpu/run.sh [build folder] [folder with MNIST]
#
# Needs nvcc, CMake and the packages of kd's tests; no network. PyTorch's times are added where
# python3 has torch.
set -euo pipefail
source="$(cd "$(dirname "$0")/../.." && pwd)"
build="${1:-$source/build/gpu}"
mnist="${2:-}"
limit() { timeout --foreground "$@"; }

if ! command -v nvcc >/dev/null; then
  PATH="$PATH:/usr/local/cuda/bin"
fi
nvcc --version | tail -n 2
nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem --format=csv || true

cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release -DKD_TEST_GPU=ON \
  -DKD_TEST_REPOSITORY=OFF -DKD_BUILD_EXAMPLES=OFF -DCMAKE_CUDA_ARCHITECTURES=native \
  -DCMAKE_CUDA_COMPILER="$(command -v nvcc)"
limit 240 cmake --build "$build" --parallel "$(nproc)" \
  --target kd_test_gpu kd_gpu_article kd_gpu_ops kd_gpu_steps

failed=0
limit 70 ctest --test-dir "$build" -L gpu --output-on-failure || failed=1
if [[ -n "$mnist" ]]; then
  limit 45 "$build/benchmarks/gpu/kd_gpu_article" "$mnist" || failed=1
else
  limit 45 "$build/benchmarks/gpu/kd_gpu_article" || failed=1
fi
limit 30 "$build/benchmarks/gpu/kd_gpu_ops" || failed=1
limit 45 "$build/benchmarks/gpu/kd_gpu_steps" || failed=1
if python3 -c 'import torch' 2>/dev/null; then
  limit 45 python3 "$source/benchmarks/gpu/torch_steps.py" || failed=1
else
  echo "python3 has no torch: PyTorch was not timed."
fi
exit "$failed"
