#!/bin/bash
# Starts IB Gateway in paper or live mode. The login comes by environment from a secret; IBC reads it from a file in memory.
set -euo pipefail
umask 077

mode=${TRADING_MODE:-paper}
case $mode in
  paper) port=4002 ;;
  live) port=4001 ;;
  *) echo "TRADING_MODE is paper or live, not $mode" >&2; exit 2 ;;
esac
if [ "${IB_GATEWAY_PORT:-$port}" != "$port" ]; then
  echo "port ${IB_GATEWAY_PORT} is not the port for $mode trading ($port)" >&2
  exit 2
fi
if [ "${1:-}" = --health ]; then exec nc -z 127.0.0.1 "$port"; fi

: "${TWS_USERID:?is missing}" "${TWS_PASSWORD:?is missing}"
config=$(mktemp -d /dev/shm/ibc-XXXXXX)
cat >"$config/config.ini" <<CONFIG
IbLoginId=$TWS_USERID
IbPassword=$TWS_PASSWORD
TradingMode=$mode
OverrideTwsApiPort=$port
AcceptIncomingConnectionAction=accept
AcceptNonBrokerageAccountWarning=yes
ReadOnlyApi=no
ExistingSessionDetectedAction=primary
AutoRestartTime=11:45 PM
CONFIG
unset TWS_USERID TWS_PASSWORD

Xvfb :1 -screen 0 1024x768x16 -nolisten tcp &
export DISPLAY=:1
version=$(find /opt/ibgateway -maxdepth 1 -name 'ibgateway-*' -printf '%f\n' | sed -n 's/ibgateway-//p' | head -n 1)
exec /opt/ibc/scripts/ibcstart.sh "${version:-stable}" --gateway --mode="$mode" \
  --tws-path=/opt --tws-settings-path="$HOME" --ibc-path=/opt/ibc --ibc-ini="$config/config.ini"
