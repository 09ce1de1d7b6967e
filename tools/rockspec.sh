#!/usr/bin/env bash
# Writes the rockspec of a release, dynamodb-VERSION-1.rockspec, and prints its path: tools/rockspec.sh DIRECTORY [URL]
# It is made from the rockspec of the development version. Its source is tag vVERSION of the git repository at the URL, by default the
# one that this clone came from. The homepage is the page of that repository.
set -eu
cd "$(dirname "$0")/.."
[ $# = 1 ] || [ $# = 2 ] || { echo "usage: $0 DIRECTORY [URL]" >&2; exit 2; }

version=$(sed -n 's/^return "\(.*\)"$/\1/p' lua/dynamodb/base/version.lua)
url=${2:-$(git remote get-url origin 2>/dev/null || true)}
url=$(sed -E -e 's|^git@([^:/]+):|https://\1/|' -e 's|^ssh://([^@/]*@)?|https://|' -e 's|^git\+||' <<<"$url")
case $url in
https://* | file://*) ;;
*) echo "$0: '$url' is no address that luarocks can fetch from; name one: make rockspec URL=https://..." >&2; exit 2 ;;
esac

rockspec=$1/dynamodb-$version-1.rockspec
sed -e "s|^version = .*|version = \"$version-1\"|" \
  -e "s|^source = .*|source = { url = \"git+$url\", tag = \"v$version\" }|" \
  -e "s|^  license = .*|&\n  homepage = \"${url%.git}\",|" \
  rockspec/dynamodb-dev-1.rockspec >"$rockspec"
echo "$rockspec"
