#!/usr/bin/env bash
# Makes the tag of a release and its rockspec: tools/release.sh DIRECTORY [URL]
# The version is that of lua/dynamodb/base/version.lua. The commit must be clean, and CHANGELOG.md must begin with a section of this
# version and its date. The rockspec is written into the directory: tools/rockspec.sh. Nothing is sent anywhere; the commands that
# publish the release are printed.
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] || [ $# = 2 ] || { echo "usage: $0 DIRECTORY [URL]" >&2; exit 2; }

refuse() {
  echo "$0: $*" >&2
  exit 1
}

version=$(sed -n 's/^return "\(.*\)"$/\1/p' lua/dynamodb/base/version.lua)
first=$(grep -m 1 '^## ' CHANGELOG.md)
[[ $first =~ ^"## [$version] - "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
  refuse "CHANGELOG.md begins with '$first', not with '## [$version] - DATE'"
[ -z "$(git status --porcelain)" ] || refuse "there are changes that are not committed"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || refuse "the tag v$version exists"

rockspec=$(tools/rockspec.sh "$@")
git tag -a "v$version" -m "Version $version"
echo "tag v$version on $(git rev-parse --short HEAD), rockspec $rockspec. To publish:"
echo "  git push origin v$version"
echo "  luarocks upload $rockspec"
