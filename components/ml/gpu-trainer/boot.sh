#!/bin/bash
# What a GPU trainer runs. As user data it installs itself and its services; systemd then calls it again with a word:
# `prepare` at every boot, `save` every few minutes and before a stop, `watch` for AWS's notice on spot capacity.
# The settings TRAINER_* stand above this text.
set -Eeuo pipefail
umask 022
export LC_ALL=C.UTF-8 AWS_DEFAULT_REGION=$TRAINER_REGION AWS_PAGER=

root=${TRAINER_ROOT:-} # a folder in place of / in tests
program=$root/usr/local/sbin/gpu-trainer
work=$root/srv/training
checkpoints=$work/checkpoints
hook=$root/opt/training/hooks/checkpoint
units=$root/etc/systemd/system
stopping=$root/run/gpu-trainer-stopping
metadata=${TRAINER_METADATA:-http://169.254.169.254/latest}

fail() {
  printf 'gpu-trainer: %s\n' "$1" >&2
  exit 1
}

# Where no GPU is measured, no alarm finds it idle: the instance stops by itself, once somebody had the time to look.
no_gpu() {
  mkdir -p "$root/run"
  if [ "$TRAINER_IDLE_MINUTES" -gt 0 ] && [ ! -e "$stopping" ]; then
    shutdown -h "+$TRAINER_IDLE_MINUTES" 'no GPU: this instance stops' && touch "$stopping"
  fi
  fail 'the driver sees no GPU: the image is not a GPU image, or the type has none'
}

# Checkpoints come back before a job can ask for them; a disk that has newer ones keeps them.
prepare() {
  nvidia-smi --list-gpus | grep -q . || no_gpu
  if [ -e "$stopping" ]; then shutdown -c && rm "$stopping"; fi
  mkdir -p "$checkpoints"
  [ -z "$TRAINER_FILE_SYSTEM" ] || mount_shared
  aws s3 sync --only-show-errors "$TRAINER_CHECKPOINTS" "$checkpoints"
}

mount_shared() {
  mkdir -p "$work/shared"
  mountpoint -q "$work/shared" ||
    mount -t efs -o "tls,iam,accesspoint=$TRAINER_ACCESS_POINT" "$TRAINER_FILE_SYSTEM:/" "$work/shared"
}

save() {
  # A job that wants to write a last checkpoint first has a hook for it; one that fails or hangs costs only its own.
  if [ -x "$hook" ]; then timeout "${1:-60}" "$hook" || echo 'gpu-trainer: the checkpoint hook failed' >&2; fi
  aws s3 sync --only-show-errors "$checkpoints" "$TRAINER_CHECKPOINTS"
}

# AWS gives two minutes. One look; systemd repeats it every five seconds.
watch() {
  local token status
  token=$(curl --fail --silent --max-time 2 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token") || exit 0
  status=$(curl --silent --max-time 2 --output /dev/null --write-out '%{http_code}' \
    --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/spot/instance-action") || exit 0
  [ "$status" = 200 ] || exit 0
  [ ! -e "$root/run/gpu-trainer-saved" ] || exit 0
  echo 'gpu-trainer: AWS takes this capacity back; saving' >&2
  save 60
  mkdir -p "$root/run"
  touch "$root/run/gpu-trainer-saved"
}

unit() { # NAME DESCRIPTION LINE...
  local name=$1 description=$2
  shift 2
  { printf '[Unit]\nDescription=%s\n' "$description" && printf '%s\n' "$@"; } >"$units/$name"
}

write_units() {
  mkdir -p "$units"
  unit gpu-trainer.service 'Training: checkpoints back at the start, away at the stop' \
    'After=network-online.target docker.service' 'Wants=network-online.target' '' '[Service]' 'Type=oneshot' \
    'RemainAfterExit=yes' "ExecStart=$program prepare" "ExecStop=$program save 60" 'TimeoutStopSec=300' \
    'Restart=on-failure' 'RestartSec=30' '' '[Install]' 'WantedBy=multi-user.target'
  unit gpu-trainer-save.service 'Training: checkpoints to S3' 'After=gpu-trainer.service' '' '[Service]' \
    'Type=oneshot' "ExecStart=$program save 60"
  unit gpu-trainer-save.timer 'Training: checkpoints to S3' '[Timer]' 'OnBootSec=10min' \
    "OnUnitActiveSec=${TRAINER_SAVE_MINUTES}min" '' '[Install]' 'WantedBy=timers.target'
  unit gpu-trainer-watch.service "Training: AWS's notice" '' '[Service]' 'Type=oneshot' "ExecStart=$program watch"
  unit gpu-trainer-watch.timer "Training: AWS's notice" '[Timer]' 'OnBootSec=30s' 'OnUnitActiveSec=5s' \
    'AccuracySec=1s' '' '[Install]' 'WantedBy=timers.target'
}

write_agent() {
  local folder=$root/opt/aws/amazon-cloudwatch-agent/etc
  mkdir -p "$folder"
  printf '%s\n' "$TRAINER_AGENT" >"$folder/platform.json"
}

install() {
  dnf install --assumeyes --quiet amazon-cloudwatch-agent amazon-efs-utils jq
  mkdir -p "$(dirname "$program")" "$(dirname "$hook")" "$root/etc/training"
  cp "$0" "$program"
  chmod 0755 "$program"
  printf '%s\n' "$TRAINER_ENVIRONMENT" >"$root/etc/training/environment"
  write_agent
  write_units
  "$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s \
    -c "file:$root/opt/aws/amazon-cloudwatch-agent/etc/platform.json"
  systemctl daemon-reload
  systemctl enable --now gpu-trainer-save.timer
  [ "$TRAINER_SPOT" != yes ] || systemctl enable --now gpu-trainer-watch.timer
  systemctl enable --now --no-block gpu-trainer.service
}

case ${1:-install} in
  install) install ;;
  prepare) prepare ;;
  save) save "${2:-60}" ;;
  watch) watch ;;
  *) fail "no such word: $1" ;;
esac
