#!/usr/bin/env bash
# Measures the CPU time of one operation as a ratio to that of a bare socket: bench/run.sh [LUA...]
# `make bench` builds everything and calls it. nginx sends fixed responses. nginx and one program at a time run on one core.
# Everything runs ROUNDS times, by default 7. The report shows medians, and for the codec the fastest round.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
rounds=${ROUNDS:-7}
. bench/common.sh
. bench/fixed_server.sh

round() { # LUA...; prints one line for each program and operation
  local operation case count lua
  for operation in GetItem:20000 PutItem:20000 Scan:120; do
    case=${operation%:*} count=${operation#*:}
    build/bench/socket "$case" "$port" "$scratch/$case.request" "$count"
    build/bench/easy "$case" "$port" "$scratch/$case.request" "$((count / 2))"
    for lua; do
      lua "$lua" bench/client.lua "$lua" "$case" "$port" "$((count / 2))"
      [ "$case" != Scan ] || lua "$lua" bench/client.lua "$lua" unzip "$port" "$((count / 2))"
      [ "$case" != PutItem ] || lua "$lua" bench/client.lua "$lua" put "$port" "$((count / 2))"
    done
  done
  build/bench/easy GetItem "$tls_port" "$scratch/GetItem.request" 10000 "$scratch/ca.pem"
  for lua; do
    lua "$lua" bench/client.lua "$lua" tls "$tls_port" 10000 "$scratch/ca.pem"
    for case in page_none page_two page_pairs; do lua "$lua" bench/client.lua "$lua" "$case" "$port" 30; done
    lua "$lua" bench/start.lua "$lua" "$port"
    lua "$lua" bench/codec.lua "$lua"
    lua "$lua" bench/many.lua "$lua" "$scratch/GetItem.json"
  done
}

# Once, since these take long, and memory varies little.
memory() { # LUA...
  local lua
  for lua; do
    lua "$lua" bench/memory.lua "$lua" "$port"
    lua "$lua" bench/growth.lua "$lua" "$scratch"
  done
}

versions() { # LUA...
  local lua
  for lua; do "$lua" -v 2>&1 | cut -d' ' -f1-2; done
  build/bench/easy --version
  nginx -v 2>&1 | sed 's/^nginx version: //'
  processor
}

need_built build/bench/socket build/bench/easy build/bench/late
for lua; do need_built "build/$lua/dynamodb/core.so"; done
pin
serve "$1"
run_rounds "$scratch/results" "$@"
versions "$@" >"$scratch/versions"
echo "memory, and how cost grows" >&2
memory "$@" >"$scratch/memory"
lua "$1" bench/report.lua "$scratch/results" "$scratch/memory" "$scratch/versions" "$@"
