#!/usr/bin/env bash
# Verifies that a fresh Debian needs only git and make: tools/fresh.sh DIRECTORY (as root, for maintainers)
# Creates a system of the same release in DIRECTORY, clones HEAD into it and runs make demo and make test in it, first with and
# then without a network. GOALS="..." selects other make goals. The new system gets the package sources, npm settings,
# certificates and proxies of this one.
set -eu -o pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
[ ! -e "$1" ] || { echo "$0: $1 exists already" >&2; exit 1; }
mkdir -p "$1"
root=$(cd "$1" && pwd)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
goals=${GOALS:-demo test}

copy() { # PATHS...; copies existing paths to the same paths in the new system
  local path
  for path; do
    [ ! -e "$path" ] || cp -a --parents "$path" "$root"
  done
}

make_system() {
  local mirror
  mirror=$(apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" | awk -v suite="$suite" '$1 == suite {print $2; exit}')
  debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" "$root" ${mirror:+"$mirror"}
  rm -f "$root"/etc/apt/sources.list
  copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/keyrings /usr/share/keyrings \
    /etc/npmrc /root/.npmrc /etc/hosts /etc/resolv.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # the package of nginx must not start its service
  chmod +x "$root/usr/sbin/policy-rc.d"
  git clone --quiet --no-hardlinks . "$root/root/dynamodb"
}

settings() {
  env | grep -iE '^((http|https|ftp|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS)=' || true
}

# Runs a command in the new system. Its processes and mounts end with the namespace.
inside() { # MORE_UNSHARE_OPTIONS COMMAND...
  local options=$1 variables
  shift
  mapfile -t variables < <(settings)
  # shellcheck disable=SC2016,SC2086 # expanded by the inner shell; word splitting is intended
  unshare --mount --pid --fork --kill-child $options sh -eu -c '
    root=$1; shift
    ip link set lo up
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    exec chroot "$root" "$@"' sh "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin ${variables[@]+"${variables[@]}"} "$@" </dev/null
}

make_system
for network in with without; do
  options=
  [ $network = with ] || options=--net
  for goal in $goals; do
    echo "== make $goal, $network a network"
    inside "$options" env --chdir=/root/dynamodb make "$goal"
  done
done
