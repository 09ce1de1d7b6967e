#!/usr/bin/env bash
# Runs a command with a server in front of DYNAMODB_ENDPOINT that lets no wrong signature pass: spec/support/signature_verifier.sh COMMAND ARGS...
# The command finds it in DYNAMODB_ENDPOINT, and the server behind it in DYNAMODB_UNVERIFIED, for specs that send very many requests.
# What it writes to DYNAMODB_RECORDED, a directory, is verified when it has ended; spec/support/signature_recorder.lua does that with requests
# to other servers. One wrong signature, and the command has failed.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
: "${DYNAMODB_ENDPOINT:?is not set; spec/support/emulator.sh sets it}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/serve.sh"

python=/usr/bin/python3 # Debian's, which knows Debian's botocore
refused=$scratch/refused

ready() {
  port=$(sed -n 's/^listening on //p' "$scratch/log")
  [ -n "$port" ]
}

touch "$refused"
start_server "$python" "$here/signature_verifier.py" serve "$refused" "${DYNAMODB_ENDPOINT#http://}" || give_up signature_verifier.py
export DYNAMODB_UNVERIFIED=$DYNAMODB_ENDPOINT
export DYNAMODB_ENDPOINT=http://127.0.0.1:$port DYNAMODB_RECORDED=$scratch/recorded
mkdir "$DYNAMODB_RECORDED"
code=0
run_command "$@" || code=$?
find "$DYNAMODB_RECORDED" -type f -exec "$python" "$here/signature_verifier.py" check "$refused" {} +
[ ! -s "$refused" ] || {
  echo "wrong signatures: $(wc -l <"$refused")"
  head -n 20 "$refused"
  [ "$code" != 0 ] || code=1
}
exit "$code"
