#!/usr/bin/env bash
# Records digests in a stack's file by a pull request from the branch digests/STACK: opens one, or renews the one there is;
# where the file says them already, closes the one there is. It never writes to the branch it started from, and what it
# proposes builds the same images: merged, the next run has nothing to record.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage="usage: record-digests.sh STACK BASE IMAGE=DIGEST..."
stack=${1:?$usage}
base=${2:?$usage}
shift 2
[ $# -gt 0 ] || { echo "$usage" >&2; exit 2; }
branch=digests/$stack
file=Pulumi.$stack.yaml

npm run --silent pin -- "$stack" --if-used "$@"
open=$(gh pr list --head "$branch" --base "$base" --state open --json number --jq '.[0].number // empty')

if git diff --quiet -- "$file"; then
  [ -z "$open" ] || gh pr close "$open" --comment "$file says what $stack runs."
  exit 0
fi

title="Record the images that $stack runs"
body="$stack was deployed with these images and verified; its file does not say them yet:
$(printf '\n- %s' "$@")"
git -c user.name='github-actions[bot]' -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
  commit --quiet --message "$title" -- "$file"
git -c credential.helper= -c credential.helper='!gh auth git-credential' \
  push --quiet --force origin "HEAD:refs/heads/$branch"
if [ -n "$open" ]; then
  gh pr edit "$open" --body "$body"
else
  gh pr create --base "$base" --head "$branch" --title "$title" --body "$body"
fi
