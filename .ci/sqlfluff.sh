#!/usr/bin/env bash
# Every statement that Amazon Redshift is sent (test/golden/redshift), read by sqlfluff's grammar of Redshift, which is
# not ours; from PyPI, or Debian's. Where neither can be had it says so, and exits 75.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

from_pypi() {
  python3 -m venv "$folder/venv" &&
    timeout 300 "$folder/venv/bin/pip" install --quiet --disable-pip-version-check sqlfluff==4.5.0
}

from_debian() {
  [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null &&
    timeout 300 apt-get update -qq &&
    timeout 300 apt-get install -y -qq --no-install-recommends sqlfluff
}

if from_pypi > "$folder/pypi.txt" 2>&1; then
  python=$folder/venv/bin/python
elif from_debian > "$folder/debian.txt" 2>&1; then
  python=/usr/bin/python3
else
  echo "sqlfluff cannot be had from PyPI or Debian: $(tail -qn 1 "$folder"/*.txt | paste -sd ' ')"
  exit 75
fi
"$python" .ci/parse-statements.py test/golden/redshift
