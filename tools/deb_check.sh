#!/usr/bin/env bash
# Builds the Debian package, installs it in a fresh system of the same release, and uses it there with lua5.4 and luajit, against a local
# server: tools/deb_check.sh. The fresh system is skipped, loudly, where debootstrap cannot run: without root, or without debootstrap.
# It gets the package sources, certificates and proxies of this system, and is removed afterwards.
set -eu -o pipefail
cd "$(dirname "$0")/.."

package=$(tools/deb.sh)
echo "== deb: $package"

skip() {
  echo "== deb: SKIPPED the fresh system: $*"
  exit 0
}

[ "$(id -u)" = 0 ] || skip "debootstrap needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "this system does not let programs make namespaces"
suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
[ -e "/usr/share/debootstrap/scripts/$suite" ] || skip "debootstrap does not know '$suite'"

root=$(mktemp -d)
trap 'rm -rf --one-file-system "$root"' EXIT

# Runs a command in the new system. Its processes and mounts end with the namespace.
inside() {
  local variables
  mapfile -t variables < <(env | grep -iE '^((http|https|ftp|all|no)_proxy|SSL_CERT_FILE|SSL_CERT_DIR)=' || true)
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --mount --pid --fork --kill-child sh -eu -c '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --bind /dev "$root/dev"
    exec chroot "$root" "$@"' sh "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
    ${variables[@]+"${variables[@]}"} "$@" </dev/null
}

mirror=$(apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" | awk -v suite="$suite" '$1 == suite {print $2; exit}')
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 ||
  { tail "$root.log" >&2; exit 1; }
rm -f "$root.log" "$root/etc/apt/sources.list"
for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/keyrings /usr/share/keyrings /etc/hosts \
  /etc/resolv.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt; do
  [ ! -e "$path" ] || cp -a --parents "$path" "$root"
done
mkdir "$root/check"
cp "$package" packaging/debian/test.lua tools/deb_use.lua "$root/check"
cp -r spec/support/node_modules "$root/check"
inside apt-get -q update >/dev/null
inside apt-get -q install -y --no-install-recommends "/check/$(basename "$package")" lua5.4 luajit >"$root/check/log" 2>&1 ||
  { tail -n 40 "$root/check/log" >&2; exit 1; }
[ -s "$root/usr/share/lua/types/dynamodb/table.lua" ] || { echo "$0: the package lacks the types" >&2; exit 1; }
for lua in lua5.4 luajit; do
  inside "$lua" /check/test.lua
  inside "$lua" /check/deb_use.lua
done
inside apt-get -q purge -y lua-dynamodb >>"$root/check/log" 2>&1
left=$(cd "$root" && find usr/share/lua usr/lib -path '*dynamodb*' 2>/dev/null || true)
[ -z "$left" ] || { echo "$0: left after the removal: $left" >&2; exit 1; }
echo "== deb: installed, used and removed in a fresh $suite"
