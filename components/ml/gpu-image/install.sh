#!/bin/bash
# Build step of the GPU image, on Amazon Linux 2023: NVIDIA's open driver of one branch, CUDA of one release, Docker with
# NVIDIA's container toolkit, and what the trainers' boot script needs. The settings GPU_* stand above this text.
set -euo pipefail

repository=https://developer.download.nvidia.com/compute/cuda/repos/amzn2023/x86_64/cuda-amzn2023.repo

dnf install --assumeyes --quiet dkms gcc make jq docker amazon-cloudwatch-agent amazon-efs-utils \
  "kernel-devel-$(uname -r)" "kernel-modules-extra-$(uname -r)"
dnf config-manager --add-repo "$repository"
dnf clean expire-cache --quiet
dnf module enable --assumeyes --quiet "nvidia-driver:$GPU_DRIVER_BRANCH-open"
dnf install --assumeyes --quiet nvidia-open "cuda-toolkit-${GPU_CUDA_RELEASE/./-}" nvidia-container-toolkit
nvidia-ctk runtime configure --runtime=docker

# shellcheck disable=SC2016 # a login shell fills it in
printf 'export PATH=/usr/local/cuda/bin:$PATH\n' >/etc/profile.d/cuda.sh
# The device files are there before any program asks, and the card does not fall asleep between two jobs.
systemctl enable docker.service nvidia-persistenced.service
# An update of the kernel would leave the driver behind: updates come with the next image.
printf 'exclude=kernel*\n' >>/etc/dnf/dnf.conf
dnf clean all --quiet
