#!/usr/bin/env bash
# Makes the Python environment in which the tests run a real MLflow: the server's own pins and the AWS command line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p .cache
python3 -m venv .cache/mlflow
.cache/mlflow/bin/pip install --quiet --disable-pip-version-check \
  --requirement components/ml/mlflow-server/requirements.txt awscli==1.46.3
