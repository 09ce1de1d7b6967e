#!/usr/bin/env bash
# Builds the modules twice, in directories, languages, time zones and orders that differ, and compares the bytes: tools/reproducible.sh LUA
set -eu -o pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
first=$scratch/a second=$scratch/another/directory
for copy in "$first" "$second"; do
  mkdir -p "$copy"
  cp -R Makefile csrc lua "$copy"
done

build() { # DIRECTORY ARGS...
  make -s -C "$1" LUA="$lua" SAN= CC=cc CFLAGS='-O2 -g' LDFLAGS= "${@:2}"
}

lua=$1
build "$first" all
(
  umask 077
  export TZ=Asia/Tokyo LC_ALL=C HOME=/ USER=another
  build "$second" "build/$lua/dynamodb/curl.so" "build/$lua/dynamodb/core.so"
)
for module in core curl; do
  cmp "$first/build/$lua/dynamodb/$module.so" "$second/build/$lua/dynamodb/$module.so"
done
