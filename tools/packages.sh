#!/usr/bin/env bash
# Builds the Debian package, installs it in a fresh system of the same release, uses it there with lua5.4 and luajit against a local
# server, and removes it; then carries out the Dockerfile of doc/nginx.md there: tools/packages.sh
# The fresh system is skipped, loudly, where debootstrap cannot make it: without root, without debootstrap, or without a mirror. It gets the package
# sources, certificates and proxies of this system, and is deleted at the end.
set -eu -o pipefail
cd "$(dirname "$0")/.."

package=$(tools/deb.sh)
echo "== packages: $package"

skip() {
  echo "== packages: SKIPPED the fresh system: $*"
  exit 0
}

[ "$(id -u)" = 0 ] || skip "debootstrap needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "this system does not let programs make namespaces"
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
[ -e "/usr/share/debootstrap/scripts/$suite" ] || skip "debootstrap does not know '$suite'"

root=$(mktemp -d)
chmod 755 "$root"
log=$(mktemp)
trap 'rm -rf --one-file-system "$root" "$log"' EXIT

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

# Runs a command whose output is shown only when it fails.
quietly() {
  "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
}

make_system() {
  local mirror path
  mirror=$(apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" | awk -v suite="$suite" '$1 == suite {print $2; exit}')
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" ${mirror:+"$mirror"} >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    skip "debootstrap failed"
  }
  rm -f "$root/etc/apt/sources.list"
  for path in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/keyrings /usr/share/keyrings /etc/hosts \
    /etc/resolv.conf /usr/local/share/ca-certificates /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$path" ] || cp -a --parents "$path" "$root"
  done
  mkdir "$root/check"
  cp "$package" packaging/debian/test.lua tools/packages_use.lua "$root/check"
  cp -r spec/support/node_modules "$root/check"
}

check_package() {
  local lua left
  quietly inside apt-get update
  quietly inside apt-get install -y --no-install-recommends "/check/$(basename "$package")" lua5.4 luajit
  [ -s "$root/usr/share/lua/types/dynamodb/table.lua" ] || { echo "$0: the package lacks the types" >&2; exit 1; }
  for lua in lua5.4 luajit; do
    inside "$lua" /check/test.lua
    inside "$lua" /check/packages_use.lua
  done
  quietly inside apt-get purge -y lua-dynamodb
  left=$(find "$root/usr/share/lua" "$root"/usr/lib/*/lua -path '*dynamodb*' 2>/dev/null) || true
  [ -z "$left" ] || { echo "$0: left after the removal: $left" >&2; exit 1; }
  echo "== packages: installed, used and removed in a fresh $suite"
}

# Prints the instructions of the Dockerfile in doc/nginx.md, each on one line.
instructions() {
  # shellcheck disable=SC2016 # the quotes are those of Markdown
  sed -n '/^```dockerfile$/,/^```$/p' doc/nginx.md | sed -e '/^```/d' -e '/^$/d' -e ':more' -e '/\\$/{N;s/\\\n *//;b more' -e '}'
}

# Carries out the instructions in the new system. Its two stages share it, and OpenResty's own files are missing: what the recipe
# installs is used with luajit.
check_dockerfile() {
  local word rest count=0
  while read -r word rest; do
    case "$word $rest" in
      "FROM debian:$suite-slim AS build" | "FROM openresty/openresty:$suite") ;;
      "RUN "*) quietly inside sh -c "$rest" ;;
      "COPY . /src") mkdir "$root/src" && git archive HEAD | tar -x -C "$root/src" ;;
      "COPY --from=build /out/ /") cp -a "$root/out/." "$root" ;;
      "COPY nginx.conf /usr/local/openresty/nginx/conf/nginx.conf") ;;
      *) echo "$0: the Dockerfile has an instruction that is not checked: $word $rest" >&2; exit 1 ;;
    esac
    count=$((count + 1))
  done < <(instructions)
  [ "$count" -gt 5 ] || { echo "$0: doc/nginx.md has no Dockerfile" >&2; exit 1; }
  local lualib=/usr/local/openresty/site/lualib
  inside env LUA_PATH="$lualib/?.lua;$lualib/?/init.lua;;" LUA_CPATH="$lualib/?.so;;" luajit /check/test.lua
  echo "== packages: carried out the $count instructions of the Dockerfile"
}

make_system
check_package
check_dockerfile
