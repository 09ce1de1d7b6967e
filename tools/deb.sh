#!/usr/bin/env bash
# Builds the Debian package of HEAD with dh-lua, for Lua 5.4 and for 5.1, LuaJIT and nginx: tools/deb.sh
# The package is left in build/deb, and its path is printed. lintian must find nothing, where it is installed.
# Its version is that of the library, and names the commit unless HEAD is the tag of a release. The maintainer is the author of HEAD,
# or DEBFULLNAME and DEBEMAIL.
set -eu -o pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^return "\(.*\)"$/\1/p' lua/dynamodb/base/version.lua)
[ "$(git describe --exact-match --tags 2>/dev/null || true)" = "v$version" ] ||
  version=$version+git$(git log -1 --format=%cd.%h --date=format:%Y%m%d)
maintainer="${DEBFULLNAME:-$(git log -1 --format=%an)} <${DEBEMAIL:-$(git log -1 --format=%ae)}>"
source=build/deb/lua-dynamodb-$version

rm -rf build/deb
mkdir -p "$source"
git archive HEAD | tar -x -C "$source"
mv "$source/packaging/debian" "$source/debian"
sed -i "s|@MAINTAINER@|$maintainer|" "$source/debian/control"
cat >"$source/debian/changelog" <<END
lua-dynamodb ($version-1) unstable; urgency=medium

  * Version $version; the changes are in CHANGELOG.md.

 -- $maintainer  $(git log -1 --format=%cd --date=rfc)
END

log=build/deb/build.log
# Tests in the build run on the interpreters of the system, without the modules of this environment.
(cd "$source" && env -u LUA_PATH -u LUA_CPATH -u LUA_INIT -u MAKEFLAGS -u MAKELEVEL \
  dpkg-buildpackage --build=binary --no-sign) >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }
rm -rf "$source"
package=$(ls build/deb/lua-dynamodb_*.deb)
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning,info --suppress-tags initial-upload-closes-no-bugs "$package" >&2
else
  echo "$0: lintian is not installed; the package was not checked" >&2
fi
echo "$package"
