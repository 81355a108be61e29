#!/bin/bash
# Boots a host of a web tier: metrics agent, container runtime, one container from a digest, secrets kept in memory only.
set -euo pipefail

region=@REGION@
image=@IMAGE@
port=@PORT@
health_path=@HEALTH_PATH@
log_group=@LOG_GROUP@

dnf install -y -q docker jq amazon-cloudwatch-agent

cat >/opt/aws/amazon-cloudwatch-agent/etc/platform.json <<'JSON'
@AGENT_CONFIG@
JSON
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/platform.json

install -d -m 0700 /etc/app
cat >/etc/app/plain.env <<'ENV'
@PLAIN_ENV@
ENV
cat >/etc/app/secrets.list <<'SECRETS'
@SECRET_LIST@
SECRETS

# Reads secrets into memory (/run is a tmpfs) at every start of the service, so that a restart takes a rotated value.
cat >/usr/local/bin/app-secrets <<'SCRIPT'
#!/bin/bash
set -euo pipefail
umask 077
install -d -m 0700 /run/app
: >/run/app/secrets.env
while read -r name arn field; do
  [ -n "$name" ] || continue
  value=$(aws secretsmanager get-secret-value --region "$1" --secret-id "$arn" --query SecretString --output text)
  [ -z "$field" ] || value=$(jq -er --arg field "$field" '.[$field]' <<<"$value")
  printf '%s=%s\n' "$name" "$value" >>/run/app/secrets.env
done </etc/app/secrets.list
SCRIPT
chmod 0755 /usr/local/bin/app-secrets

systemctl enable --now docker
if [[ "$image" == *.dkr.ecr.*/* ]]; then
  aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "${image%%/*}"
fi
docker pull -q "$image"

cat >/etc/systemd/system/app.service <<UNIT
[Unit]
Description=Application container
After=docker.service network-online.target
Requires=docker.service

[Service]
Restart=always
RestartSec=5
TimeoutStopSec=120
ExecStartPre=/usr/local/bin/app-secrets $region
ExecStartPre=-/usr/bin/docker rm -f app
ExecStart=/usr/bin/docker run --rm --name app --network host --read-only --tmpfs /tmp --cap-drop ALL \
  --security-opt no-new-privileges --env-file /etc/app/plain.env --env-file /run/app/secrets.env --env PORT=$port \
  --log-driver awslogs --log-opt awslogs-region=$region --log-opt awslogs-group=$log_group $image
ExecStop=/usr/bin/docker stop --time 110 app

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now app

# The load balancer decides about traffic; this only makes a broken release show in the boot log.
for _ in $(seq 60); do
  if curl -fsS -o /dev/null "http://localhost:$port$health_path"; then exit 0; fi
  sleep 5
done
echo "the application does not answer on port $port$health_path" >&2
exit 1
