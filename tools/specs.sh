#!/usr/bin/env bash
# Runs the specs on the Luas named, side by side, beside fresh servers, and adds up: tools/specs.sh LUA...
# The last line is `N passed, N failed`. SPEC holds busted's arguments: all specs, unless it is given. Many specs make two heaps
# for each Lua, since much of their time is waiting. SAN names the build, RUN goes before the interpreter.
# Specs may read LUA, the interpreter's name, and LUA_BUILD, where its modules lie.
set -eu -o pipefail
cd "$(dirname "$0")/.."
verify=spec/support/signature_verifier.sh
[ -z "${DYNAMODB_ENDPOINT-}" ] || verify= # whoever gave it judges signatures himself
servers="spec/support/emulator.sh $verify spec/support/tls_endpoints.sh"
busted=$(command -v busted)
outputs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$outputs"' EXIT
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4 AWS_PROFILE AWS_SESSION_TOKEN
passed=0 failed=0
MANY=10 # files

heaps() { # one line of busted's arguments for each
  local word files options="" paths=()
  for word in ${SPEC:-spec}; do
    case $word in
      -*) options+="$word " ;;
      *) paths+=("$word") ;;
    esac
  done
  files=$(find "${paths[@]}" -name '*_spec.lua' | LC_ALL=C sort)
  if [ "$(wc -l <<<"$files")" -lt "$MANY" ]; then
    echo "${SPEC:-spec}"
  else
    awk -v options="$options" '{ heap[NR % 2] = heap[NR % 2] " " $0 } END { print options heap[1]; print options heap[0] }' <<<"$files"
  fi
}

run_specs() { # LUA ARGS...
  export LUA=$1 LUA_BUILD=build/$1${SAN-}
  export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;" LUA_CPATH="$PWD/$LUA_BUILD/?.so;;"
  # Line by line, so that nothing said before a crash is lost.
  # shellcheck disable=SC2086 # these are lists of words
  $servers ${RUN-} "$1" -e 'io.stdout:setvbuf("line")' "$busted" --output=plainTerminal "${@:2}" </dev/null 2>&1
}

# Reads busted's "1 success / 2 failures / 3 errors / 0 pending"; a run without that line has crashed.
count() { # OUTPUT EXIT_CODE
  local good bad errors
  read -r good bad errors < <(sed -nE 's,^([0-9]+) success(es)? / ([0-9]+) failures? / ([0-9]+) errors? / .*,\1 \3 \4,p' "$1" | tail -n 1) || true
  bad=$((${bad:-0} + ${errors:-0}))
  if [ "$2" != 0 ] && [ $bad = 0 ]; then
    echo "the specs ended with code $2 although none failed"
    bad=1
  fi
  passed=$((passed + ${good:-0}))
  failed=$((failed + bad))
}

names=() processes=()
while read -ra arguments; do
  for lua; do
    : >"$outputs/${#names[@]}" # tail may start before the process below
    run_specs "$lua" "${arguments[@]}" >"$outputs/${#names[@]}" &
    names+=("$lua${SAN-}") processes+=($!)
  done
done < <(heaps)
for i in "${!names[@]}"; do
  echo "specs on ${names[i]}"
  tail -n +1 -f --pid="${processes[i]}" "$outputs/$i"
  code=0
  wait "${processes[i]}" || code=$?
  count "$outputs/$i" "$code"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
