#!/bin/sh
# Makes the Debian package of a built tgl. The same program and sources give the same bytes.
# Usage: build.sh TGL OUT   (run in the package's folder; prints the path of the package)
#
# SOURCE_DATE_EPOCH is the time of everything in it, that of the last commit unless set; DEBFULLNAME and DEBEMAIL name
# the maintainer (deb(5), dpkg-deb(1), reproducible-builds.org); TGL_DEB_COMPRESSION is dpkg-deb's -Z.
set -eu
program=$1
out=$2
here=packaging/debian
version=$("$program" --version)
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-The tgl authors} <${DEBEMAIL:-tgl@users.noreply.github.com}>"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --pretty=%ct)}
export SOURCE_DATE_EPOCH
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
doc=$root/usr/share/doc/tgl

strip --remove-section=.comment --remove-section=.note -o "$work/tgl" "$program"
packaging/install.sh "$work/tgl" "$root" /usr
gzip -9n "$root"/usr/share/man/man1/*.1
install -m 0644 "$here/copyright" docs/configuration.md docs/operations.md docs/security.md docs/export.md docs/from-python.md "$doc"
gzip -9n <CHANGELOG.md >"$doc/CHANGELOG.md.gz"
cat >"$work/changelog" <<END
tgl ($version) stable; urgency=medium

  * Version $version; CHANGELOG.md.gz tells what is new in it.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
gzip -9n <"$work/changelog" >"$doc/changelog.gz"
# Every setting with its default and meaning, ready to be uncommented.
awk -F ' [|] ' '
  /^<!-- end of settings/ { inside = 0 }
  inside && /^[|] `/ {
    name = $1; gsub(/^[|] `|`.*/, "", name)
    default = $2; gsub(/`|^required$/, "", default)
    meaning = $4; sub(/ *[|]$/, "", meaning)
    printf "# %s (%s)\n#%s=%s\n\n", meaning, $3, name, default
  }
  /^<!-- settings: generated/ { inside = 1 }
' docs/configuration.md >"$doc/examples/tgl.env"

# The name is a file's in the scratch folder; dpkg-shlibdeps(1) wants a source package around it.
mkdir "$work/debian" "$root/DEBIAN"
printf 'Source: tgl\n\nPackage: tgl\nArchitecture: any\n' >"$work/debian/control"
# shellcheck disable=SC2086
depends=$(cd "$work" && dpkg-shlibdeps -O -S"$root" ${TGL_SHLIBDEPS_OPTIONS:-} root/usr/bin/tgl | sed 's/^shlibs:Depends=//')

install -m 0755 "$here/postinst" "$here/prerm" "$here/postrm" "$root/DEBIAN"
echo /etc/tgl/tgl.env >"$root/DEBIAN/conffiles"
install -D -m 0644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/tgl"
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@MAINTAINER@/$maintainer/; s/@DEPENDS@/$depends/" \
  -e "s/@SIZE@/$(du -ks --apparent-size --exclude=DEBIAN "$root" | cut -f1)/" "$here/control" >"$root/DEBIAN/control"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$out"
dpkg-deb --root-owner-group -Z"${TGL_DEB_COMPRESSION:-xz}" --build "$root" "$out/tgl_${version}_$architecture.deb" >&2
echo "$out/tgl_${version}_$architecture.deb"
