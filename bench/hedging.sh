#!/usr/bin/env bash
# Measures how long reads take with and without hedging: bench/hedging.sh [LUA...]
# `make bench-hedging` builds everything and calls it. The server responds after 3 ms, and to 2 % of the requests after 300 ms.
# UPDATE=1 also writes doc/hedging.svg.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
reads=${READS:-10000} rounds=${ROUNDS:-5}
. bench/common.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for lua; do need_built "build/$lua/dynamodb/core.so" "build/$lua/dynamodb/curl.so"; done
coproc server { exec node bench/hedging_server.js; }
read -r port <&"${server[0]}"
for lua; do lua "$lua" bench/hedging.lua "$lua" "$port" "$reads" "$rounds"; done >"$scratch/results"
lua "$1" bench/hedging_report.lua "$scratch/results" "$reads" "$rounds" "$(processor)" "$scratch/picture"
if [ -n "${UPDATE:-}" ]; then cp "$scratch/picture" doc/hedging.svg; fi
