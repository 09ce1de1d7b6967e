#!/usr/bin/env bash
# Runs the commands of README.md and doc/getting-started.md in a fresh Debian, in the order in which a reader meets them:
# tools/fresh.sh DIRECTORY (as root; needs debootstrap). `tools/fresh.sh --print PAGE` prints the commands of a page instead.
# Creates a system of the same release in DIRECTORY with git and make, and a clone of HEAD in it. Each page starts in a copy of
# that system. The commands are the blocks ```sh of the page, and the programs are its blocks ```lua NAME, which become files;
# a block ```sh background runs beside those that follow. PAGES selects pages. At last the make goals OFFLINE (demo) run in the
# system of the first page, without a network. The new system gets the package sources, npm settings, certificates and proxies
# of this one.
set -eu -o pipefail
cd "$(dirname "$0")/.."

pages=${PAGES:-README.md doc/getting-started.md}
offline=${OFFLINE-demo}

# Prints the blocks of a page as a script.
commands() { # PAGE
  awk '
    /^```/ && !info { info = substr($0, 4); if (info ~ /^lua ./) print "cat >" substr(info, 5) " <<\"END_OF_BLOCK\""
      if (info == "sh background") print "("; if (!info) info = "output"; next }
    /^```/ { if (info ~ /^lua ./) print "END_OF_BLOCK"; if (info == "sh background") print ") &\nwait_for_server"; info = ""; next }
    info ~ /^sh/ || info ~ /^lua ./' "$1"
}

[ $# -gt 0 ] || { echo "usage: $0 DIRECTORY | --print PAGE" >&2; exit 2; }
if [ "$1" = --print ]; then
  commands "${2:?a page}"
  exit
fi
[ ! -e "$1" ] || { echo "$0: $1 exists already" >&2; exit 1; }
mkdir -p "$1"
directory=$(cd "$1" && pwd)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
PATH=$PATH:/usr/sbin:/sbin

copy() { # ROOT PATHS...; copies existing paths to the same paths in the new system
  local root=$1 path
  shift
  for path; do
    [ ! -e "$path" ] || cp -a --parents "$path" "$root"
  done
}

make_system() { # ROOT
  local mirror
  mirror=$(apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" | awk -v suite="$suite" '$1 == suite {print $2; exit}')
  debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$1" ${mirror:+"$mirror"}
  rm -f "$1"/etc/apt/sources.list
  copy "$1" /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/keyrings /usr/share/keyrings \
    /etc/npmrc /root/.npmrc /etc/hosts /etc/resolv.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt
  printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d" # the package of nginx must not start its service
  chmod +x "$1/usr/sbin/policy-rc.d"
  git clone --quiet --no-hardlinks . "$1/root/dynamodb"
}

# Gives the reader an account: a profile of AWS's tools, at the local server that the page starts.
make_account() { # ROOT
  mkdir "$1/root/.aws"
  printf '[default]\naws_access_key_id = account\naws_secret_access_key = account\nendpoint_url = http://127.0.0.1:8000\n' \
    >"$1/root/.aws/config"
}

settings() {
  env | grep -iE '^((http|https|ftp|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)=' || true
}

# Runs a command in the new system. Its processes and mounts end with the namespace.
inside() { # ROOT MORE_UNSHARE_OPTIONS COMMAND...
  local root=$1 options=$2 variables
  shift 2
  mapfile -t variables < <(settings)
  # shellcheck disable=SC2016,SC2086 # expanded by the inner shell; word splitting is intended
  unshare --mount --pid --fork --kill-child $options sh -eu -c '
    root=$1; shift
    ip link set lo up
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    exec chroot "$root" "$@"' sh "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin ${variables[@]+"${variables[@]}"} \
    "$@" </dev/null
}

# What surrounds the commands of a page: it stops at the first that fails, and shows each.
# shellcheck disable=SC2016
prologue='set -eu
cd /root/dynamodb
is_listening() { (exec 3<>/dev/tcp/127.0.0.1/8000) 2>/dev/null; }
! is_listening || { echo "port 8000 is in use" >&2; exit 1; }
wait_for_server() {
  for _ in $(seq 600); do
    if is_listening; then return; fi
    sleep 0.5
  done
  echo "no server on port 8000" >&2
  return 1
}
set -x'

make_system "$directory/base"
first=
for page in $pages; do
  echo "== the commands of $page"
  root=$directory/$(basename "$page" .md)
  cp -a "$directory/base" "$root"
  ! grep -q '^```sh background$' "$page" || make_account "$root"
  { echo "$prologue"; commands "$page"; echo 'set +x; echo "== all commands have passed"'; } >"$root/root/commands"
  inside "$root" "" bash /root/commands
  first=${first:-$root}
done
for goal in $offline; do
  echo "== make $goal, without a network"
  inside "$first" --net env --chdir=/root/dynamodb make "$goal"
done
echo "== every command of $pages has passed"
