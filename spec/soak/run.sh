#!/usr/bin/env bash
# Runs the soak test with the server at AWS_ENDPOINT_URL_DYNAMODB: run.sh DURATION [SEED]. DURATION is in seconds.
# Starts the proxy and the writers, kills some of these at random, and checks the ledgers at the end.
set -eu

here=spec/soak
duration=$1
seed=${2:-$((RANDOM * 32768 + RANDOM))}
echo "seed $seed: make soak SEED=$seed SECONDS=$duration repeats the faults"

. spec/support/serve.sh
. $here/supervise.sh
trap '[ -z "$keepers" ] || stop_writers; stop_server; rm -rf "$scratch"' EXIT

ready() {
  is_listening "$port"
}

# The processes of this test use no other settings than those given here.
unset AWS_PROFILE AWS_SESSION_TOKEN LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;;"
export AWS_CONFIG_FILE=$scratch/config AWS_SHARED_CREDENTIALS_FILE=/dev/null
cat >"$AWS_CONFIG_FILE" <<'CONFIG'
[profile soak]
credential_process = printf '{"Version":1,"AccessKeyId":"AKIDSOAK","SecretAccessKey":"secret","SessionToken":"%s"}' "$(date +%s%N)"
CONFIG

run_lua() { # LUA ARGS...
  LUA_CPATH="$PWD/build/$1/?.so;;" exec "$@"
}

(run_lua lua5.4 $here/prepare.lua)
for _ in {1..20}; do
  port=$(random_port)
  if start_server node $here/proxy.js "$port" "$AWS_ENDPOINT_URL_DYNAMODB" "$seed" "$scratch/faults"; then break; fi
done
[ -n "$server" ] || give_up node

mkdir "$scratch/ledgers"
ends=$(($(date +%s) + duration))
url=http://127.0.0.1:$port
start_writer lua54steady run_lua lua5.4 $here/writer.lua lua54steady "$scratch/ledgers" "$seed" "$ends" "$url" soak
start_writer lua54killed run_lua lua5.4 $here/writer.lua lua54killed "$scratch/ledgers" "$seed" "$ends" "$url" -
start_writer luajitsteady run_lua luajit $here/writer.lua luajitsteady "$scratch/ledgers" "$seed" "$ends" "$url" -
start_writer luajitkilled run_lua luajit $here/writer.lua luajitkilled "$scratch/ledgers" "$seed" "$ends" "$url" soak
start_writer nginxdriver run_lua lua5.4 $here/nginx_writer.lua nginx "$scratch/ledgers" "$seed" "$ends" "$url"
kill_at_random lua54killed luajitkilled nginx
wait_for_writers
kill "$server" && wait "$server" || true # it writes the number of faults
server=''
[ -e "$scratch/faults" ] || { echo "the proxy has failed:" >&2; cat "$scratch/log" >&2; exit 1; }
sleep 0.5 # for requests that the server has received
mv "$scratch/faults" "$scratch/kills" "$scratch/trouble" "$scratch/ledgers"
code=0
(run_lua lua5.4 $here/check.lua "$scratch/ledgers") || code=$?
[ "$code" = 0 ] || cat "$scratch/errors" "$scratch/log" >&2
exit "$code"
