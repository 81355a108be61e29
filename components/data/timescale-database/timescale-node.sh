#!/usr/bin/env bash
# One node of a self-managed TimescaleDB: PostgreSQL, archived by pgBackRest, primary or standby as the leader mark says.
# Commands: boot start stop configure promote rejoin restore backup check health metrics grow maintain rotate status install
set -euo pipefail
umask 077

if [ "${1:-status}" != install ]; then
  # shellcheck source=/dev/null
  source "${TIMESCALE_ENV:-/etc/timescale/node.env}"
  : "${NODE:?}" "${PEER:=}" "${PG_BIN:?}" "${PG_DATA:?}" "${PG_PORT:?}" "${PG_SOCKETS:?}" "${STANZA:?}"
  : "${BACKREST_CONF:?}" "${MARKS_URI:?}" "${DB_NAME:?}" "${DB_OWNER:?}"
fi
: "${PG_USER:=postgres}" "${FENCE_SECONDS:=60}" "${PG_MAJOR:=15}"
STATE=$(dirname "${PG_DATA:-/}")

say() { echo "timescale-node: $*" >&2; }
die() { say "$@"; exit 1; }
as_pg() { if [ "$(id -un)" = "$PG_USER" ]; then "$@"; else runuser -u "$PG_USER" -- "$@"; fi; }
backrest() { as_pg pgbackrest --config="$BACKREST_CONF" --stanza="$STANZA" "$@"; }
sql() { as_pg "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$PG_SOCKETS" -p "$PG_PORT" -d "${DB:-postgres}" "$@"; }
running() { as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" status >/dev/null 2>&1; }
in_recovery() { [ "$(sql -c 'select pg_is_in_recovery()')" = t ]; }

mark() { # the text of a mark in the bucket, or "none"
  local text
  if text=$(aws s3 cp "$MARKS_URI/$1" - 2>&1); then echo "$text"
  elif [[ $text == *404* || $text == *"Not Found"* || $text == *NoSuchKey* ]]; then echo none
  else say "cannot read the mark $1: $text"; return 1; fi
}
set_mark() { echo "$2" | aws s3 cp - "$MARKS_URI/$1" --quiet; }
leader() { mark leader; }
peer() { # host and port of the other node, as it wrote them at its start
  if [ -n "$PEER" ]; then mark "node-$PEER"; else echo none; fi
}

secret_field() { # ARN, field, stage
  aws secretsmanager get-secret-value --secret-id "$1" --version-stage "${3:-AWSCURRENT}" --query SecretString --output text |
    python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}

install_packages() { # on a Debian instance that becomes the image, or at first boot
  umask 022
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -qy gnupg curl lsb-release postgresql-common xfsprogs awscli
  sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y
  curl -fsSL https://packagecloud.io/timescale/timescaledb/gpgkey | gpg --dearmor -o /etc/apt/trusted.gpg.d/timescaledb.gpg
  echo "deb https://packagecloud.io/timescale/timescaledb/debian/ $(lsb_release -cs) main" \
    >/etc/apt/sources.list.d/timescaledb.list
  apt-get update -q
  apt-get install -qy "postgresql-$PG_MAJOR" "timescaledb-2-postgresql-$PG_MAJOR" pgbackrest
}

mount_data() {
  local device="/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${DATA_VOLUME/-/}"
  for _ in $(seq 120); do [ -e "$device" ] && break; sleep 5; done
  [ -e "$device" ] || die "the data volume $DATA_VOLUME was not attached within 10 minutes"
  blkid "$device" >/dev/null || mkfs.xfs -q "$device"
  mkdir -p "$STATE"
  grep -q " $STATE " /etc/fstab || echo "$device $STATE xfs noatime,nofail 0 2" >>/etc/fstab
  mountpoint -q "$STATE" || mount "$STATE"
  chown "$PG_USER": "$STATE"
}

write_backrest_conf() {
  [ -n "${BACKREST_REPO:-}" ] || return 0
  install -d -o "$PG_USER" "$(dirname "$BACKREST_CONF")" "$STATE/spool" "$STATE/backrest-log"
  {
    printf '[global]\n%s\n' "$BACKREST_REPO"
    printf 'repo1-retention-full-type=time\nrepo1-retention-full=%s\n' "$RETENTION_DAYS"
    printf 'compress-type=lz4\nprocess-max=2\nstart-fast=y\ndelta=y\n'
    printf 'log-path=%s\nspool-path=%s\n' "$STATE/backrest-log" "$STATE/spool"
    printf '[%s]\npg1-path=%s\npg1-port=%s\npg1-socket-path=%s\n' "$STANZA" "$PG_DATA" "$PG_PORT" "$PG_SOCKETS"
  } >"$BACKREST_CONF"
  chown "$PG_USER" "$BACKREST_CONF"
}

tuning() { # the deployment's parameters: from Parameter Store where they live there, else the first boot's
  if [ -n "${TUNING_PARAMETER:-}" ]; then
    aws ssm get-parameter --name "$TUNING_PARAMETER" --query Parameter.Value --output text
  else printf '%s\n' "${TUNING:-}"; fi
}

configure() {
  local libraries=pg_stat_statements conf="$PG_DATA/conf.d/platform.conf" command parameters
  parameters=$(tuning)
  if [ "${TIMESCALE:-1}" = 1 ]; then libraries="timescaledb,$libraries"; fi
  command="pgbackrest --config=$BACKREST_CONF --stanza=$STANZA"
  as_pg mkdir -p "$PG_DATA/conf.d"
  if ! [ -e "$PG_DATA/server.key" ]; then
    as_pg openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$STANZA-$NODE" \
      -keyout "$PG_DATA/server.key" -out "$PG_DATA/server.crt" 2>/dev/null
  fi
  as_pg tee "$conf" >/dev/null <<CONF
listen_addresses = '*'
port = $PG_PORT
unix_socket_directories = '$PG_SOCKETS'
password_encryption = 'scram-sha-256'
ssl = on
ssl_min_protocol_version = 'TLSv${MINIMUM_TLS:-1.3}'
shared_preload_libraries = '$libraries'
wal_level = replica
wal_log_hints = on
max_wal_senders = 10
hot_standby = on
archive_mode = on
archive_timeout = ${ARCHIVE_TIMEOUT:-60}
archive_command = '$command archive-push %p'
restore_command = '$command archive-get %f "%p"'
logging_collector = on
log_directory = '$STATE/log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_connections = on
log_disconnections = on
$parameters
CONF
  as_pg tee "$PG_DATA/pg_hba.conf" >/dev/null <<HBA
local all $PG_USER peer
hostssl replication replicator ${CLIENT_CIDR:?} scram-sha-256
hostssl all all ${CLIENT_CIDR:?} scram-sha-256
HBA
  grep -q "^include_dir = 'conf.d'" "$PG_DATA/postgresql.conf" ||
    echo "include_dir = 'conf.d'" | as_pg tee -a "$PG_DATA/postgresql.conf" >/dev/null
  if running; then sql -c 'select pg_reload_conf()' >/dev/null; fi
}

server_start() { as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -w -t "${START_SECONDS:-3600}" -l "$STATE/server.log" start >/dev/null; }
stop() { if running; then as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -w -m fast stop >/dev/null; fi; }

hand_over() { # to systemd, after a start by hand
  if [ -d /run/systemd/system ] && systemctl is-enabled -q timescale.service 2>/dev/null; then
    stop
    systemctl restart timescale.service
  fi
}

set_passwords() { # the values reach psql on its standard input only
  local master replication
  master=$(secret_field "$MASTER_SECRET" password)
  replication=$(secret_field "$REPLICATION_SECRET" password)
  sql <<SQL
select format('create role %I login createdb createrole', '$DB_OWNER') where not exists (select from pg_roles where rolname = '$DB_OWNER') \gexec
select 'create role replicator login replication' where not exists (select from pg_roles where rolname = 'replicator') \gexec
alter role "$DB_OWNER" password '${master//\'/\'\'}';
alter role replicator password '${replication//\'/\'\'}';
SQL
}

address() { echo "${ADDRESS:-$(hostname -I | awk '{print $1}')}"; }

rotate() { # takes the pending password of the owner and logs in with it, as a client would
  local pending
  if ! running || in_recovery; then say "the primary does this"; return 0; fi
  pending=$(secret_field "$MASTER_SECRET" password AWSPENDING)
  sql <<SQL
alter role "$DB_OWNER" password '${pending//\'/\'\'}';
SQL
  if ! PGPASSWORD=$pending "$PG_BIN/psql" -X -q -A -t -c 'select 1' \
    "host=$(address) port=$PG_PORT dbname=$DB_NAME user=$DB_OWNER sslmode=require" >/dev/null; then
    set_passwords # clients have the present one until the rotation ends: they are let in again
    die "a log-in with the new password fails: the present one stays"
  fi
}

init_primary() {
  as_pg "$PG_BIN/initdb" -D "$PG_DATA" -U "$PG_USER" -k --auth-local=peer --auth-host=scram-sha-256 >/dev/null
  configure
  server_start
  set_passwords
  sql -c "create database \"$DB_NAME\" owner \"$DB_OWNER\""
  if [ "${TIMESCALE:-1}" = 1 ]; then DB="$DB_NAME" sql -c 'create extension if not exists timescaledb'; fi
  backrest stanza-create
  backrest --type=full backup
  set_mark leader "$NODE"
}

has_backup() { backrest info --output=json | grep -q '"label"'; }

init_standby() { # a copy from the repository, then streaming from the other node
  local host port
  for _ in $(seq "${STANDBY_TRIES:-180}"); do has_backup && break; sleep 10; done
  has_backup || die "no backup in the repository to start a standby from"
  read -r host port < <(peer) || true
  [ "$host" != none ] || die "the other node has not said yet where it is"
  # : and \ have a meaning in a password file
  printf '*:*:*:replicator:%s\n' "$(secret_field "$REPLICATION_SECRET" password | sed 's/[\\:]/\\&/g')" | as_pg tee "$STATE/pgpass" >/dev/null
  chmod 600 "$STATE/pgpass"
  as_pg mkdir -p "$PG_DATA"
  backrest --type=standby --log-level-console=warn \
    --recovery-option="primary_conninfo=host=$host port=$port user=replicator sslmode=require passfile=$STATE/pgpass application_name=$NODE" \
    restore
  configure
  server_start
}

start() {
  local now
  now=$(leader)
  set_mark "node-$NODE" "$(address) $PG_PORT"
  write_backrest_conf
  if running; then say "already running"; return 0; fi
  if [ -e "$PG_DATA/PG_VERSION" ]; then
    if [ "$now" != "$NODE" ] && ! [ -e "$PG_DATA/standby.signal" ]; then
      die "this node was primary and $now leads now: run 'timescale-node rejoin'"
    fi
    configure
    server_start
  elif [ "$now" = "$NODE" ] || { [ "$now" = none ] && [ "$NODE" = a ]; }; then
    if [ "$now" = "$NODE" ]; then # the volume is gone, the repository is not
      as_pg mkdir -p "$PG_DATA"
      backrest --log-level-console=warn restore
      configure
      server_start
    else init_primary; fi
  else init_standby; fi
}

promote() { # the order matters: mark, let the other node step down, then take writes
  local host port
  running || die "the server does not run here"
  in_recovery || die "this node is primary already"
  set_mark leader "$NODE"
  read -r host port < <(peer) || host=none
  if [ "$host" != none ]; then
    for _ in $(seq "$FENCE_SECONDS"); do
      "$PG_BIN/pg_isready" -q -h "$host" -p "$port" -t 1 || break
      sleep 1
    done
  fi
  as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -w -t 300 promote >/dev/null
  sql -c 'checkpoint'
  say "node $NODE takes writes now; the other node comes back with 'timescale-node rejoin'"
}

rejoin() {
  [ "$(leader)" != "$NODE" ] || die "this node leads; only the other one can rejoin"
  stop
  init_standby
  hand_over
}

restore() { # time [directory]: in place, or beside the running server for a look
  local target="${1:?a time such as '2026-03-01 12:00:00+00'}" into="${2:-$PG_DATA}"
  if [ "$into" = "$PG_DATA" ]; then
    [ "$(leader)" = "$NODE" ] || die "only the leading node is restored in place"
    stop
  fi
  as_pg mkdir -p -m 700 "$into"
  backrest --pg1-path="$into" --type=time --target="$target" --target-action=promote --log-level-console=warn restore
  if [ "$into" = "$PG_DATA" ]; then
    configure
    server_start
    hand_over
  else say "start it with: pg_ctl -D $into -o '-p PORT -c archive_mode=off' start"
  fi
}

backup() { if running && ! in_recovery; then backrest --type="${1:-diff}" backup; else say "backups are the primary's"; fi; }

check() { # fences a primary that another node has replaced
  local now
  running && ! in_recovery || return 0
  now=$(leader) || return 0
  if [ "$now" = none ] || [ "$now" = "$NODE" ]; then return 0; fi
  say "node $now leads: this node steps down"
  stop
}

health() { # answers the load balancer on standard input and output: 200 on the primary only
  local code="503 Service Unavailable" line
  while read -r -t 2 line && [ -n "${line%$'\r'}" ]; do :; done
  if running && ! in_recovery; then code="200 OK"; fi
  printf 'HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$code"
}

disk_used() { df --output=pcent "$STATE" | tail -1 | tr -dc '0-9'; }

measure() { # name and value, one a line
  running || { echo "Up 0"; return 0; }
  echo "Up 1"
  sql <<'SQL'
select 'Connections ' || count(*) from pg_stat_activity where backend_type = 'client backend';
select 'ReplicationLagSeconds ' || case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
  then coalesce(round(extract(epoch from now() - pg_last_xact_replay_timestamp())), 0) else 0 end;
select 'Standbys ' || (select count(*) from pg_stat_replication) where not pg_is_in_recovery();
select 'ArchiveDelaySeconds ' || coalesce(round(max(extract(epoch from now() - modification))), 0) from pg_ls_archive_statusdir() where name like '%.ready';
SQL
  echo "DiskUsedPercent $(disk_used)"
  awk '/^MemTotal/{t=$2} /^MemAvailable/{a=$2} END{printf "MemoryUsedPercent %.1f\n", 100*(t-a)/t}' /proc/meminfo
  if ! in_recovery; then
    backrest info --output=json | python3 -c 'import json,sys,time
stops=[b["timestamp"]["stop"] for s in json.load(sys.stdin) for b in s["backup"]]
print("BackupAgeHours", round((time.time()-max(stops))/3600, 2) if stops else 9999)'
  fi
}

metrics() {
  local name value data=()
  while read -r name value; do
    data+=("MetricName=$name,Value=$value,Dimensions=[{Name=Database,Value=$STANZA},{Name=Node,Value=$NODE}]")
  done < <(measure)
  aws cloudwatch put-metric-data --namespace Trading/Timescale --metric-data "${data[@]}"
}

grow() { # one step of a quarter, up to the ceiling, when four fifths are used
  local used size next
  used=$(disk_used)
  size=$(aws ec2 describe-volumes --volume-ids "$DATA_VOLUME" --query 'Volumes[0].Size' --output text)
  if [ "$used" -ge 80 ] && [ "$size" -lt "$MAX_STORAGE_GIB" ]; then
    next=$((size + size / 4 + 1))
    if [ "$next" -gt "$MAX_STORAGE_GIB" ]; then next=$MAX_STORAGE_GIB; fi
    aws ec2 modify-volume --volume-id "$DATA_VOLUME" --size "$next" >/dev/null
    sleep 60
  fi
  xfs_growfs "$STATE" >/dev/null
}

maintain() { # in the maintenance window: what needs a restart takes effect
  running || return 0
  configure
  if [ "$(sql -c 'select count(*) from pg_settings where pending_restart')" -gt 0 ]; then stop; server_start; hand_over; fi
  if ! in_recovery; then set_passwords; backrest check; fi
}

boot() {
  if [ "$PACKAGES" = internet ] && ! command -v pgbackrest >/dev/null; then install_packages; fi
  for tool in "$PG_BIN/postgres" pgbackrest aws python3 openssl; do
    command -v "$tool" >/dev/null || die "the image lacks $tool"
  done
  systemctl disable --now postgresql 2>/dev/null || true
  mount_data
  install -d -o "$PG_USER" "$PG_SOCKETS" "$STATE/log"
  systemctl daemon-reload
  systemctl enable --now timescale.service timescale-health.socket timescale-check.timer timescale-metrics.timer \
    timescale-backup-full.timer timescale-backup-diff.timer timescale-maintain.timer timescale-grow.timer
}

command="${1:-status}"
shift || true
case "$command" in
  boot | start | stop | configure | promote | rejoin | restore | backup | check | health | measure | metrics | grow | maintain | rotate) "$command" "$@" ;;
  install) install_packages ;;
  status)
    echo "node $NODE, leader $(leader)"
    if running; then if in_recovery; then echo standby; else echo primary; fi; else echo stopped; fi
    ;;
  *) die "no command $command" ;;
esac
