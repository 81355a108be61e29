#!/usr/bin/env bash
# Plans every stack and writes one comment for a pull request: FOLDER/comment.md, and FOLDER/refused with the stacks that a
# mandatory policy or a budget refuses. A plan that fails says so in the comment and ends the script with its status.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

base=${1:?usage: plan-comment.sh BASE FOLDER}
folder=${2:?usage: plan-comment.sh BASE FOLDER}
limit=60000 # GitHub takes 65,536 characters
mkdir -p "$folder"
comment=$folder/comment.md
: >"$folder/refused"
worst=0
echo '<!-- plan -->' >"$comment"

plan() { npm run --silent plan -- "$@"; }

for file in Pulumi.*.yaml; do
  case $file in *.deploy.yaml) continue ;; esac
  stack=${file#Pulumi.}
  stack=${stack%.yaml}
  status=0
  plan "$stack" --format markdown --out "$PWD/$folder/$stack.md" 2>"$folder/$stack.log" || status=$?
  case $status in
    0) ;;
    1) echo "$stack: refused by a mandatory policy or a budget" >>"$folder/refused" ;;
    *)
      printf '## %s\n\nThe plan failed:\n\n~~~\n%s\n~~~\n\n' "$stack" "$(tail -n 40 "$folder/$stack.log")" >>"$comment"
      worst=$status
      continue
      ;;
  esac
  plan "$stack" --diff "$base" --format markdown --out "$PWD/$folder/$stack-difference.md" 2>>"$folder/$stack.log" || true
  {
    printf '## %s\n\n' "$stack"
    if [ -s "$folder/$stack-difference.md" ]; then cat "$folder/$stack-difference.md"; else echo "The base has no such stack."; fi
    printf '\n<details><summary>Resources, policies, cost and diagram</summary>\n\n'
    cat "$folder/$stack.md"
    printf '\n</details>\n\n'
  } >>"$comment"
done

if [ "$(wc -c <"$comment")" -gt "$limit" ]; then
  # What is too long for a comment is in the artifact; the differences are what people read first.
  {
    echo '<!-- plan -->'
    for difference in "$folder"/*-difference.md; do
      name=$(basename "$difference" -difference.md)
      printf '## %s\n\n' "$name"
      head -c $((limit / 4)) "$difference"
      printf '\n\n'
    done
    echo 'The whole plans, with policies, cost and diagrams, are in the artifact "plan" of this run.'
  } >"$comment.short"
  mv "$comment.short" "$comment"
fi
exit "$worst"
