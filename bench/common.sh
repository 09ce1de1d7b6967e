# Functions of the benchmark scripts: they run a Lua with its modules, and pin processes to a core.
# The scripts source this file from the root of the repository; it needs bash.
unset LUA_INIT LUA_INIT_5_4 LUA_PATH_5_4 LUA_CPATH_5_4
export LUA_PATH='bench/?.lua;lua/?.lua;lua/?/init.lua;;'
PATH=$PATH:/usr/sbin

lua() { # LUA SCRIPT ARGS...; loads the modules built for LUA
  LUA_CPATH="build/$1/?.so;;" "$@"
}

# Fails if one of the files is not built.
need_built() { # FILES...
  local file
  for file; do
    [ -e "$file" ] || { echo "$0: $file is not built; make does it" >&2; exit 2; }
  done
}

# Pins this shell and its children to the last available core; the first core handles most interrupts.
pin() {
  local cores core
  cores=$(taskset -cp $$ 2>/dev/null) || { echo "taskset (util-linux) is missing: not pinned" >&2; return; }
  core=${cores##*[!0-9]}
  taskset -cp "$core" $$ >/dev/null
}

# Calls 'round', which each script defines, so many times, and adds what it prints to a file.
run_rounds() { # FILE ARGS...
  local i file=$1
  shift
  for ((i = 1; i <= rounds; i++)); do
    echo "round $i of $rounds" >&2
    round "$@" >>"$file"
  done
}

# The CRC32 of a file, which is the first half of the gzip trailer.
crc32() { # FILE
  gzip -c "$1" | tail -c 8 | head -c 4 | od -An -tu4 --endian=little | tr -d ' \n'
}

processor() {
  sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
}
