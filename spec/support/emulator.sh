#!/usr/bin/env bash
# Runs a command beside a local DynamoDB: spec/support/emulator.sh COMMAND ARGS...
# The command finds it in DYNAMODB_ENDPOINT; where that is set already, the command runs against that endpoint instead.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Key and secret belong together, so they are made up together.
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

# Both say "... listening ..." once the port is theirs, so another program's response is never taken for theirs.
ready() {
  grep -q listening "$scratch/log" && answers "$port"
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
