#!/usr/bin/env bash
# Runs the specs of a queue until it is empty, for tools/specs.sh: tools/specs_worker.sh QUEUE
# A file NAME.run in the directory QUEUE holds the name of an interpreter and busted's arguments. The worker writes its output to
# NAME.output, the exit code to NAME.code and the journal of spec/support/timed_output.lua to NAME.journal. It prints the output.
# RUN, SAN and LIMIT are described in tools/specs.sh.
set -eu -o pipefail
# A signal for the whole process group comes twice, since the scripts of the servers pass it on.
trap 'trap "" INT TERM; kill $(jobs -p) 2>/dev/null || true' EXIT

queue=$1
alone=$(find "$queue" -name '*.output' | wc -l)

# Becomes busted, which prints line by line, so that nothing is lost in a crash.
run() { # JOURNAL LUA ARGS...
  export SPEC_JOURNAL=$1 LUA=$2 LUA_BUILD=build/$2$SAN
  export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;" LUA_CPATH="$PWD/$LUA_BUILD/?.so;;"
  # shellcheck disable=SC2086 # RUN is a list of words
  exec timeout -k 10 "$LIMIT" $RUN "$LUA" -e 'io.stdout:setvbuf("line")' \
    "$(command -v busted)" --output=spec/support/timed_output.lua "${@:3}" </dev/null 2>&1
}

# Prints in one piece, without the lines that only have a sign for each spec that passed.
print_output() { # TITLE OUTPUT
  echo "$1: $(sed '/^+*$/d' "$2")" | flock "$queue" cat
}

for entry in "$queue"/*.run; do
  mv "$entry" "$entry.taken" 2>/dev/null || continue # another worker was faster
  name=${entry%.run}
  read -ra arguments <"$entry.taken"
  run "$name.journal" "${arguments[@]}" >"$name.output" &
  [ "$alone" != 1 ] || tail -n +1 -f -s 0.1 --pid=$! "$name.output" # at once
  code=0
  wait $! || code=$?
  echo "$code" >"$name.code"
  [ "$alone" = 1 ] || print_output "${arguments[*]}" "$name.output"
done
