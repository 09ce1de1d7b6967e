#!/usr/bin/env bash
# Measures latency in nginx while 64 clients wait for DynamoDB: bench/nginx.sh [SECONDS]
# `make bench-nginx` builds everything and calls it. One worker calls a server that responds after 50 ms, by cosockets and
# by blocking libcurl. Meanwhile the bystander, another client of that worker, requests a page that needs no DynamoDB.
set -eu -o pipefail
cd "$(dirname "$0")/.."
unset LUA_INIT
seconds=${1:-10} clients=64 delay=0.05
export LUA_PATH='bench/?.lua;lua/?.lua;lua/?/init.lua;;' LUA_CPATH='build/luajit/?.so;;'
PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin
. spec/support/serve.sh

modules=$(nginx -V 2>&1 | sed -nE 's/.*--modules-path=([^ ]*).*/\1/p')

common() { # NAME; configuration of both nginx
  [ ! -e "$modules/ngx_http_lua_module.so" ] || cat <<CONF
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
CONF
  cat <<CONF
pid $1.pid;
error_log $1.log warn;
worker_processes 1;
user $(id -un) $(id -gn);
events { worker_connections 4096; }
CONF
}

# The server in place of DynamoDB: responds with an item of 10 attributes after the delay.
upstream_configuration() {
  common upstream
  cat <<CONF
http {
$(nginx_folders)
  keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:$upstream backlog=1024;
    location / { content_by_lua_block {
      ngx.sleep($delay)
      ngx.header["Content-Type"] = "application/x-amz-json-1.0"
      ngx.header["Content-Length"] = $(wc -c <"$scratch/GetItem.json")
      ngx.print([==[$(cat "$scratch/GetItem.json")]==])
    } }
  }
}
CONF
}

front_configuration() {
  common front
  cat <<CONF
http {
$(nginx_folders)
  keepalive_requests 1000000000;
  lua_package_path "$PWD/lua/?.lua;$PWD/lua/?/init.lua;;";
  lua_package_cpath "$PWD/build/luajit/?.so;;";
  lua_socket_log_errors off;
  lua_socket_buffer_size 32k;
  init_by_lua_block {
    local dynamodb = require("dynamodb")
    local function get_from(transport)
      local connection = dynamodb.connect({ endpoint_url = "http://127.0.0.1:$upstream", region = "us-east-1",
        aws_access_key_id = "AKIDEXAMPLE", aws_secret_access_key = "SECRETEXAMPLE", transport = transport })
      local users = connection:table("bench", { hash_key = "id" })
      return function()
        ngx.say(assert(users:get_item({ hash_key = "user#000001" })).address.zip)
      end
    end
    by_cosockets = get_from(nil)
    by_libcurl = get_from(require("dynamodb.transport.curl"))
  }
  server {
    listen 127.0.0.1:$front backlog=1024;
    location = /cosockets { content_by_lua_block { by_cosockets() } }
    location = /libcurl { content_by_lua_block { by_libcurl() } }
    location = /bystander { content_by_lua_block { ngx.say("hello") } }
  }
}
CONF
}

ready() {
  is_listening "$port"
}

serve() { # NAME; the variable of that name holds the port
  port=${!1}
  "$1_configuration" >"$scratch/$1.conf"
  nginx -p "$scratch/" -c "$1.conf" -e "$1.log" 2>"$scratch/log"
}

quit() {
  local name
  for name in front upstream; do
    [ ! -s "$scratch/$name.pid" ] || kill "$(cat "$scratch/$name.pid")" 2>/dev/null || true
  done
}
trap 'quit; rm -rf "$scratch"' EXIT # replaces the trap of serve.sh

start() {
  for _ in {1..20}; do
    upstream=$(random_port)
    front=$((upstream + 1))
    ! { is_listening "$upstream" || is_listening "$front"; } || continue
    luajit bench/fixtures.lua "$scratch" "$upstream"
    serve upstream && serve front && return
    quit
  done
  give_up nginx
}

bench() { # ARGS...
  luajit bench/nginx.lua "$@"
}

# Prints one row: throughput and latency of the clients, latency of the bystander.
measure() { # LABEL LOCATION
  local clients_of
  wrk -t1 -c"$clients" -d"$seconds" --timeout 60 --latency "http://127.0.0.1:$front/$2" >"$scratch/$2" &
  clients_of=$!
  sleep 0.5
  bench bystander "$front" "$((seconds - 1))" >"$scratch/$2.bystander"
  wait "$clients_of"
  bench row "$1" "$scratch/$2" "$scratch/$2.bystander"
}

start
bench head "$clients" "$delay"
bench bystander "$front" 3 >"$scratch/alone"
bench row "the bystander alone" - "$scratch/alone"
measure "cosockets" cosockets
measure "libcurl, which blocks" libcurl
bench goals "$clients" "$delay" "$scratch/cosockets" "$scratch/cosockets.bystander"
