#!/usr/bin/env bash
# Keeps the writers of the soak test running and kills them at random. run.sh sources this file.
# Uses its variables scratch, seed, duration and ends, which is in seconds since 1970.

GRACE=30 # seconds that a writer may take to end
keepers=''

# Runs a writer again and again until the end, with a new generation as its last argument.
keep() { # NAME COMMAND...
  local name=$1 generation=0 code pid
  shift
  while [ "$(date +%s)" -lt "$ends" ]; do
    generation=$((generation + 1))
    "$@" "$generation" >>"$scratch/errors" 2>&1 &
    pid=$!
    echo $pid >"$scratch/ledgers/$name.pid"
    code=0
    wait $pid || code=$?
    [ $code = 0 ] || [ $code = 137 ] || echo "$name ended with code $code" >>"$scratch/trouble"
  done
}

start_writer() { # NAME COMMAND...
  : >>"$scratch/errors"
  : >>"$scratch/trouble"
  keep "$@" 2>/dev/null & # bash reports killed processes
  keepers+=" $!"
}

# Kills a process of this test, by the file with its process id.
kill_writer() { # NAME
  local pid
  pid=$(cat "$scratch/ledgers/$1.pid" 2>/dev/null) || return 0
  grep -qaE 'spec/soak|nginx: worker' "/proc/$pid/cmdline" 2>/dev/null || return 0
  kill -KILL "$pid" 2>/dev/null && echo "$1" >>"$scratch/kills"
}

# Kills one of the writers every few seconds. nginx is left alone after the first third, so that its memory is measured.
kill_at_random() { # NAMES...
  local names=("$@") began now name
  began=$(date +%s)
  RANDOM=$seed
  : >"$scratch/kills"
  while :; do
    sleep $((2 + RANDOM % 3))
    now=$(date +%s)
    name=${names[RANDOM % ${#names[@]}]}
    [ "$now" -lt "$ends" ] || break
    [ "$name" != nginx ] || [ $((now - began)) -lt $((duration / 3)) ] || continue
    kill_writer "$name" || true
  done
}

# Ends all writers at once.
stop_writers() {
  local file
  # shellcheck disable=SC2086 # a list of words
  [ -z "$keepers" ] || kill $keepers 2>/dev/null || true
  for file in "$scratch"/ledgers/*.pid; do kill_writer "$(basename "$file" .pid)" || true; done
}

# Waits for the writers. One that does not end in time is killed, and that is a difference.
wait_for_writers() {
  local keeper i
  for ((i = 0; i < GRACE * 2; i++)); do
    # shellcheck disable=SC2086 # a list of words
    kill -0 $keepers 2>/dev/null || break
    sleep 0.5
  done
  # shellcheck disable=SC2086
  if kill -0 $keepers 2>/dev/null; then
    echo "writers still run $GRACE seconds after the end" >>"$scratch/trouble"
    stop_writers
  fi
  for keeper in $keepers; do wait "$keeper" || true; done
  keepers=''
}
