# One server for the length of one command: emulator.sh, tls_endpoints.sh and bench/ use it. Sourced, not run; needs bash.
# The caller defines `ready` (true once its server responds) and may use $scratch, a directory that goes away at the end.
set -eu

scratch=$(mktemp -d)
server='' child=''

stop_server() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  server=''
}

# A signal meant for us is meant for the command too; it gets the time to stop its own children.
on_signal() {
  [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null || true
  exit "$1"
}

trap 'stop_server; rm -rf "$scratch"' EXIT
trap 'on_signal 129' HUP
trap 'on_signal 130' INT
trap 'on_signal 143' TERM

# Below the range that the system hands to outgoing connections. It may be taken: start_server then fails, and we try another.
random_port() {
  echo $((15000 + RANDOM % 16000))
}

answers() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_server() { # COMMAND ARGS...; false when it ended, or took 10 seconds, before it was ready
  : >"$scratch/log"
  "$@" </dev/null >>"$scratch/log" 2>&1 &
  server=$!
  for _ in {1..200}; do
    kill -0 "$server" 2>/dev/null || break
    ! ready || return 0
    sleep 0.05
  done
  stop_server
  return 1
}

give_up() { # NAME
  echo "$1 does not start:" >&2
  cat "$scratch/log" >&2
  exit 1
}

# The head of an nginx.conf: one process, in the foreground. It writes nginx.pid when all ports are its own.
nginx_process() { # CONNECTIONS
  cat <<CONF
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections $1; }
CONF
}

# For nginx's http block: nothing is written outside of its own directory.
nginx_folders() {
  cat <<CONF
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
CONF
}

# Not in the foreground, where bash would look at a signal only after the command has ended. The last thing a script calls.
run_command() { # COMMAND ARGS...
  "$@" <&0 &
  child=$!
  wait "$child"
}
