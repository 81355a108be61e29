#!/usr/bin/env bash
# Names the test files of a suite: `integration` is what starts the emulated AWS, a database or a browser, `unit` the rest.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

suite=${1:?usage: test-files.sh unit|integration}
servers='startEmulator|support/fleet"|redis-server|initdb|playwright'
case $suite in
  unit) select=--files-without-match ;;
  integration) select=--files-with-matches ;;
  *)
    echo "test-files.sh: \"$suite\" is no suite; allowed: unit, integration" >&2
    exit 2
    ;;
esac
find test -name '*.test.ts' -not -path 'test/engine/*' -print0 | sort -z | xargs -0 grep -E "$select" "$servers"
