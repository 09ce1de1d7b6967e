#!/usr/bin/env bash
# Runs the specs concurrently on each Lua named, and adds up: tools/specs.sh LUA...
# Prints the ten slowest specs, and each failure again if there are many processes; the last line is `N passed, N failed`.
# SPEC     busted's arguments; all specs by default. Each of many files runs in a process of its own: they form a queue that
#          workers with servers of their own empty (tools/specs_worker.sh). Few files run in one process.
# SAN      suffix of the build directory
# RUN      command that runs the interpreter, such as valgrind
# LIMIT    seconds that one process may take; then it fails, and the spec that it was in is named
# Specs may read LUA, the interpreter's name, and LUA_BUILD, the directory of its modules.
set -eu -o pipefail
cd "$(dirname "$0")/.."
verify=spec/support/signature_verifier.sh
[ -z "${AWS_ENDPOINT_URL_DYNAMODB-}" ] || verify= # a real endpoint verifies signatures itself
servers="spec/support/emulator.sh $verify spec/support/tls_endpoints.sh"
queue=$(mktemp -d)
trap 'trap "" INT TERM; kill $(jobs -p) 2>/dev/null || true; rm -rf "$queue"' EXIT
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4 AWS_PROFILE AWS_SESSION_TOKEN
unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE BOTO_CONFIG
passed=0 failed=0
SPLIT_FROM=10 # files
FIRST='/(scenarios|transport)/'
WORKERS=3     # for each Lua, since specs mostly wait
export SAN=${SAN-} RUN=${RUN-} LIMIT=${LIMIT:-1200}

# Prints busted's arguments, one line for each process. Scenarios and transports come first, because they take longest.
runs() {
  local word file files options="" paths=()
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
    { grep -E "$FIRST" <<<"$files" || true; grep -vE "$FIRST" <<<"$files" || true; } |
      while read -r file; do echo "$options$file"; done
  fi
}

# Adds busted's "1 success / 2 failures / 3 errors / 0 pending" to the sums. A process without that line crashed, hung or ended
# itself. The journal's last line names what it was in (> NAME), or the spec that it had run last.
count() { # NAME
  local good="" bad errors running code
  code=$(cat "$1.code")
  read -r good bad errors < <(sed -nE 's,^([0-9]+) success(es)? / ([0-9]+) failures? / ([0-9]+) errors? / .*,\1 \3 \4,p' "$1.output" | tail -n 1) || true
  bad=$((${bad:-0} + ${errors:-0}))
  if [ $bad = 0 ] && { [ "$code" != 0 ] || [ -z "$good" ]; }; then
    running=$(tail -n 1 "$1.journal" | sed -E 's/^> /in /; s/^[0-9.]+ /after /')
    case $code in
      "") echo "not run to the end, since a server or worker ended: $(cat "$1.run"*)" ;;
      124) echo "the specs took longer than $LIMIT seconds" ;;
    esac
    [ -z "$code" ] || echo "the specs ended with code $code ${running:-on $(cat "$1.run.taken")}"
    bad=1
  fi
  passed=$((passed + ${good:-0}))
  failed=$((failed + bad))
}

mkdir "$queue/home"
names=() workers=()
while read -r arguments; do
  for lua; do
    name=$queue/$(printf %03d ${#names[@]})-$lua
    echo "$lua $arguments" >"$name.run"
    for kind in output journal code; do : >"$name.$kind"; done # so that they are there when they are read
    names+=("$name")
  done
done < <(runs)
for ((i = 0; i < WORKERS * $# && i < ${#names[@]}; i++)); do
  HOME=$queue/home $servers tools/specs_worker.sh "$queue" </dev/null 2>&1 & # without the user's ~/.aws and ~/.boto
  workers+=($!)
done
for worker in "${workers[@]}"; do
  code=0
  wait "$worker" || code=$?
  [ $code = 0 ] || { echo "servers of the specs ended with code $code"; failed=$((failed + 1)); }
done
for name in "${names[@]}"; do count "$name"; done
echo "the ten slowest specs, in seconds:"
for name in "${names[@]}"; do
  sed -n "s|^[0-9].*|& (${name##*-}${SAN-})|p" "$name.journal"
done | sort -rn | awk 'NR <= 10' # which reads to the end, so that sort can write to the end
[ ${#names[@]} = $# ] || for name in "${names[@]}"; do
  sed -n "/^\(Failure\|Error\) ->/,\$ s|^|${name##*-}: |p" "$name.output"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
