#!/usr/bin/env bash
# Prints the rockspec of a release, made from the one of the development version: tools/rockspec.sh VERSION URL
# The source is tag vVERSION of the git repository at the URL, which is written as luarocks wants it: git+https://...
set -eu
[ $# = 2 ] || { echo "usage: $0 VERSION URL" >&2; exit 2; }
homepage=${2#git+}
sed -e "s|^version = .*|version = \"$1-1\"|" \
  -e "s|^source = .*|source = { url = \"$2\", tag = \"v$1\" }|" \
  -e "s|^  license = .*|&\n  homepage = \"${homepage%.git}\",|" \
  "$(dirname "$0")/../rockspec/dynamodb-dev-1.rockspec"
