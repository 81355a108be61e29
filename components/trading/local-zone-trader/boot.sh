#!/bin/bash
# Sets a trading host up: clock, kernel, metrics, container runtime, the gateway's and the bot's services, the drain hook.
# Runs as user data on the first boot and again, without harm, as the SSM document "setup". The settings TRADER_* stand
# above this text; secrets are never among them: services read them from Secrets Manager into memory when they start.
set -Eeuo pipefail
umask 022
export LC_ALL=C.UTF-8 AWS_DEFAULT_REGION=$TRADER_REGION AWS_PAGER=

root=${TRADER_ROOT:-} # a folder in place of / in tests
units=$root/etc/systemd/system
opt=$root/opt/trading

# install_file MODE PATH: standard input becomes the file.
install_file() {
  install -d "$(dirname "$2")"
  cat >"$2.new"
  chmod "$1" "$2.new"
  mv "$2.new" "$2"
}

# An elastic IP is attached only after the host has started.
wait_for_network() {
  local tries
  for ((tries = 0; tries < 60; tries++)); do
    ! curl --silent --max-time 5 --output /dev/null "https://s3.$TRADER_REGION.amazonaws.com" || return 0
    sleep 5
  done
  echo "no way out of the host's subnet" >&2
  return 1
}

set_clock() {
  install_file 0644 "$root/etc/chrony.d/amazon-time.conf" <<'CONF'
# Amazon Time Sync Service: on the host itself, without a network hop.
server 169.254.169.123 prefer iburst minpoll 4 maxpoll 4
makestep 1.0 3
leapsectz right/UTC
CONF
  systemctl restart chronyd
}

set_kernel() {
  [ "$TRADER_KERNEL" = tuned ] || return 0
  install_file 0644 "$root/etc/sysctl.d/90-trading.conf" <<'CONF'
# Small packets at once rather than many of them later; no swapping under load.
net.core.busy_poll = 50
net.core.busy_read = 50
net.core.netdev_max_backlog = 250000
net.core.rmem_max = 67108864
net.core.wmem_max = 67108864
net.ipv4.tcp_slow_start_after_idle = 0
net.ipv4.tcp_timestamps = 1
vm.swappiness = 1
CONF
  sysctl --quiet --system
  install_file 0644 "$root/etc/tmpfiles.d/trading-thp.conf" <<'CONF'
w /sys/kernel/mm/transparent_hugepage/enabled - - - - never
CONF
  systemd-tmpfiles --create "$root/etc/tmpfiles.d/trading-thp.conf" || true
}

# The last CPUs belong to the bot alone: no timer ticks, no interrupts, no other process. Takes a reboot, once.
isolate_cpus() {
  [ "$TRADER_ISOLATED_CPUS" -gt 0 ] || return 0
  local count first set
  count=$(nproc --all)
  first=$((count - TRADER_ISOLATED_CPUS))
  if [ "$first" -lt 1 ]; then
    echo "cannot isolate $TRADER_ISOLATED_CPUS of $count CPUs" >&2
    return 1
  fi
  set=$first-$((count - 1))
  systemctl disable --now irqbalance 2>/dev/null || true
  install_file 0644 "$units/trading-irq.service" <<UNIT
[Unit]
Description=Keep interrupts off the bot's CPUs
After=network.target

[Service]
Type=oneshot
ExecStart=/bin/bash -c 'for irq in /proc/irq/[0-9]*; do echo 0-$((first - 1)) >"\$irq/smp_affinity_list" 2>/dev/null || true; done'

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --now trading-irq.service
  echo "$set" | install_file 0644 "$opt/bot-cpus"
  if ! grep -q "isolcpus=$set" "$root/proc/cmdline"; then
    grubby --update-kernel=ALL \
      --args="isolcpus=$set nohz_full=$set rcu_nocbs=$set intel_idle.max_cstate=1 processor.max_cstate=1"
    reboot_needed=yes
  fi
}

check_network() {
  local interface driver
  interface=$(ip -o route get 169.254.169.123 | sed -n 's/.* dev \([^ ]*\).*/\1/p')
  driver=$(basename "$(readlink -f "$root/sys/class/net/$interface/device/driver")")
  [ "$driver" = ena ] || echo "WARNING: $interface runs on $driver, not on the enhanced driver ena" >&2
}

set_metrics() {
  install_file 0644 "$root/opt/aws/amazon-cloudwatch-agent/etc/trading.json" <<JSON
{
  "agent": { "metrics_collection_interval": 60 },
  "metrics": {
    "namespace": "CWAgent",
    "append_dimensions": { "InstanceId": "\${aws:InstanceId}" },
    "aggregation_dimensions": [["InstanceId"]],
    "metrics_collected": {
      "mem": { "measurement": ["used_percent"] },
      "disk": { "measurement": ["used_percent"], "resources": ["/"], "drop_device": true }
    }
  }
}
JSON
  "$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl" -a fetch-config -m ec2 -s \
    -c "file:$root/opt/aws/amazon-cloudwatch-agent/etc/trading.json"
  install_file 0755 "$opt/bin/publish-latency" <<'PYTHON'
#!/usr/bin/env python3
"""Publishes the clock's offset and the time of a TCP round trip to the exchange, once."""
import json
import socket
import statistics
import subprocess
import sys
import time

instance, namespace, host, port = sys.argv[1:]


def metric(name, value):
    return {"MetricName": name, "Value": value, "Unit": "Milliseconds",
            "Dimensions": [{"Name": "InstanceId", "Value": instance}]}


def round_trip():
    address = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)[0][4]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        with socket.create_connection(address, timeout=3):
            times.append((time.perf_counter() - start) * 1000)
        time.sleep(0.2)
    return statistics.median(times)


data = []
tracking = subprocess.run(["chronyc", "-c", "tracking"], capture_output=True, text=True, check=True).stdout
data.append(metric("ClockOffsetMilliseconds", abs(float(tracking.split(",")[4])) * 1000))
try:
    data.append(metric("ExchangeRoundTripMilliseconds", round_trip()))
except OSError as error:
    print(f"no round trip to {host}:{port}: {error}", file=sys.stderr)
subprocess.run(["aws", "cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-data", json.dumps(data)], check=True)
PYTHON
  local token instance
  token=$(curl -sf --retry 8 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
  instance=$(curl -sf --retry 8 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id)
  install_file 0644 "$units/trading-latency.service" <<UNIT
[Unit]
Description=Publish clock offset and exchange round trip

[Service]
Type=oneshot
Environment=AWS_DEFAULT_REGION=$TRADER_REGION
ExecStart=/opt/trading/bin/publish-latency $instance $TRADER_METRICS $TRADER_LATENCY_HOST $TRADER_LATENCY_PORT
UNIT
  install_file 0644 "$units/trading-latency.timer" <<'UNIT'
[Unit]
Description=Publish latency every minute

[Timer]
OnBootSec=60
OnUnitActiveSec=60

[Install]
WantedBy=timers.target
UNIT
}

# Reads a secret's JSON fields into an environment file in memory: a restart takes a rotated value.
install_secrets_reader() {
  install_file 0755 "$opt/bin/read-secret" <<'SCRIPT'
#!/bin/bash
# read-secret SECRET FILE: writes every field of the secret as NAME=value, upper-cased.
set -euo pipefail
umask 077
install -d -m 0700 /run/trading
aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text |
  jq -r 'to_entries[] | "\(.key | gsub("(?<a>[A-Z])"; "_\(.a)") | ascii_upcase)=\(.value)"' >"$2.new"
mv "$2.new" "$2"
SCRIPT
}

# install_service NAME SECRET EXTRA...: a container whose image stands in /opt/trading/images/NAME.
install_service() {
  local name=$1 secret=$2
  install_file 0644 "$opt/environment/$name" <<<"$([ "$name" != trader ] || echo "$TRADER_ENVIRONMENT")"
  shift 2
  install_file 0755 "$opt/bin/run-$name" <<SCRIPT
#!/bin/bash
set -euo pipefail
cpus=()
[ "$name" != trader ] || [ ! -f /opt/trading/bot-cpus ] || cpus=(--cpuset-cpus "\$(cat /opt/trading/bot-cpus)")
exec docker run --rm --name $name --network host "\${cpus[@]}" --env-file /run/trading/$name.env \\
  --env-file /opt/trading/environment/$name \\
  --env TRADING_MODE=$TRADER_MODE --env IB_GATEWAY_PORT=$TRADER_GATEWAY_PORT --env STAGE=$TRADER_STAGE $* \\
  --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --stop-timeout 60 \\
  --log-driver awslogs --log-opt awslogs-region=$TRADER_REGION --log-opt awslogs-group=$TRADER_LOG_GROUP \\
  --log-opt awslogs-stream=$name "\$(cat /opt/trading/images/$name)"
SCRIPT
  install_file 0644 "$units/$name.service" <<UNIT
[Unit]
Description=Container $name
Requires=docker.service
After=docker.service network-online.target chronyd.service
ConditionPathExists=/opt/trading/images/$name

[Service]
Environment=AWS_DEFAULT_REGION=$TRADER_REGION
ExecStartPre=-/usr/bin/docker rm --force $name
ExecStartPre=/opt/trading/bin/read-secret $secret /run/trading/$name.env
ExecStart=/opt/trading/bin/run-$name
ExecStop=/usr/bin/docker stop --time 60 $name
TimeoutStopSec=90
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
}

# The node exporter, where a monitoring server scrapes; the security group admits nobody else.
install_exporter() {
  [ -n "$TRADER_NODE_EXPORTER" ] || return 0
  install_file 0644 "$units/node-exporter.service" <<UNIT
[Unit]
Description=Node exporter
Requires=docker.service
After=docker.service network-online.target

[Service]
ExecStartPre=-/usr/bin/docker rm --force node-exporter
ExecStart=/usr/bin/docker run --rm --name node-exporter --network host --pid host -v /:/host:ro,rslave \\
  --cap-drop ALL --security-opt no-new-privileges $TRADER_NODE_EXPORTER --path.rootfs=/host
Restart=always
RestartSec=30

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --now --no-block node-exporter.service
}

# start-container NAME IMAGE: pulls, writes the pointer, restarts. What the SSM document "deploy" runs.
install_deploy() {
  install_file 0755 "$opt/bin/start-container" <<'SCRIPT'
#!/bin/bash
set -euo pipefail
name=$1 image=$2
case $name in trader | ib-gateway) ;; *) echo "no such container: $name" >&2; exit 2 ;; esac
exec 9>/run/lock/trading-deploy.lock
flock --wait 300 9
registry=${image%%/*}
if [[ $registry == *.dkr.ecr.*.amazonaws.com* ]]; then
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
fi
docker pull --quiet "$image"
install -d /opt/trading/images
printf '%s\n' "$image" >"/opt/trading/images/$name.new"
mv "/opt/trading/images/$name.new" "/opt/trading/images/$name"
systemctl enable "$name.service"
systemctl restart "$name.service"
sleep 5
systemctl is-active "$name.service"
SCRIPT
}

# Ends with 0 when nothing is left to lose, 10 while a position is open; the schedule's drain document runs it.
install_drain_hook() {
  install_file 0755 "$opt/hooks/drain" <<'SCRIPT'
#!/bin/bash
set -u
if [ -f /opt/trading/images/trader ]; then
  if [ "$(docker inspect --format '{{.State.Running}}' trader 2>/dev/null)" != true ]; then
    echo "the bot does not run, so nobody knows its positions" >&2
    exit 1
  fi
  # The application's own word: closes what it may close, ends with 10 while a position stays open.
  docker exec trader /app/hooks/drain
  status=$?
  [ "$status" -eq 0 ] || exit "$status"
fi
systemctl stop trader.service ib-gateway.service
SCRIPT
}

main() {
  reboot_needed=no
  wait_for_network
  if ! command -v docker >/dev/null || ! command -v jq >/dev/null; then
    dnf install --assumeyes --quiet docker jq amazon-cloudwatch-agent
  fi
  set_clock
  set_kernel
  check_network
  install_secrets_reader
  install_service ib-gateway "$TRADER_GATEWAY_SECRET_ID"
  install_service trader "$TRADER_API_SECRET_ID"
  install_deploy
  install_drain_hook
  set_metrics
  isolate_cpus
  systemctl daemon-reload
  systemctl enable --now docker.service trading-latency.timer
  install_exporter
  [ -z "$TRADER_GATEWAY_IMAGE" ] || "$opt/bin/start-container" ib-gateway "$TRADER_GATEWAY_IMAGE"
  [ -z "$TRADER_IMAGE" ] || "$opt/bin/start-container" trader "$TRADER_IMAGE"
  if [ "$reboot_needed" = yes ]; then systemctl reboot; fi
}

main
