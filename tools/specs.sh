#!/usr/bin/env bash
# Runs the specs concurrently on each Lua named, with servers of their own, and adds up: tools/specs.sh LUA...
# Prints the ten slowest specs; the last line is `N passed, N failed`.
# SPEC     busted's arguments; all specs by default. Many files are split into several processes for each Lua, since specs mostly wait.
# SAN      suffix of the build directory
# RUN      command that runs the interpreter, such as valgrind
# LIMIT    seconds that one process may take; then it fails, and the spec that it was in is named
# Specs may read LUA, the interpreter's name, and LUA_BUILD, the directory of its modules.
set -eu -o pipefail
cd "$(dirname "$0")/.."
verify=spec/support/signature_verifier.sh
[ -z "${AWS_ENDPOINT_URL_DYNAMODB-}" ] || verify= # a real endpoint verifies signatures itself
servers="spec/support/emulator.sh $verify spec/support/tls_endpoints.sh"
busted=$(command -v busted)
outputs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$outputs"' EXIT
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4 AWS_PROFILE AWS_SESSION_TOKEN
unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE BOTO_CONFIG
mkdir "$outputs/home"
passed=0 failed=0
SPLIT_FROM=10 # files
PROCESSES=3   # for each Lua, when the files are split
LIMIT=${LIMIT:-1200}

# Prints busted's arguments, one line for each process.
batches() {
  local word files options="" paths=()
  for word in ${SPEC:-spec examples}; do
    case $word in
      -*) options+="$word " ;;
      *) paths+=("$word") ;;
    esac
  done
  files=$(find "${paths[@]}" -name '*_spec.lua' | LC_ALL=C sort)
  if [ "$(wc -l <<<"$files")" -lt "$SPLIT_FROM" ]; then
    echo "${SPEC:-spec examples}"
  else
    awk -v options="$options" -v most="$PROCESSES" '{ batch[NR % most] = batch[NR % most] " " $0 }
      END { for (i in batch) print options batch[i] }' <<<"$files"
  fi
}

# Prints what the specs print, line by line, so that nothing is lost in a crash.
run_specs() { # JOURNAL LUA ARGS...
  export SPEC_JOURNAL=$1 LUA=$2 LUA_BUILD=build/$2${SAN-}
  export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;" LUA_CPATH="$PWD/$LUA_BUILD/?.so;;"
  export HOME=$outputs/home # without the user's ~/.aws and ~/.boto
  # shellcheck disable=SC2086 # these are lists of words
  $servers timeout -k 10 "$LIMIT" ${RUN-} "$LUA" -e 'io.stdout:setvbuf("line")' \
    "$busted" --output=spec/support/timed_output.lua "${@:3}" </dev/null 2>&1
}

# Adds busted's "1 success / 2 failures / 3 errors / 0 pending" to the sums. A process without that line crashed, hung or
# ended itself. The journal's last line names what it was in (> NAME), or the spec that it had run last.
count() { # OUTPUT EXIT_CODE
  local good="" bad errors running
  read -r good bad errors < <(sed -nE 's,^([0-9]+) success(es)? / ([0-9]+) failures? / ([0-9]+) errors? / .*,\1 \3 \4,p' "$1" | tail -n 1) || true
  bad=$((${bad:-0} + ${errors:-0}))
  if [ $bad = 0 ] && { [ "$2" != 0 ] || [ -z "$good" ]; }; then
    running=$(tail -n 1 "$1.journal" 2>/dev/null | sed -E 's/^> /in /; s/^[0-9.]+ /after /')
    [ "$2" != 124 ] || echo "the specs took longer than $LIMIT seconds"
    echo "the specs ended with code $2${running:+ $running}"
    bad=1
  fi
  passed=$((passed + ${good:-0}))
  failed=$((failed + bad))
}

names=() processes=()
while read -ra arguments; do
  for lua; do
    output=$outputs/${#names[@]}
    : >"$output" # so that it is there when it is read
    run_specs "$output.journal" "$lua" "${arguments[@]}" >"$output" &
    names+=("$lua${SAN-}") processes+=($!)
  done
done < <(batches)
for i in "${!names[@]}"; do
  echo "specs on ${names[i]}"
  tail -n +1 -f --pid="${processes[i]}" "$outputs/$i"
  code=0
  wait "${processes[i]}" || code=$?
  count "$outputs/$i" "$code"
done
echo "the ten slowest specs, in seconds:"
for i in "${!names[@]}"; do
  sed -n "s|^[0-9].*|& (${names[i]})|p" "$outputs/$i.journal"
done | sort -rn | awk 'NR <= 10' # which reads to the end, so that sort can write to the end
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
