#!/bin/bash
# Test step of the GPU image, on a GPU instance started from it: fails, and with it the build, when the GPU is not usable
# by the driver, by a program compiled with CUDA, or by a container. The settings GPU_* stand above this text.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=/usr/local/cuda/bin:$PATH

fail() {
  printf 'the GPU is not usable: %s\n' "$1" >&2
  exit 1
}

nvidia-smi --query-gpu=name,driver_version --format=csv,noheader >"$work/cards" || fail 'the driver does not answer'
[ -s "$work/cards" ] || fail 'the driver sees no card'
while IFS=, read -r card driver; do
  driver=${driver// /}
  [ "${driver%%.*}" = "$GPU_DRIVER_BRANCH" ] || fail "$card runs driver $driver, not branch $GPU_DRIVER_BRANCH"
done <"$work/cards"

nvcc --version >"$work/nvcc" || fail 'there is no CUDA compiler'
grep -q "release $GPU_CUDA_RELEASE," "$work/nvcc" || fail "CUDA is not release $GPU_CUDA_RELEASE"

cat >"$work/sum.cu" <<'CUDA'
#include <cstdio>
__global__ void add(const int *a, const int *b, int *c) { c[threadIdx.x] = a[threadIdx.x] + b[threadIdx.x]; }
int main() {
  const int n = 256;
  int *a, *b, *c;
  if (cudaMallocManaged(&a, n * sizeof(int)) || cudaMallocManaged(&b, n * sizeof(int)) ||
      cudaMallocManaged(&c, n * sizeof(int))) return 2;
  for (int i = 0; i < n; i++) { a[i] = i; b[i] = 2 * i; }
  add<<<1, n>>>(a, b, c);
  if (cudaDeviceSynchronize() != cudaSuccess) return 3;
  for (int i = 0; i < n; i++) if (c[i] != 3 * i) return 4;
  std::printf("%d sums are right\n", n);
  return 0;
}
CUDA
nvcc -o "$work/sum" "$work/sum.cu" || fail 'a CUDA program does not compile'
"$work/sum" || fail 'a CUDA program gives a wrong answer'

systemctl start docker.service || fail 'Docker does not start'
docker run --rm --gpus all --env NVIDIA_DRIVER_CAPABILITIES=compute,utility "$GPU_TEST_IMAGE" nvidia-smi >/dev/null ||
  fail 'a container does not see the card'
echo 'The GPU is usable by the driver, by CUDA and by containers.'
