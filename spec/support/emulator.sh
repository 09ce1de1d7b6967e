#!/usr/bin/env bash
# Starts a local DynamoDB and runs a command with it: spec/support/emulator.sh COMMAND ARGS...
# DYNAMODB_ENDPOINT tells the command its URL. If DYNAMODB_ENDPOINT is set already, no server is started.
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
if [ -x "$dynoxide" ]; then
  emulator=("$dynoxide")
elif [ -f "$modules/dynalite/cli.js" ]; then
  emulator=(node "$modules/dynalite/cli.js" --createTableMs 50 --deleteTableMs 50 --updateTableMs 50)
else
  echo "no DynamoDB emulator in $modules; tools/setup.sh demo installs one" >&2
  exit 1
fi

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
