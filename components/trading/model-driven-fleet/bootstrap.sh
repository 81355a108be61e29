# What an instance of the fleet runs. As user data it installs itself and its services; systemd then calls it again with
# a word: `prepare` at every boot, `run` for the trader, `failed` when one of them gave up; the stop schedule calls `drain`. The settings FLEET_* stand above
# this text as quoted assignments; what belongs to one model comes from the instance's own tags.
set -Eeuo pipefail
umask 077
export LC_ALL=C.UTF-8

root=${FLEET_ROOT:-} # a folder in place of / in tests
program=$root/usr/local/sbin/model-instance
config=$root/etc/model
state=$root/var/lib/model
units=$root/etc/systemd/system
metadata=http://169.254.169.254/latest
export AWS_REGION=$FLEET_REGION AWS_DEFAULT_REGION=$FLEET_REGION AWS_PAGER=

fail() {
  printf 'model-instance: %s\n' "$1" >&2
  exit 1
}

# --- The model, from the instance's tags (IMDSv2) ---

metadata_token() {
  curl --fail --silent --show-error --retry 8 --retry-connrefused --max-time 5 \
    --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' "$metadata/api/token"
}

# Prints one tag's value; status 1 where there is no such tag, 2 where nobody knows.
one_tag() {
  local status
  status=$(curl --silent --show-error --retry 5 --max-time 5 --output "$state/tag" --write-out '%{http_code}' \
    --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/tags/instance/$1") || return 2
  case $status in
    200) cat "$state/tag" ;;
    404) return 1 ;;
    *) return 2 ;;
  esac
}

# Prints a value that may go on in <tag>-2, <tag>-3, ...
tag() {
  local name=$1 number=1 piece status
  while true; do
    status=0
    piece=$(one_tag "$name") || status=$?
    case $status-$number in
      0-*) printf '%s' "$piece" ;;
      1-1) fail "this instance has no tag $1" ;;
      1-*) return 0 ;;
      *) fail "the metadata service does not say the tag $name" ;;
    esac
    number=$((number + 1))
    name=$1-$number
  done
}

read_tags() {
  local check
  token=$(metadata_token)
  model_key=$(tag model-key)
  model_type=$(tag model-type)
  model_symbol=$(tag model-symbol)
  model_name=$(tag model-name)
  model_outer=$(tag model-outer)
  model_inner=$(tag model-inner)
  model_artifact=$(tag model-artifact)
  check=$(printf '%s' "$model_key" | sha256sum)
  [[ $(tag model-check) == "${check:0:16}" ]] || fail 'the tags are not those that the deployment wrote'
}

# --- The artifact, from the bucket ---

# fetch KEY FILE: one object, whole and as it was stored.
fetch() {
  local key=$1 file=$2 head etag size encryption signed actual md5
  # Tab-separated; "None" for what the object does not have.
  head=$(aws s3api head-object --bucket "$FLEET_BUCKET" --key "$key" --output text \
    --query '[ETag, ContentLength, ServerSideEncryption, Metadata.sha256]')
  IFS=$'\t' read -r etag size encryption signed <<<"$head"
  mkdir -p "$(dirname "$file")"
  # The CLI itself checks the checksum that S3 keeps; an object overwritten meanwhile fails the condition.
  aws s3api get-object --bucket "$FLEET_BUCKET" --key "$key" --if-match "$etag" --checksum-mode ENABLED "$file" >/dev/null
  [[ $(stat --format %s "$file") == "$size" ]] || fail "$key came with another length than $size bytes"

  actual=$(sha256sum "$file")
  actual=${actual%% *} actual=${actual#\\}
  [[ $signed == None || ${signed,,} == "$actual" ]] || fail "$key is not what its builder signed with sha256"
  # An ETag is the MD5 of what was uploaded in one part and not under a KMS key.
  etag=${etag//\"/}
  if [[ $etag =~ ^[0-9a-f]{32}$ && $encryption != aws:kms* ]]; then
    md5=$(md5sum "$file")
    md5=${md5%% *} md5=${md5#\\}
    [[ $md5 == "$etag" ]] || fail "$key does not have its ETag's MD5"
  fi
  printf '%s  %s  %s\n' "$actual" "$etag" "$key" >>"$state/new.sums"
}

fetch_artifact() {
  local key keys
  rm -rf "$state/new" "$state/new.sums"
  mkdir -p "$state/new"
  if [[ $model_artifact == object ]]; then
    fetch "$model_key" "$state/new/model"
  else
    keys=$(aws s3api list-objects-v2 --bucket "$FLEET_BUCKET" --prefix "$model_key/" --output text --query 'Contents[].[Key]')
    while IFS= read -r key; do
      [[ $key == "$model_key/"* ]] || fail "no object lies under $model_key/"
      [[ $key != */ ]] || continue
      case "/$key/" in */../*) fail "$key leads out of its folder" ;; esac
      fetch "$key" "$state/new/${key#"$model_key/"}"
    done <<<"$keys"
    [[ -s $state/new.sums ]] || fail "no object lies under $model_key/"
  fi
  chmod -R u=rwX,go=rX "$state/new"
  rm -rf "$state/artifact"
  mv "$state/new" "$state/artifact"
  mv "$state/new.sums" "$state/artifact.sums"
}

# --- The trader's configuration ---

write_config() {
  mkdir -p "$config"
  # One NAME=value a line, read by Docker without a shell: quotes, $ and ` are plain characters.
  {
    printf 'MODEL_KEY=%s\nMODEL_TYPE=%s\nMODEL_SYMBOL=%s\nMODEL_NAME=%s\n' \
      "$model_key" "$model_type" "$model_symbol" "$model_name"
    printf 'MODEL_OUTER=%s\nMODEL_INNER=%s\nMODEL_PATH=/model\nTRADING_MODE=%s\n' "$model_outer" "$model_inner" "$FLEET_MODE"
    printf 'AWS_REGION=%s\nBROKER_SECRET_ARN=%s\n%s\n' "$FLEET_REGION" "$FLEET_BROKER_SECRET" "$FLEET_ENVIRONMENT"
  } >"$config/model.env.new"
  python3 - "$model_key" "$model_type" "$model_symbol" "$model_name" "$model_outer" "$model_inner" "$FLEET_MODE" \
    >"$config/model.json.new" <<'PYTHON'
import json, sys
key, kind, symbol, model, outer, inner, mode = sys.argv[1:]
json.dump({"key": key, "type": kind, "symbol": symbol, "model": model, "outer": int(outer), "inner": int(inner), "mode": mode},
          sys.stdout, ensure_ascii=False)
PYTHON
  chmod 0644 "$config/model.json.new" # the container's user reads it
  mv "$config/model.env.new" "$config/model.env"
  mv "$config/model.json.new" "$config/model.json"
}

pull_image() {
  local registry=${FLEET_IMAGE%%/*}
  if [[ $registry == *.dkr.ecr.*.amazonaws.com* ]]; then
    aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
  fi
  docker pull --quiet "$FLEET_IMAGE"
}

prepare() {
  mkdir -p "$state"
  read_tags
  fetch_artifact
  write_config
  pull_image
}

# The host's network spares the container a second hop to the metadata service; nothing listens for the outside.
run() {
  local stream
  token=$(metadata_token)
  stream=$(curl --fail --silent --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id")
  exec docker run --rm --name model-trader --network host --env-file "$config/model.env" \
    --volume "$state/artifact:/model:ro" --volume "$config/model.json:/etc/model.json:ro" \
    --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --stop-timeout 60 \
    --log-driver awslogs --log-opt "awslogs-region=$FLEET_REGION" --log-opt "awslogs-group=$FLEET_LOG_GROUP" \
    --log-opt "awslogs-stream=$stream" "$FLEET_IMAGE"
}

failed() {
  aws cloudwatch put-metric-data --namespace trading-platform/fleet --metric-name TraderFailed --value 1 --unit Count \
    --dimensions "Stack=$FLEET_STACK"
}

# Called by the stop schedule through its hook: the trader has 60 s to close up; it ends with 10 where a position stays open.
drain() {
  local status
  systemctl stop model-trader.service
  status=$(systemctl show --property ExecMainStatus --value model-trader.service)
  [[ $status != 10 ]] || exit 10
}

# --- Installation, once ---

install_docker() {
  command -v docker >/dev/null || dnf install --assumeyes --quiet docker
}

write_units() {
  mkdir -p "$units"
  cat >"$units/model-prepare.service" <<UNIT
[Unit]
Description=Fetch and check the model of this instance
Requires=docker.service
After=docker.service network-online.target
Wants=network-online.target
StartLimitIntervalSec=600
StartLimitBurst=5
OnFailure=model-failed.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$program prepare
Restart=on-failure
RestartSec=30
UNIT
  cat >"$units/model-trader.service" <<UNIT
[Unit]
Description=Trade with the model of this instance
Requires=docker.service model-prepare.service
After=docker.service model-prepare.service
StartLimitIntervalSec=600
StartLimitBurst=5
OnFailure=model-failed.service

[Service]
ExecStartPre=-/usr/bin/docker rm --force model-trader
ExecStart=$program run
ExecStop=/usr/bin/docker stop --time 60 model-trader
TimeoutStopSec=90
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
  cat >"$units/model-failed.service" <<UNIT
[Unit]
Description=Count a failure of this instance's trader

[Service]
Type=oneshot
ExecStart=$program failed
UNIT
}

write_hook() {
  mkdir -p "$root/opt/trading/hooks"
  printf '#!/bin/bash\nexec %q drain\n' "$program" >"$root/opt/trading/hooks/drain"
  chmod 0755 "$root/opt/trading/hooks/drain"
}

install() {
  trap failed ERR
  install_docker
  mkdir -p "$(dirname "$program")"
  cp "$0" "$program"
  chmod 0700 "$program"
  write_units
  write_hook
  systemctl daemon-reload
  systemctl enable --now docker.service
  systemctl enable --now --no-block model-trader.service
}

case ${1:-install} in
  install) install ;;
  prepare) prepare ;;
  run) run ;;
  failed) failed ;;
  drain) drain ;;
  *) fail "no such word: $1" ;;
esac
