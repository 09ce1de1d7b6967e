--- The shell script that finds, runs and supervises a local DynamoDB. It is a module so that it is installed
--- with the others; spec/support/emulator.sh reads it from this file.
-- The supervisor writes a dot to its standard output, a pipe to its owner, five times a second. It ends when
-- that fails: then the owner has closed the pipe or has ended, however it ended.

return [==[
# Prints the folders where npm keeps modules: of DIRECTORY, of the working directory, and of those above it.
npm_folders() { # DIRECTORY
  [ -z "$1" ] || echo "$1/node_modules"
  folder=$PWD
  while [ -n "$folder" ]; do
    echo "$folder/node_modules"
    folder=${folder%/*}
  done
  [ -z "${NODE_PATH-}" ] || echo "$NODE_PATH" | tr : '\n'
}

# Prints the program of an engine among the folders that are read | fails.
program_in_folders() { # ENGINE
  while IFS= read -r folder; do
    case $1 in
      dynoxide) set -- "$1" "$folder"/@dynoxide/*/dynoxide ;;
      dynalite) set -- "$1" "$folder"/dynalite/cli.js ;;
    esac
    [ ! -f "$2" ] || { echo "$2" && return; }
  done
  return 1
}

# Prints the program of an engine | fails if it is not installed.
find_program() { # ENGINE DIRECTORY
  npm_folders "$2" | program_in_folders "$1" && return
  if command -v npm >/dev/null; then npm root -g 2>/dev/null | program_in_folders "$1" && return; fi
  command -v "$1"
}

container_program() {
  command -v docker || command -v podman
}

# Becomes a server on that port of 127.0.0.1. PROGRAM is a path, or the name of a container's image.
run_engine() { # ENGINE PROGRAM PORT
  case $1 in
    dynoxide) exec "$2" --host 127.0.0.1 --port "$3" ;;
    dynalite)
      case $2 in *.js) set -- node "$2" "$3" ;; *) set -- env "$2" "$3" ;; esac
      exec "$1" "$2" --host 127.0.0.1 --port "$3" \
        --createTableMs 50 --deleteTableMs 50 --updateTableMs 50
      ;;
    jar)
      exec java -Djava.library.path="$(dirname "$2")/DynamoDBLocal_lib" -jar "$2" \
        -inMemory -sharedDb -port "$3"
      ;;
    image)
      exec "$(container_program)" run --rm --name "dynamodb-testing-$3" -p "127.0.0.1:$3:8000" "$2" \
        -jar DynamoDBLocal.jar -inMemory -sharedDb
      ;;
  esac
}

# Kills the server when it has not ended within 3 seconds.
stop_engine() { # ENGINE PORT
  kill "$server" 2>/dev/null
  (sleep 3; kill -9 "$server") >/dev/null 2>&1 &
  killer=$!
  wait "$server" 2>/dev/null
  kill "$killer" 2>/dev/null
  [ "$1" != image ] || "$(container_program)" rm -f "dynamodb-testing-$2" >/dev/null 2>&1
}

# Runs a server until the owner ends. Prints "PID FOLDER". The folder has the server's log, and the file
# "ended" once the server has ended.
supervise() { # ENGINE PROGRAM PORT
  folder=$(mktemp -d) || exit
  (run_engine "$@") </dev/null >"$folder/log" 2>&1 &
  server=$!
  trap 'stop_engine "$1" "$3"; rm -rf "$folder"' EXIT
  trap 'exit 0' HUP INT TERM
  trap : PIPE
  echo "$$ $folder"
  while kill -0 "$PPID" && printf .; do
    kill -0 "$server" || : >"$folder/ended"
    sleep 0.2
  done 2>/dev/null
}
]==]
