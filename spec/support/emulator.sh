#!/usr/bin/env bash
# Starts a local DynamoDB and runs a command with it: spec/support/emulator.sh COMMAND ARGS...
# DYNAMODB_ENDPOINT tells the command its URL, DYNAMODB_ENGINE the name of the server. DYNAMODB_ENGINE=dynalite selects a server; by
# default it is Dynoxide where that has a binary. If DYNAMODB_ENDPOINT is set already, no server is started, and DYNAMODB_ENGINE may
# name the one that is there; spec/support/engines.lua has what each lacks.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A default secret is set only together with a default key id.
if [ -z "${AWS_ACCESS_KEY_ID-}" ]; then
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
fi
export AWS_REGION=${AWS_REGION:-us-east-1}
export no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}

[ -z "${DYNAMODB_ENDPOINT-}" ] || exec "$@"

. "$here/serve.sh"

modules=$here/node_modules
dynoxide=$(echo "$modules"/@dynoxide/*/dynoxide)
dynalite=$modules/dynalite/cli.js
[ -n "${DYNAMODB_ENGINE-}" ] || if [ -x "$dynoxide" ]; then DYNAMODB_ENGINE=dynoxide; else DYNAMODB_ENGINE=dynalite; fi
export DYNAMODB_ENGINE
case $DYNAMODB_ENGINE in
  dynoxide) emulator=("$dynoxide") program=$dynoxide ;;
  dynalite) emulator=(node "$dynalite" --createTableMs 50 --deleteTableMs 50 --updateTableMs 50) program=$dynalite ;;
  *)
    echo "DYNAMODB_ENGINE: dynoxide or dynalite expected, got '$DYNAMODB_ENGINE'; other engines need DYNAMODB_ENDPOINT" >&2
    exit 2
    ;;
esac
[ -f "$program" ] || {
  echo "no $DYNAMODB_ENGINE in $modules; tools/setup.sh demo installs an emulator, make test-engines installs all" >&2
  exit 1
}

# Both emulators log "listening" after bind. Without this check another program on the port could look like a ready server.
ready() {
  grep -q listening "$scratch/log" && is_listening "$port"
}

for _ in {1..20}; do
  port=$(random_port)
  if start_server "${emulator[@]}" --host 127.0.0.1 --port "$port"; then
    export DYNAMODB_ENDPOINT=http://127.0.0.1:$port
    run_command "$@"
    exit
  fi
done
give_up "${emulator[0]}"
