#!/usr/bin/env bash
# Runs a command with a proxy in front of AWS_ENDPOINT_URL_DYNAMODB that rejects wrong signatures:
#   spec/support/signature_verifier.sh COMMAND ARGS...
# The command gets the URL of the proxy as AWS_ENDPOINT_URL_DYNAMODB. That of the server behind it is DYNAMODB_UNVERIFIED, for specs
# that send very many requests. After the command the requests in the directory DYNAMODB_RECORDED are verified as well;
# spec/support/signature_recorder.lua writes the requests to other servers there. Any wrong signature fails the command.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND ARGS..." >&2; exit 2; }
: "${AWS_ENDPOINT_URL_DYNAMODB:?is not set; spec/support/emulator.sh sets it}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/serve.sh"

python=/usr/bin/python3 # Debian's python finds Debian's botocore
refused=$scratch/refused

ready() {
  port=$(sed -n 's/^listening on //p' "$scratch/log")
  [ -n "$port" ]
}

touch "$refused"
start_server "$python" "$here/signature_verifier.py" serve "$refused" "${AWS_ENDPOINT_URL_DYNAMODB#http://}" ||
  give_up signature_verifier.py
export DYNAMODB_UNVERIFIED=$AWS_ENDPOINT_URL_DYNAMODB
export AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:$port DYNAMODB_RECORDED=$scratch/recorded
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
