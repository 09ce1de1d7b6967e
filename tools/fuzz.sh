#!/usr/bin/env bash
# Runs fuzz targets, which the Makefile has built: tools/fuzz.sh SECONDS JOBS CORPUS TARGET...
# A target is core/NAME or LUA/NAME, such as core/json and luajit/config. CORPUS is a directory in which the inputs that were
# found are kept for the next run, or "" to begin with the seeds. Findings are written to build/fuzz/artifacts.
set -eu -o pipefail
cd "$(dirname "$0")/.."
seconds=$1 jobs=$2 corpus=$3
shift 3
export FUZZ_ARTIFACTS=build/fuzz/artifacts LUA_PATH='lua/?.lua;lua/?/init.lua;;'
export UBSAN_OPTIONS=print_stacktrace=1
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4
mkdir -p $FUZZ_ARTIFACTS build/fuzz/log

# Prints the last line of a log that matches, or nothing.
last() { # LOG PATTERN
  grep -aE "$2" "$1" | tail -n 1 || true
}

# Runs one target and prints one line about it, or its report.
fuzz() { # TARGET
  local room=${1%/*} name=${1#*/} kept log options
  log=build/fuzz/log/$room-$name
  local program=build/fuzz/$1
  [ "$room" = core ] || program=build/fuzz/host-$room
  kept=${corpus:+$corpus/$name}
  [ -n "$kept" ] || kept=$(mktemp -d)
  mkdir -p "$kept"
  options=(-seed=1 -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 -max_len=1024 -print_final_stats=1
    -artifact_prefix="$FUZZ_ARTIFACTS/$room-$name-")
  [ "$room" = core ] || options+=(-detect_leaks=0) # Lua frees its memory at the end, when leaks are looked for
  [ ! -e "spec/corpus/$name.dict" ] || options+=(-dict="spec/corpus/$name.dict")
  local code=0
  FUZZ_SCRIPT=$name "$program" "${options[@]}" "$kept" "spec/corpus/$name" >"$log" 2>&1 </dev/null || code=$?
  [ -n "$corpus" ] || rm -rf "$kept"
  if [ $code != 0 ]; then
    grep -avE '^#[0-9]+\s|^INFO: |^0x|libFuzzer|^stat::|^Base64|^Dictionary' "$log" |
      grep -avE '^ +#[0-9]' | cut -c1-500 | head -n 30
    grep -aE '^ +#[0-9].* (csrc|spec)/|^ +#[0-9].*/(csrc|spec)/' "$log" | head -n 10 || true
    echo "$1: finding; the input is in $FUZZ_ARTIFACTS, all output in $log. Again:"
    echo "  FUZZ_SCRIPT=$name LUA_PATH='$LUA_PATH' $program FILE"
    return 1
  fi
  echo "$1: $(last "$log" '^Done ' | sed -E 's/^Done ([0-9]+) runs.*/\1 inputs/'), $(
    last "$log" 'cov: ' | sed -E 's/.*cov: ([0-9]+).*/\1 edges of C/')$(
    last "$log" '^(lua|[a-z0-9]+): [0-9]+ (pairs|results)' | sed -E 's/^[^:]*: /, /')"
}

if [ "$jobs" = 0 ]; then # one target, called by xargs below
  fuzz "$1"
else
  printf '%s\n' "$@" | xargs -P "$jobs" -I{} "$0" "$seconds" 0 "$corpus" {}
fi
