#!/usr/bin/env bash
# Measures 64 tasks that read at once, with and without coalescing: bench/coalescing.sh [LUA...]
# `make bench-coalescing` builds everything and calls it. The server responds after 5 ms. UPDATE=1 also writes doc/coalescing.svg.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
rounds=${ROUNDS:-7}
delay=5
. bench/common.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for lua; do need_built "build/$lua/dynamodb/core.so" "build/$lua/dynamodb/curl.so"; done
coproc server { exec node bench/coalescing_server.js "$delay"; }
read -r port <&"${server[0]}"
for lua; do lua "$lua" bench/coalescing.lua "$lua" "$port" "$rounds"; done >"$scratch/results"
lua "$1" bench/coalescing_report.lua "$scratch/results" "$delay" "$rounds" "$(processor)" "$scratch/picture"
if [ -n "${UPDATE:-}" ]; then cp "$scratch/picture" doc/coalescing.svg; fi
