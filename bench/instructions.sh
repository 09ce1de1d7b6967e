#!/usr/bin/env bash
# Counts the instructions of calls by callgrind and compares them with bench/instructions.txt: bench/instructions.sh [LUA...]
# `make bench-instructions` builds everything and calls it. It fails if a row needs 3 % more than the committed one.
# With UPDATE=1 it writes the table instead. The profiles stay in build/bench/LUA, for callgrind_annotate.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- lua5.4 luajit
. bench/common.sh
committed=bench/instructions.txt measured=build/bench/instructions.txt
scratch=build/bench/responses # a fixed name, since the names of files are strings of the script
mkdir -p "$scratch"
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# Runs a command without address space randomization, where that is permitted.
if setarch -R true 2>/dev/null; then
  without_randomization() { setarch -R "$@"; }
else
  without_randomization() { "$@"; }
fi

# Writes NAME.response for each NAME.json.
write_responses() {
  local body
  for body in "$scratch"/*.json; do
    printf '%s\r\n' 'HTTP/1.1 200 OK' 'Server: nginx' 'Date: Fri, 15 Jan 2027 08:00:00 GMT' \
      'Content-Type: application/x-amz-json-1.0' 'x-amzn-requestid: 5AVQ0MEPF0HMVPGPG7E4TLPVVRVV4KQNSO5AEMVJF66Q9ASUAAJG' \
      "x-amz-crc32: $(crc32 "$body")" "Content-Length: $(wc -c <"$body")" '' | cat - "$body" >"${body%.json}.response"
  done
}

# The environment and the limit of the stack decide where the stack begins, so they are the same in each run.
# Without fastbins, malloc does not join small chunks now and then, which would count for the call that triggers it.
# LuaJIT runs its interpreter, since what its compiler compiles depends on addresses.
count() { # LUA
  local options=()
  [[ $1 != luajit* ]] || options=(-joff)
  rm -f build/bench/"$1"/callgrind.*
  (
    ulimit -s 8192
    without_randomization env -i PATH="$PATH" LUA_PATH="$LUA_PATH" LUA_CPATH="build/$1/?.so;build/bench/$1/?.so;;" \
      LD_PRELOAD="build/bench/$1/counter.so" HOME=/nonexistent LC_ALL=C \
      GLIBC_TUNABLES=glibc.malloc.mxfast=0 \
      valgrind -q --tool=callgrind --instr-atstart=no --callgrind-out-file="build/bench/$1/callgrind" \
      "$1" "${options[@]}" bench/instructions.lua "$scratch"
  ) >"build/bench/$1/callgrind.log" 2>&1
}

# The counts depend on these, and are compared only where they are the same.
system() { # LUA...; prints one line
  local lua
  {
    for lua; do "$lua" -v 2>&1 | cut -d' ' -f1-2; done
    echo "gcc $(cc -dumpfullversion -dumpversion)"
    getconf GNU_LIBC_VERSION
    echo "libcrypto $(pkg-config --modversion libcrypto | cut -d. -f1-2)"
    echo "libcurl $(pkg-config --modversion libcurl)"
    valgrind --version
    uname -m
    grep -qw avx2 /proc/cpuinfo && echo avx2 || echo "no avx2"
  } | paste -sd, | sed 's/,/, /g'
}

need_built build/bench/late
for lua; do need_built "build/bench/$lua/counter.so" "build/$lua/dynamodb/core.so"; done
lua "$1" bench/fixtures.lua "$scratch" 8000
write_responses
pids=()
for lua; do
  count "$lua" &
  pids+=($!)
done
for lua; do
  wait "${pids[0]}" || { cat "build/bench/$lua/callgrind.log" >&2; exit 1; }
  pids=("${pids[@]:1}")
done
lua "$1" bench/counts.lua "$(system "$@")" "$@" >"$measured"
if [ -n "${UPDATE-}" ]; then
  cp "$measured" "$committed"
  cat "$committed"
else
  lua "$1" bench/compare.lua "$committed" "$measured"
fi
