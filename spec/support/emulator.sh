#!/usr/bin/env bash
# Starts a local DynamoDB and runs a command with it: spec/support/emulator.sh COMMAND ARGS...
# AWS_ENDPOINT_URL_DYNAMODB tells the command its URL, DYNAMODB_ENGINE the name of the server. DYNAMODB_ENGINE=dynalite selects
# a server; by default it is Dynoxide where that has a binary. If AWS_ENDPOINT_URL_DYNAMODB is set already, no server is started,
# and DYNAMODB_ENGINE may name the one that is there; spec/support/engines.lua has what each lacks.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# A default secret is set only together with a default key id.
if [ -z "${AWS_ACCESS_KEY_ID-}" ]; then
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
fi
export AWS_REGION=${AWS_REGION:-us-east-1}
export no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}

[ -z "${AWS_ENDPOINT_URL_DYNAMODB-}" ] || exec "$@"

. "$here/serve.sh"

# The functions find_program and run_engine, which testing.server uses as well.
eval "$(sed '1,/^return \[==\[$/d; /^\]==\]$/,$d' "$here/../../lua/dynamodb/testing/engine_script.lua")"

if [ -z "${DYNAMODB_ENGINE-}" ]; then
  DYNAMODB_ENGINE=dynoxide
  find_program dynoxide "$here" >/dev/null || DYNAMODB_ENGINE=dynalite
fi
export DYNAMODB_ENGINE
case $DYNAMODB_ENGINE in
  dynoxide | dynalite) ;;
  *)
    echo "DYNAMODB_ENGINE: dynoxide or dynalite expected, got '$DYNAMODB_ENGINE'; other engines need AWS_ENDPOINT_URL_DYNAMODB" >&2
    exit 2
    ;;
esac
program=$(find_program "$DYNAMODB_ENGINE" "$here") || {
  echo "no $DYNAMODB_ENGINE in $here/node_modules; tools/setup.sh demo installs an emulator, make test-engines installs all" >&2
  exit 1
}

# Both emulators log "listening" after bind. Without this check another program on the port could look like a ready server.
ready() {
  grep -q listening "$scratch/log" && is_listening "$port"
}

for _ in {1..20}; do
  port=$(random_port)
  if start_server run_engine "$DYNAMODB_ENGINE" "$program" "$port"; then
    export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$port
    run_command "$@"
    exit
  fi
done
give_up "$DYNAMODB_ENGINE"
