#!/usr/bin/env bash
# Builds, packs and installs the rock of HEAD with each Lua named, in a directory of its own, and loads it: tools/rock.sh LUA...
set -eu -o pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A release is taken from a tag of a repository; here the repository is a copy of this one.
git clone --quiet --no-hardlinks . "$scratch/repository"
rockspec=$(tools/rockspec.sh "$scratch" "file://$scratch/repository")
release=$(basename "$rockspec" .rockspec)
release=${release#dynamodb-}
git -C "$scratch/repository" tag --force "v${release%-1}" >/dev/null

for lua; do
  version=5.1
  [ "$lua" = luajit ] || version=${lua#lua}
  tree=$scratch/$lua
  headers=$(pkg-config --cflags-only-I "$lua" | sed "s/-I//; s/ //g")
  rocks() { luarocks --lua-version="$version" --tree="$tree" "$@" LUA_INCDIR="$headers" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }; }
  (
    cd "$scratch"
    rocks install --deps-mode=none "$rockspec"
    rocks pack dynamodb "$release"
    rocks remove dynamodb
    rocks install --deps-mode=none "dynamodb-$release".*.rock
    rm "dynamodb-$release".*.rock
  )
  cmp -s types/table.lua "$tree/lib/luarocks/rocks-$version/dynamodb/$release/types/dynamodb/table.lua" ||
    { echo "$0: the rock lacks types/" >&2; exit 1; }
  LUA_PATH="$tree/share/lua/$version/?.lua;$tree/share/lua/$version/?/init.lua;;" LUA_CPATH="$tree/lib/lua/$version/?.so;;" \
    "$lua" -e 'print("rock of", (require("dynamodb").connect({ region = "eu-west-1" })))'
done
