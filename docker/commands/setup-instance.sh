#!/bin/bash
# Runs the present set-up again on a stack's trading hosts: clock, kernel, metrics, services, hooks.
#
# Usage: setup-instance.sh STACK
set -euo pipefail

if [ $# -ne 1 ]; then
  sed -n 's/^# \{0,1\}//; 2,4p' "$0" >&2
  exit 2
fi
project=${PROJECT:-trading-platform}
"$(dirname "$0")/run-document.sh" "$1" "$project-$1-trader-setup" '{}'
