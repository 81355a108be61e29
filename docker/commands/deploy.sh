#!/bin/bash
# Deploys a container to a stack's trading hosts without SSH: pulls the image and restarts its container by the stack's
# SSM document, one host at a time, and waits for the outcome.
#
# Usage: deploy.sh STACK IMAGE [CONTAINER]     CONTAINER: trader (default) or ib-gateway
set -euo pipefail

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  sed -n 's/^# \{0,1\}//; 2,5p' "$0" >&2
  exit 2
fi
stack=$1 image=$2 container=${3:-trader}
project=${PROJECT:-trading-platform}
parameters=$(printf '{"Container":["%s"],"Image":["%s"]}' "$container" "$image")
"$(dirname "$0")/run-document.sh" "$stack" "$project-$stack-trader-deploy" "$parameters"
