#!/bin/bash
# Runs the market-data websocket server: one container, one stream a key. The settings INGEST_* stand above this text;
# the key itself is read from Secrets Manager into memory when the service starts.
set -Eeuo pipefail
umask 022
export LC_ALL=C.UTF-8 AWS_DEFAULT_REGION=$INGEST_REGION AWS_PAGER=

dnf install --assumeyes --quiet docker jq
systemctl enable --now docker.service

cat >/usr/local/bin/ingest-secret <<'SCRIPT'
#!/bin/bash
set -euo pipefail
umask 077
install -d -m 0700 /run/ingest
aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text |
  jq -er '"ALPACA_KEY_ID=\(.alpacaKeyId)\nALPACA_SECRET_KEY=\(.alpacaSecretKey)"' >/run/ingest/secret.env
SCRIPT
chmod 0755 /usr/local/bin/ingest-secret

cat >/usr/local/bin/ingest-pull <<'SCRIPT'
#!/bin/bash
set -euo pipefail
registry=${1%%/*}
if [[ $registry == *.dkr.ecr.*.amazonaws.com* ]]; then
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
fi
docker pull --quiet "$1"
SCRIPT
chmod 0755 /usr/local/bin/ingest-pull

# One variable a line, taken as it stands: docker's env files know no quotes.
install -d -m 0755 /etc/ingest
cat >/etc/ingest/settings.env <<ENV
AWS_DEFAULT_REGION=$INGEST_REGION
INGEST_FEED=$INGEST_FEED
INGEST_SYMBOLS=$INGEST_SYMBOLS
INGEST_PORT=$INGEST_PORT
INGEST_CALENDAR=$INGEST_CALENDAR
INGEST_DELIVERY_STREAM=$INGEST_DELIVERY_STREAM
INGEST_NAMESPACE=$INGEST_NAMESPACE
INGEST_STACK=$INGEST_STACK
ENV

cat >/etc/systemd/system/ingest.service <<UNIT
[Unit]
Description=Market data: one stream in, many readers, raw ticks kept
Requires=docker.service
After=docker.service network-online.target

[Service]
Environment=AWS_DEFAULT_REGION=$INGEST_REGION
ExecStartPre=-/usr/bin/docker rm --force ingest
ExecStartPre=/usr/local/bin/ingest-secret $INGEST_SECRET_ID
ExecStartPre=/usr/local/bin/ingest-pull $INGEST_IMAGE
ExecStart=/usr/bin/docker run --rm --name ingest --network host --env-file /etc/ingest/settings.env \\
  --env-file /run/ingest/secret.env \\
  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --stop-timeout 30 \\
  --log-driver awslogs --log-opt awslogs-region=$INGEST_REGION --log-opt awslogs-group=$INGEST_LOG_GROUP \\
  --log-opt awslogs-stream=ingest $INGEST_IMAGE
ExecStop=/usr/bin/docker stop --time 30 ingest
TimeoutStopSec=60
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --now ingest.service
