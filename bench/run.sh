#!/usr/bin/env bash
# Measures the CPU time of one operation as a ratio to that of a bare socket: bench/run.sh [LUA...]
# `make bench` builds everything and calls it. nginx sends fixed responses. nginx and one program at a time run on one core.
# Everything runs ROUNDS times, by default 7. The report shows medians, and for the codec the fastest round.
set -eu -o pipefail
cd "$(dirname "$0")/.."
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
[ $# -gt 0 ] || set -- lua5.4 luajit
rounds=${ROUNDS:-7}
export LUA_PATH='bench/?.lua;lua/?.lua;lua/?/init.lua;;'
PATH=$PATH:/usr/sbin
. spec/support/serve.sh

lua() { # LUA SCRIPT ARGS...; loads the modules built for LUA
  LUA_CPATH="build/$1/?.so;;" "$@"
}

# Pins this shell and its children to the last available core; the first core handles most interrupts.
pin() {
  local cores
  cores=$(taskset -cp $$ 2>/dev/null) || { echo "taskset (util-linux) is missing: not pinned"; return; }
  core=${cores##*[!0-9]}
  taskset -cp "$core" $$ >/dev/null
}

# The CRC32 of a file, which is the first half of the gzip trailer.
crc32() { # FILE
  gzip -c "$1" | tail -c 8 | head -c 4 | od -An -tu4 --endian=little | tr -d ' \n'
}

# nginx rejects POST for static files with status 405, so Scan.json is sent as the error page of 405 with status 200.
write_configuration() {
  cat <<CONF
$(nginx_process 64)
http {
$(nginx_folders)
  types { }
  default_type application/x-amz-json-1.0;
  client_header_buffer_size 8k;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  sendfile on;
  open_file_cache max=4;
  server_tokens off;
  add_header x-amzn-requestid 5AVQ0MEPF0HMVPGPG7E4TLPVVRVV4KQNSO5AEMVJF66Q9ASUAAJG;
  map \$http_x_amz_target \$answer {
    DynamoDB_20120810.GetItem '$(cat "$scratch/GetItem.json")';
    DynamoDB_20120810.PutItem '$(cat "$scratch/PutItem.json")';
  }
  map \$http_x_amz_target \$crc32 {
    DynamoDB_20120810.GetItem $(crc32 "$scratch/GetItem.json");
    DynamoDB_20120810.PutItem $(crc32 "$scratch/PutItem.json");
    DynamoDB_20120810.Scan \$scan_crc32;
  }
  map \$http_accept_encoding \$scan_crc32 {
    default $(crc32 "$scratch/Scan.json");
    gzip $(crc32 "$scratch/Scan.json.gz");
  }
  gzip_static on;
  add_header x-amz-crc32 \$crc32;
  server {
    listen 127.0.0.1:$port;
    root .;
    location / {
      if (\$answer = "") { rewrite ^ /Scan.json last; }
      return 200 \$answer;
    }
    location = /Scan.json { error_page 405 =200 /Scan.json; }
  }
}
CONF
}

ready() {
  [ -s "$scratch/nginx.pid" ] && is_listening "$port"
}

serve() {
  for _ in {1..20}; do
    port=$(random_port)
    ! is_listening "$port" || continue
    lua "$first_lua" bench/fixtures.lua "$scratch" "$port"
    gzip -kf "$scratch/Scan.json" # sent to clients that accept gzip
    write_configuration >"$scratch/nginx.conf"
    ! start_server nginx -p "$scratch/" -c nginx.conf || return 0
  done
  give_up nginx
}

round() { # LUA...; prints one line for each program and operation
  local operation case count lua
  for operation in GetItem:20000 PutItem:20000 Scan:120; do
    case=${operation%:*} count=${operation#*:}
    build/bench/socket "$case" "$port" "$scratch/$case.request" "$count"
    build/bench/easy "$case" "$port" "$scratch/$case.request" "$((count / 2))"
    for lua; do
      lua "$lua" bench/client.lua "$lua" "$case" "$port" "$((count / 2))"
      [ "$case" != Scan ] || lua "$lua" bench/client.lua "$lua" unzip "$port" "$((count / 2))"
      [ "$case" != PutItem ] || lua "$lua" bench/client.lua "$lua" put "$port" "$((count / 2))"
    done
  done
  for lua; do
    lua "$lua" bench/codec.lua "$lua"
    lua "$lua" bench/many.lua "$lua" "$scratch/GetItem.json"
  done
}

versions() { # LUA...
  local lua
  for lua; do "$lua" -v 2>&1 | cut -d' ' -f1-2; done
  build/bench/easy --version
  nginx -v 2>&1 | sed 's/^nginx version: //'
  sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
}

for program in build/bench/socket build/bench/easy build/bench/late build/"$1"/dynamodb/core.so; do
  [ -e "$program" ] || { echo "$0: $program is not built; make bench does it" >&2; exit 2; }
done
first_lua=$1
pin
serve
for ((i = 1; i <= rounds; i++)); do
  echo "round $i of $rounds" >&2
  round "$@" >>"$scratch/results"
done
versions "$@" >"$scratch/versions"
lua "$first_lua" bench/report.lua "$scratch/results" "$scratch/versions" "$@"
