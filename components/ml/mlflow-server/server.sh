#!/bin/bash
# What the MLflow host runs. As user data it installs itself and its services; systemd then calls it again with a word:
# `prepare` before the server starts, `serve` for the server, `users` once it answers, `refresh` and `watch` on timers.
# Nothing that must be kept is on this host. The settings MLFLOW_* stand above this text.
set -Eeuo pipefail
umask 077
export LC_ALL=C.UTF-8 AWS_DEFAULT_REGION=$MLFLOW_REGION AWS_PAGER=

root=${MLFLOW_ROOT:-} # a folder in place of / in tests
program=$root/usr/local/sbin/mlflow-host
venv=$root/opt/mlflow
etc=$root/etc/mlflow
run=$root/run/mlflow
units=$root/etc/systemd/system
here=http://127.0.0.1:${MLFLOW_LOCAL_PORT:-5000}
metadata=http://169.254.169.254/latest
users_database=mlflow_users

fail() {
  printf 'mlflow-host: %s\n' "$1" >&2
  exit 1
}

# secret ARN FIELD
secret() {
  aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text | jq -er --arg field "$2" '.[$field]'
}

# The password is in no address and no process list: libpq reads the file at each connection, so a rotated one is taken
# without a restart.
address() { # DATABASE [+DRIVER]
  printf 'postgresql%s://%s@%s:%s/%s?sslmode=%s&sslrootcert=%s&passfile=%s' "${2:-}" "$MLFLOW_DATABASE_USER" \
    "$MLFLOW_DATABASE_HOST" "$MLFLOW_DATABASE_PORT" "$1" "${MLFLOW_SSLMODE:-verify-full}" "$etc/rds.pem" "$run/pgpass"
}

# take FILE: whole or not at all, and the server's own.
take() {
  cat >"$1.new"
  [ -n "$root" ] || chown mlflow "$1.new"
  mv "$1.new" "$1"
}

refresh() {
  local password
  mkdir -p "$run"
  [ -n "$root" ] || chown mlflow "$run"
  password=$(secret "$MLFLOW_DATABASE_SECRET" password)
  printf '%s:%s:*:%s:%s\n' "$MLFLOW_DATABASE_HOST" "$MLFLOW_DATABASE_PORT" "$MLFLOW_DATABASE_USER" "$password" |
    take "$run/pgpass"
  certificate
}

# made FILE: a new key and its certificate, as JSON.
made() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 -subj "/CN=$MLFLOW_NAME" \
    -addext "subjectAltName=DNS:$MLFLOW_NAME" -addext 'basicConstraints=critical,CA:TRUE' \
    -addext 'keyUsage=critical,digitalSignature,keyCertSign' -addext 'extendedKeyUsage=serverAuth' \
    -keyout "$run/new.key" -out "$run/new.crt" 2>/dev/null
  jq -n --rawfile key "$run/new.key" --rawfile certificate "$run/new.crt" '{key: $key, certificate: $certificate}' >"$1"
  rm "$run/new.key" "$run/new.crt"
}

# lasts JSON FIELD DAYS: whether a certificate of it is valid so long yet.
lasts() {
  jq -er "$2" "$1" | openssl x509 -noout -checkend $(($3 * 86400)) >/dev/null
}

# One certificate for all hosts after each other. Its key is in Secrets Manager only, its public part in a parameter that
# clients trust. It is renewed in two steps, as a client reads the parameter when it starts: 60 days before the end the next
# one is made and told beside the present one, 30 days before the end it is served, if it was told for 15 days.
certificate() {
  local held=$run/tls.json next=$run/next.json changed=''
  if ! aws secretsmanager get-secret-value --secret-id "$MLFLOW_TLS_SECRET" --query SecretString --output text \
    >"$held" 2>"$run/error"; then
    grep -q ResourceNotFoundException "$run/error" || fail "the certificate cannot be read: $(cat "$run/error")"
    made "$held"
    changed=yes
  fi
  if ! jq -e .next "$held" >/dev/null; then
    if ! lasts "$held" .certificate 60; then
      made "$next"
      jq --slurpfile next "$next" '.next = $next[0]' "$held" >"$held.new"
      changed=yes
    fi
  elif ! lasts "$held" .certificate 5 || { ! lasts "$held" .certificate 30 && ! lasts "$held" .next.certificate 382; }; then
    jq .next "$held" >"$held.new"
    changed=yes
  fi
  [ ! -e "$held.new" ] || mv "$held.new" "$held"
  if [ -n "$changed" ]; then
    jq -er '.certificate + (.next.certificate // "")' "$held" >"$run/trusted"
    # Told before it is kept: a step that breaks off in between is made anew.
    aws ssm put-parameter --name "$MLFLOW_CA_PARAMETER" --type String --overwrite --value "file://$run/trusted" >/dev/null
    aws secretsmanager put-secret-value --secret-id "$MLFLOW_TLS_SECRET" --secret-string "file://$held" >/dev/null
  fi
  jq -er .certificate "$held" | take "$run/tls.crt"
  jq -er .key "$held" | take "$run/tls.key"
  rm -f "$held" "$next" "$run/trusted"
  [ -z "$changed" ] || [ -n "$root" ] || systemctl try-reload-or-restart nginx.service
}

sql() { # DATABASE STATEMENT
  psql "$(address "$1")" --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$2"
}

# The users have a database of their own. The schema is upgraded on deployment, and never without a snapshot before it.
migrate() {
  local present latest snapshot
  [ "$(sql mlflow "select 1 from pg_database where datname = '$users_database'")" = 1 ] ||
    sql mlflow "create database $users_database"
  present=''
  if [ "$(sql mlflow "select to_regclass('public.alembic_version') is not null")" = t ]; then
    present=$(sql mlflow 'select version_num from alembic_version')
  fi
  latest=$("$venv/bin/python" -c \
    'from mlflow.store.db.utils import _get_latest_schema_revision as latest; print(latest())')
  [ -n "$present" ] && [ "$present" != "$latest" ] || return 0
  snapshot=$MLFLOW_DATABASE-before-$latest
  echo "mlflow-host: the schema goes from $present to $latest, after snapshot $snapshot"
  aws rds describe-db-snapshots --db-snapshot-identifier "$snapshot" >/dev/null 2>&1 ||
    aws rds create-db-snapshot --db-instance-identifier "$MLFLOW_DATABASE" --db-snapshot-identifier "$snapshot" >/dev/null
  aws rds wait db-snapshot-available --db-snapshot-identifier "$snapshot"
  "$venv/bin/mlflow" db upgrade "$(address mlflow +psycopg2)"
}

prepare() {
  refresh
  migrate
  take "$run/auth.ini" <<INI
[mlflow]
default_permission = READ
database_uri = $(address "$users_database" +psycopg2)
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
INI
  # No file of the environment: the values are this process's and the server's alone.
  take "$run/admin" <<<"$(secret "$MLFLOW_ADMIN_SECRET" password)"
  take "$run/session" <<<"$(secret "$MLFLOW_ADMIN_SECRET" sessionKey)"
}

serve() {
  MLFLOW_AUTH_CONFIG_PATH=$run/auth.ini
  MLFLOW_AUTH_ADMIN_PASSWORD=$(<"$run/admin")
  MLFLOW_FLASK_SERVER_SECRET_KEY=$(<"$run/session")
  export MLFLOW_AUTH_CONFIG_PATH MLFLOW_AUTH_ADMIN_PASSWORD MLFLOW_FLASK_SERVER_SECRET_KEY
  exec "$venv/bin/mlflow" server --host 127.0.0.1 --port "${here##*:}" --workers 2 --app-name basic-auth \
    --backend-store-uri "$(address mlflow +psycopg2)" --serve-artifacts --artifacts-destination "$MLFLOW_ARTIFACTS" \
    --allowed-hosts "$MLFLOW_NAME,$MLFLOW_NAME:443,127.0.0.1:${here##*:}"
}

# call METHOD PATH: as the administrator, with the body on standard input; prints the answer's status. Neither credentials nor
# body are in a process list.
call() {
  cat >"$run/body"
  printf 'user = "admin:%s"\n' "$(<"$run/admin")" |
    curl --silent --show-error --config - --output "$run/answer" --write-out '%{http_code}' --request "$1" \
      --header 'Content-Type: application/json' --data "@$run/body" "$here/api/2.0/mlflow/users/$2"
}

# Every user that the stack names exists, with the password that its secret holds now.
users() {
  local name arn body status tries
  for ((tries = 0; tries < 120; tries++)); do
    ! curl --fail --silent --output /dev/null "$here/health" || break
    sleep 2
  done
  while read -r name arn; do
    [ -n "$name" ] || continue
    body=$(secret "$arn" password | jq -R --arg username "$name" '{username: $username, password: .}')
    status=$(call POST create <<<"$body")
    case $status in
      200) continue ;;
      400 | 409) ;; # is there already
      *) fail "the user $name cannot be made: $status $(head -c 300 "$run/answer")" ;;
    esac
    status=$(call PATCH update-password <<<"$body")
    [ "$status" = 200 ] || fail "the password of $name cannot be set: $status $(head -c 300 "$run/answer")"
  done <<<"$MLFLOW_USERS"
}

# Tells CloudWatch whether the server answers; after five silent minutes the group replaces this host.
watch() {
  local healthy=0 silent=0
  ! curl --fail --silent --max-time 10 --output /dev/null "$here/health" || healthy=1
  aws cloudwatch put-metric-data --namespace TradingPlatform/Mlflow --metric-name Healthy --value "$healthy" \
    --dimensions "Server=$MLFLOW_NAME"
  [ "$healthy" = 0 ] || { rm -f "$run/silent" && return 0; }
  [ ! -e "$run/silent" ] || silent=$(<"$run/silent")
  silent=$((silent + 1))
  echo "$silent" >"$run/silent"
  [ "$silent" -lt 5 ] || replace_me
}

# Another host takes this one's place, also while the group still waits for this one to start.
replace_me() {
  local token id
  token=$(curl --fail --silent --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
  id=$(curl --fail --silent --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/instance-id")
  aws autoscaling set-instance-health --instance-id "$id" --health-status Unhealthy --no-should-respect-grace-period
}

# A host that could not be set up has no name and no watch: nobody else would notice. The pause is for whoever looks, and
# keeps the group from starting hosts without end while a package index is away.
give_up() {
  local status=$?
  [ "$status" != 0 ] || return 0
  echo "mlflow-host: this host could not be set up ($status); another takes its place" >&2
  sleep "${MLFLOW_PAUSE:-300}"
  replace_me
}

# The stable name leads to this host from now on.
take_name() {
  local token ip
  token=$(curl --fail --silent --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$metadata/api/token")
  ip=$(curl --fail --silent --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/local-ipv4")
  jq -n --arg name "$MLFLOW_NAME" --arg ip "$ip" '{Changes: [{Action: "UPSERT", ResourceRecordSet:
    {Name: $name, Type: "A", TTL: 30, ResourceRecords: [{Value: $ip}]}}]}' >"$run/change.json"
  aws route53 change-resource-record-sets --hosted-zone-id "$MLFLOW_ZONE" --change-batch "file://$run/change.json" >/dev/null
}

service() { # NAME LINE...
  local name=$1
  shift
  printf '%s\n' '[Unit]' "Description=MLflow: ${name%%.*}" 'After=network-online.target' 'Wants=network-online.target' \
    "$@" >"$units/mlflow-$name"
}

write_files() {
  mkdir -p "$etc" "$units" "$root/etc/nginx/conf.d"
  service server.service '' '[Service]' 'User=mlflow' "ExecStartPre=+$program prepare" "ExecStart=$program serve" \
    "ExecStartPost=+$program users" 'TimeoutStartSec=3600' 'Restart=always' 'RestartSec=15' 'NoNewPrivileges=yes' \
    'ProtectHome=yes' 'PrivateTmp=yes' '' '[Install]' 'WantedBy=multi-user.target'
  local word
  for word in refresh:1min watch:1min; do
    service "${word%:*}.service" '' '[Service]' 'Type=oneshot' "ExecStart=$program ${word%:*}"
    service "${word%:*}.timer" '' '[Timer]' 'OnBootSec=10min' "OnUnitActiveSec=${word#*:}" '' '[Install]' \
      'WantedBy=timers.target'
  done
  cat >"$root/etc/nginx/conf.d/mlflow.conf" <<NGINX
server {
  listen 443 ssl;
  server_name $MLFLOW_NAME;
  ssl_certificate $run/tls.crt;
  ssl_certificate_key $run/tls.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  client_max_body_size 0;
  location / {
    proxy_pass $here;
    proxy_set_header Host \$host;
    proxy_set_header X-Forwarded-Proto https;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_read_timeout 600s;
  }
}
NGINX
}

install() {
  trap give_up EXIT
  dnf install --assumeyes --quiet python3.11 nginx postgresql15 jq openssl
  id mlflow >/dev/null 2>&1 || useradd --system --home-dir "$venv" --shell /usr/sbin/nologin mlflow
  mkdir -p "$(dirname "$program")" "$etc"
  cp "$0" "$program"
  chmod 0755 "$program" "$etc"
  curl --fail --silent --show-error --output "$etc/rds.pem" \
    https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
  chmod 0644 "$etc/rds.pem"
  # An image that brings this folder with it needs no package index.
  if [ ! -x "$venv/bin/mlflow" ]; then
    (umask 022 && python3.11 -m venv "$venv" && printf '%s\n' "$MLFLOW_REQUIREMENTS" >"$venv/requirements.txt" &&
      "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$venv/requirements.txt")
  fi
  write_files
  systemctl daemon-reload
  refresh
  systemctl enable --now nginx.service
  systemctl enable --now mlflow-server.service
  take_name
  systemctl enable --now mlflow-refresh.timer mlflow-watch.timer
}

case ${1:-install} in
  install | prepare | serve | users | refresh | watch) "${1:-install}" ;;
  *) fail "no such word: $1" ;;
esac
