#!/usr/bin/env bash
# Builds an image, and where REGISTRY names one pushes it and writes "IMAGE=DIGEST" into the file that DIGEST_FILE names.
# Its tag is a hash of the files it is made of: what was pushed before is neither built nor pushed again, so the same sources
# keep their digest, and a commit that touches none of them changes nothing that runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage="usage: build-image.sh IMAGE DOCKERFILE CONTEXT SOURCE..."
image=${1:?$usage}
file=${2:?$usage}
context=${3:?$usage}
shift 3
[ $# -gt 0 ] || { echo "$usage" >&2; exit 2; }

for source in "$file" "$@"; do
  [ -n "$(git ls-tree HEAD -- "$source")" ] || { echo "build-image.sh: $source is not in the repository" >&2; exit 2; }
done
tag=$(git ls-tree -r HEAD -- "$file" "$@" | sha256sum | cut -c1-40)
registry=${REGISTRY:-}

# Digest of the tag in the registry; empty where there is none. Whatever else goes wrong ends the script.
pushed() {
  local said status=0
  said=$(aws ecr describe-images --repository-name "$image" --image-ids "imageTag=$tag" \
    --query 'imageDetails[0].imageDigest' --output text 2>&1) || status=$?
  if [ "$status" -eq 0 ]; then
    echo "$said"
  elif [[ $said != *ImageNotFoundException* ]]; then
    echo "$said" >&2
    return "$status"
  fi
}

build() { docker build --pull --file "$file" --tag "$1" "$context"; }

if [ -z "$registry" ]; then
  build "$image:$tag"
  exit 0
fi
digest=$(pushed)
if [ -z "$digest" ]; then
  build "$registry/$image:$tag"
  aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
  docker push --quiet "$registry/$image:$tag"
  digest=$(pushed)
fi
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "build-image.sh: $image:$tag has no digest: \"$digest\"" >&2; exit 1; }
echo "$image=$digest" >"${DIGEST_FILE:?}"
echo "$image: \`$digest\` (tag \`$tag\`)" >>"${GITHUB_STEP_SUMMARY:-/dev/stdout}"
