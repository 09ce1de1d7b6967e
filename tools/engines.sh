#!/usr/bin/env bash
# Runs the specs that use a DynamoDB server on each engine and on each Lua named: tools/engines.sh LUA...
# The last lines are `ENGINE: N passed, N failed`.
# ENGINES  the engines, by the names of spec/support/engines.lua; by default those that spec/support/emulator.sh starts, or the one
#          at AWS_ENDPOINT_URL_DYNAMODB, which DYNAMODB_ENGINE may name
set -eu -o pipefail
cd "$(dirname "$0")/.."
if [ -n "${AWS_ENDPOINT_URL_DYNAMODB-}" ]; then
  ENGINES=${DYNAMODB_ENGINE:-unknown}
else
  : "${ENGINES:=dynoxide dynalite}"
fi
uses_server='helper\.(connect|endpoint|unverified|create_table)|fixture\.open|AWS_ENDPOINT_URL_DYNAMODB|DYNAMODB_TLS_ENDPOINT|testing\.server|(crowd|endurance|modify)_process|nginx_handlers'
SPEC=$(grep -rlE --include='*_spec.lua' "$uses_server" spec examples | LC_ALL=C sort | tr '\n' ' ')
export SPEC
results=$(mktemp)
trap 'rm -f "$results"' EXIT
code=0
for engine in $ENGINES; do
  name=$engine
  [ "$engine" != unknown ] || name=
  echo "== the specs on $engine"
  DYNAMODB_ENGINE=$name tools/specs.sh "$@" | tee "$results.last" || code=1
  echo "$engine: $(tail -n 1 "$results.last")" >>"$results"
  rm -f "$results.last"
done
cat "$results"
exit "$code"
