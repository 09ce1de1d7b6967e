#!/usr/bin/env bash
# Installs the missing packages of a make target: tools/setup.sh demo|test|engines|bench|instructions|peers|deb|check
# If nothing is missing, it fetches nothing, so a second run needs no network.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
unset LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_PATH_5_4 LUA_CPATH LUA_CPATH_5_4 # the checks must find the modules of the system
support=spec/support
plan=${1-}

fail() {
  echo "$0: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Checks: each succeeds if the thing is installed.
runs() { command -v "$1"; }
library() { pkg-config --exists "$1"; }
loads() { "$1" -e "require '$2'"; } # LUA MODULE
loads_somewhere() { loads lua5.4 "$1" || loads luajit "$1"; } # Debian packages some modules for one Lua only
botocore() { /usr/bin/python3 -c 'import botocore.auth'; } # Debian's python, not the first python of PATH
boto3() { /usr/bin/python3 -c 'import boto3'; }
fuzzes() { echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | clang -fsanitize=fuzzer,address -o /dev/null -xc -; }
compiles() { echo '#include <stdlib.h>' | cc -fsyntax-only -xc -; }
trusts() { [ -s /etc/ssl/certs/ca-certificates.crt ]; }

# node_modules/.installed is a copy of the lock file that the emulator was installed from.
emulator() { [ -n "${AWS_ENDPOINT_URL_DYNAMODB-}" ] || cmp -s $support/package-lock.json $support/node_modules/.installed; }

# Succeeds if the AWS SDK for JavaScript of bench/peers is installed.
sdk() { cmp -s bench/peers/package-lock.json build/peers/.installed; }

# Succeeds if all servers that run here are installed, not only the one that the specs use by default.
engines() { emulator && { [ -n "${AWS_ENDPOINT_URL_DYNAMODB-}" ] || [ -f $support/node_modules/dynalite/cli.js ]; }; }

# Succeeds if nginx has Lua, as a module or as OpenResty, or if the system has no package of that module; specs then skip.
nginx_lua() {
  local built
  built=$(nginx -V 2>&1)
  [ -e "$(sed -nE 's/.*--modules-path=([^ ]*).*/\1/p' <<<"$built")/ngx_http_lua_module.so" ] && return
  grep -q ngx_lua <<<"$built" && return
  [ -n "$(apt-cache madison nginx)" ] && [ -z "$(apt-cache madison libnginx-mod-http-lua)" ]
}

# Prints the Lua version of HAProxy, such as "5.3". HAPROXY_LUA is a placeholder for the package of its headers.
haproxy_lua() {
  { haproxy -vv || apt-cache depends haproxy; } 2>/dev/null | sed -nE 's/.*(Lua version : Lua |Depends: liblua)(5\.[0-9]).*/\2/p' | head -n 1
}

# The packages that the placeholder LUAJIT stands for. luajit2, where it exists, conflicts with luajit, and nginx's Lua needs it.
luajit_packages() {
  if [ -z "$(apt-cache madison luajit2)" ]; then
    echo luajit libluajit-5.1-dev
  else
    echo luajit2 libluajit2-5.1-dev
  fi
}

# The package of clang's runtime libraries, which the placeholder FUZZER stands for. Older systems have them in clang's own.
fuzzer_package() {
  [ -z "$(apt-cache madison libclang-rt-dev)" ] || echo libclang-rt-dev
}

# Replaces the placeholders by names of packages.
real_names() { # PACKAGES
  local list=${1//LUAJIT/$(luajit_packages)}
  list=${list//FUZZER/$(fuzzer_package)}
  echo "${list//HAPROXY_LUA/liblua$(haproxy_lua)-dev}"
}

need() { # PACKAGES CHECK ARGS...
  [[ "$missing " == *" $1 "* ]] || "${@:2}" >/dev/null 2>&1 || missing+=" $1"
}

need_for_build() {
  need "gcc libc6-dev" compiles
  need make runs make
  need pkg-config runs pkg-config
  need lua5.4 runs lua5.4
  need liblua5.4-dev library lua5.4
  need libcurl4-openssl-dev library libcurl
  need libssl-dev library libcrypto
  need zlib1g-dev library zlib
  need lua-cjson loads lua5.4 cjson
}

need_for_demo() {
  need_for_build
  if ! emulator; then
    need "nodejs npm" runs npm
    need ca-certificates trusts
  fi
}

need_for_luajit() {
  need LUAJIT runs luajit
  need LUAJIT library luajit
  need lua-cjson loads luajit cjson
}

need_for_test() {
  need_for_demo
  need_for_luajit
  need lua-busted loads lua5.4 busted
  need lua-busted loads luajit busted
  need nginx runs nginx
  need lua-luv loads_somewhere luv
  need lua-cqueues loads_somewhere cqueues
  need lua-socket loads_somewhere socket
  need haproxy runs haproxy
  need HAPROXY_LUA library "lua$(haproxy_lua)"
  need libnginx-mod-http-lua nginx_lua
  need openssl runs openssl
  need nodejs runs node
  need python3-botocore botocore
}

need_for_engines() {
  need_for_test
  if ! engines; then need "nodejs npm" runs npm; fi
}

need_for_bench() {
  need_for_test
  need wrk runs wrk
}

need_for_instructions() {
  need_for_build
  need_for_luajit
  need valgrind runs valgrind
}

need_for_peers() {
  need_for_build
  need_for_luajit
  need nginx runs nginx
  need python3-boto3 boto3
  need nodejs runs node
  if ! sdk; then
    need npm runs npm
    need ca-certificates trusts
  fi
}

need_for_deb() {
  need_for_demo
  need dh-lua runs dh_lua
  need debhelper runs dh
  need "dpkg-dev fakeroot" runs dpkg-buildpackage
  need lintian runs lintian
  need debootstrap runs debootstrap
}

need_for_check() {
  need_for_test
  need_for_deb
  local package
  for package in clang clang-format clang-tidy cppcheck valgrind gcovr luarocks; do
    need $package runs $package
  done
  need FUZZER fuzzes
  need lua-check runs luacheck
  need python3 runs python3
}

find_missing() {
  missing=''
  "need_for_$plan"
}

# Prints the number and the size of the packages that apt-get would install.
print_size() { # PACKAGES...
  apt-get -q install --assume-no --no-install-recommends "$@" 2>/dev/null | grep -E '^Need to get|newly installed|^After this' || true
}

install_packages() {
  runs apt-get >/dev/null || fail "please install these Debian packages first:$missing"
  [ "$(id -u)" = 0 ] || runs sudo >/dev/null ||
    fail "this needs root or sudo; ask for: apt-get install --no-install-recommends$(real_names "$missing")"
  as_root apt-get -q update || echo "apt-get update failed; continuing with the present package lists"
  [[ "$missing " != *" libnginx-mod-http-lua "* ]] || missing+=" LUAJIT" # it removes luajit
  missing=$(real_names "$missing")
  echo "installing:$missing"
  # shellcheck disable=SC2086 # one word is one package
  print_size $missing
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
  find_missing
  [ -z "$missing" ] || fail "still missing after the installation:$missing"
}

# Installs Dynoxide, a binary. If it has no binary for this platform, installs Dynalite, which runs on node.
install_emulator() {
  local npm="npm ci --prefix $support --no-audit --no-fund --loglevel=error"
  echo "installing the DynamoDB emulator for tests, from npm, into $support/node_modules: 8 MB, about 80 MB where only Dynalite runs"
  $npm --omit=dev
  ls $support/node_modules/@dynoxide/*/dynoxide >/dev/null 2>&1 || $npm --omit=optional --include=dev
  cp $support/package-lock.json $support/node_modules/.installed
}

# Installs Dynoxide, where it has a binary, and Dynalite.
install_engines() {
  echo "installing DynamoDB emulators for tests, from npm, into $support/node_modules"
  npm ci --prefix $support --no-audit --no-fund --loglevel=error --include=optional --include=dev
  cp $support/package-lock.json $support/node_modules/.installed
}

# Installs the AWS SDK for JavaScript, which bench-peers measures.
install_sdk() {
  echo "installing the AWS SDK for JavaScript, from npm, into build/peers"
  mkdir -p build/peers
  cp bench/peers/package.json bench/peers/package-lock.json build/peers
  npm ci --prefix build/peers --no-audit --no-fund --loglevel=error
  cp bench/peers/package-lock.json build/peers/.installed
}

case $plan in
  demo | test | engines | bench | instructions | peers | deb | check) ;;
  *) fail "usage: $0 demo|test|engines|bench|instructions|peers|deb|check" ;;
esac
find_missing
[ -z "$missing" ] || install_packages
case $plan in
  engines) engines || install_engines ;;
  peers) sdk || install_sdk ;;
  instructions) ;;
  *) emulator || install_emulator ;;
esac
