# Runs one server for the duration of one command. Scripts source this file; it needs bash.
# The script defines `ready`, which succeeds once its server responds, and may use the directory $scratch, which is deleted
# on exit.
set -eu

scratch=$(mktemp -d)
server='' child=''

stop_server() {
  [ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
  server=''
}

# Forwards a signal to the command and waits, so that the command can stop its own children. A signal for the whole process
# group comes once more from the script that started this one, and is ignored then.
on_signal() {
  trap '' HUP INT TERM
  [ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null || true
  exit "$1"
}

trap 'stop_server; rm -rf "$scratch"' EXIT
trap 'on_signal 129' HUP
trap 'on_signal 130' INT
trap 'on_signal 143' TERM

# The ports are below the ephemeral range. A port may be in use; start_server then fails, and the caller tries another one.
random_port() {
  echo $((15000 + RANDOM % 16000))
}

is_listening() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_server() { # COMMAND ARGS...; fails if the server exits or is not ready within 10 seconds
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

# Prints the first lines of an nginx.conf: one process, in the foreground. It writes nginx.pid after it has bound all ports.
nginx_process() { # CONNECTIONS
  cat <<CONF
daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections $1; }
CONF
}

# Prints lines for nginx's http block that keep its files in its own directory.
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

# The command runs in the background because bash handles no signal during a foreground command.
run_command() { # COMMAND ARGS...
  "$@" <&0 &
  child=$!
  wait "$child"
}
