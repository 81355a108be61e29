#!/bin/bash
# Runs Prometheus, Grafana and their exporters on the monitoring server, all bound to 127.0.0.1: people come by a port
# forward of Session Manager. The settings MONITORING_* stand above this text.
set -Eeuo pipefail
umask 022
export LC_ALL=C.UTF-8 AWS_DEFAULT_REGION=$MONITORING_REGION AWS_PAGER=

etc=/etc/monitoring
data=/srv/monitoring

mount_data() {
  local device=/dev/sdf tries
  for ((tries = 0; tries < 60; tries++)); do
    [ ! -e "$device" ] || break
    sleep 5
  done
  blkid "$device" >/dev/null || mkfs.xfs -q "$device"
  install -d "$data"
  grep -q " $data " /etc/fstab || printf '%s %s xfs defaults,nofail 0 2\n' "$device" "$data" >>/etc/fstab
  mountpoint -q "$data" || mount "$data"
  install -d -o 65534 -g 65534 "$data/prometheus"
  install -d -o 472 -g 0 "$data/grafana"
}

write_config() {
  install -d "$etc/provisioning/datasources" "$etc/provisioning/dashboards" "$etc/dashboards"
  # JSON is YAML too.
  printf '%s\n' "$MONITORING_PROMETHEUS" >"$etc/prometheus.yml"
  printf '%s\n' "$MONITORING_CLOUDWATCH" >"$etc/cloudwatch.yml"
  printf '%s\n' "$MONITORING_DATA_SOURCES" >"$etc/provisioning/datasources/platform.yml"
  printf '%s\n' "$MONITORING_DASHBOARD_PROVIDERS" >"$etc/provisioning/dashboards/platform.yml"
  printf '%s\n' "$MONITORING_DASHBOARD" >"$etc/dashboards/hosts.json"
}

install_secret_reader() {
  cat >/usr/local/bin/grafana-password <<'SCRIPT'
#!/bin/bash
set -euo pipefail
umask 077
install -d -m 0700 /run/monitoring
aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text |
  jq -er .password >/run/monitoring/password
chown 472 /run/monitoring /run/monitoring/password
SCRIPT
  chmod 0755 /usr/local/bin/grafana-password
}

# service NAME PRE ARGUMENT...: a container on the host's network.
service() {
  local name=$1 pre=$2
  shift 2
  cat >"/etc/systemd/system/monitoring-$name.service" <<UNIT
[Unit]
Description=Monitoring: $name
Requires=docker.service
After=docker.service network-online.target

[Service]
Environment=AWS_DEFAULT_REGION=$MONITORING_REGION
ExecStartPre=-/usr/bin/docker rm --force $name
$pre
ExecStart=/usr/bin/docker run --rm --name $name --network host --cap-drop ALL --security-opt no-new-privileges $*
ExecStop=/usr/bin/docker stop --time 30 $name
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
}

main() {
  dnf install --assumeyes --quiet docker jq
  mount_data
  write_config
  install_secret_reader
  systemctl enable --now docker.service
  service prometheus '' -v "$etc/prometheus.yml:/etc/prometheus/prometheus.yml:ro" -v "$data/prometheus:/prometheus" \
    "$MONITORING_PROMETHEUS_IMAGE" --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus \
    "--storage.tsdb.retention.time=${MONITORING_RETENTION_DAYS}d" --web.listen-address=127.0.0.1:9090
  service grafana "ExecStartPre=/usr/local/bin/grafana-password $MONITORING_SECRET" \
    -v "$etc/provisioning:/etc/grafana/provisioning:ro" -v "$etc/dashboards:/etc/grafana/dashboards:ro" \
    -v "$data/grafana:/var/lib/grafana" -v /run/monitoring:/run/monitoring:ro \
    -e GF_SERVER_HTTP_ADDR=127.0.0.1 -e GF_SECURITY_ADMIN_PASSWORD__FILE=/run/monitoring/password \
    -e GF_ANALYTICS_REPORTING_ENABLED=false "$MONITORING_GRAFANA_IMAGE"
  service cloudwatch '' -v "$etc/cloudwatch.yml:/etc/yace.yml:ro" "$MONITORING_CLOUDWATCH_IMAGE" \
    --listen-address=127.0.0.1:5000 --config.file=/etc/yace.yml
  service node-exporter '' --pid host -v /:/host:ro,rslave "$MONITORING_NODE_IMAGE" \
    --path.rootfs=/host --web.listen-address=127.0.0.1:9100
  systemctl daemon-reload
  systemctl enable --now monitoring-{prometheus,grafana,cloudwatch,node-exporter}.service
}

main
