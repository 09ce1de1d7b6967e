#!/usr/bin/env bash
# Simulates one hot key among 1,000 in each retry mode: bench/throttling.sh [LUA...]
# `make bench-throttling` builds everything and calls it. Time is simulated. UPDATE=1 also writes doc/throttling.svg.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
seconds=${SECONDS_SIMULATED:-30}
. bench/common.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for lua; do need_built "build/$lua/dynamodb/core.so" "build/$lua/dynamodb/curl.so"; done
for lua; do lua "$lua" bench/throttling.lua "$lua" "$seconds"; done >"$scratch/results"
lua "$1" bench/throttling_report.lua "$scratch/results" "$seconds" "$scratch/picture"
if [ -n "${UPDATE:-}" ]; then cp "$scratch/picture" doc/throttling.svg; fi
