#!/bin/bash
# Runs an SSM document on a stack's trading hosts, found by their tags, one at a time; stops at the first failure.
#
# Usage: run-document.sh STACK DOCUMENT PARAMETERS-JSON
set -euo pipefail

stack=$1 document=$2 parameters=$3
project=${PROJECT:-trading-platform}
command=$(aws ssm send-command --document-name "$document" --parameters "$parameters" \
  --targets "Key=tag:project,Values=$project" "Key=tag:stack,Values=$stack" "Key=tag:component,Values=trader" \
  --max-concurrency 1 --max-errors 0 --query Command.CommandId --output text)
echo "command $command"
while true; do
  read -r status targets <<<"$(aws ssm list-commands --command-id "$command" --output text \
    --query 'Commands[0].[Status, TargetCount]')"
  case $status in
    Pending | InProgress) sleep "${POLL_SECONDS:-5}" ;;
    Success)
      if [ "$targets" = 0 ]; then
        echo "no running trading host in $stack" >&2
        exit 1
      fi
      echo "$targets done"
      exit 0
      ;;
    *)
      echo "$status; see: aws ssm list-command-invocations --details --command-id $command" >&2
      exit 1
      ;;
  esac
done
