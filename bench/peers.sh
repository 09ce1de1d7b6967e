#!/usr/bin/env bash
# Measures the same calls with this library, boto3 and the AWS SDK for JavaScript: bench/peers.sh [LUA...]
# `make bench-peers` builds and installs everything and calls it. All clients call the same nginx, which sends fixed
# responses; nginx and one client at a time run on one core. The rounds (ROUNDS, by default 5) are interleaved.
# Writes build/bench/peers.json and draws build/bench/performance.svg; with UPDATE=1 also bench/peers.json and
# doc/performance.svg.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
rounds=${ROUNDS:-5}
. bench/common.sh
. bench/fixed_server.sh
export AWS_CONFIG_FILE=/nonexistent AWS_SHARED_CREDENTIALS_FILE=/nonexistent AWS_EC2_METADATA_DISABLED=true NODE_ENV=production

round() { # LUA...
  local case lua
  for case in GetItem:10 PutItem:10 Scan:0.1; do
    for lua; do
      lua "$lua" bench/peers/client.lua "$lua" "${case%:*}" "$port" "$(calls 1000 "$case")"
    done
    node bench/peers/sdk_js_client.js "${case%:*}" "$port" "$(calls 100 "$case")"
    /usr/bin/python3 bench/peers/boto3_client.py "${case%:*}" "$port" "$(calls 50 "$case")"
  done
}

calls() { # NUMBER CASE:FACTOR
  awk -v number="$1" -v factor="${2#*:}" 'BEGIN { printf "%d", number * factor }'
}

# Prints lines of KEY VALUE; a client's label is the version that was measured.
facts() { # LUA...
  local lua
  echo "measured $(date -u +%F)"
  echo "machine $(processor), one core"
  echo "server $(nginx -v 2>&1 | sed 's/^nginx version: //')"
  echo "rounds $rounds"
  for lua; do echo "client $lua this library, $("$lua" -v 2>&1 | cut -d' ' -f1-2)"; done
  echo "client sdk-js AWS SDK for JavaScript $(sdk_version), Node $(node --version | tr -d v)"
  echo "client boto3 boto3 $(/usr/bin/python3 -c 'import boto3, platform; print(boto3.__version__ + ", Python " + platform.python_version())')"
}

sdk_version() {
  sed -n 's/^ *"version": "\(.*\)",$/\1/p' build/peers/node_modules/@aws-sdk/client-dynamodb/package.json
}

for lua; do need_built "build/$lua/dynamodb/core.so"; done
pin
serve "$1"
run_rounds "$scratch/results" "$@"
facts "$@" >"$scratch/facts"
data=build/bench/peers.json picture=build/bench/performance.svg
mkdir -p build/bench
lua "$1" bench/peers_data.lua "$scratch/results" "$scratch/facts" >"$data"
lua "$1" bench/draw.lua "$data" >"$picture"
cat "$data"
if [ -n "${UPDATE-}" ]; then
  cp "$data" bench/peers.json
  cp "$picture" doc/performance.svg
fi
