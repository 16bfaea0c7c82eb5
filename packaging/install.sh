#!/bin/sh
# Installs the program and all that belongs to it; what the package and `make install` have in common.
# Usage: install.sh TGL [DESTDIR [PREFIX]]   (run in the package's folder; PREFIX is /usr/local unless given)
set -eu
program=$1
root=${2:-}
prefix=${3:-/usr/local}
share=$root$prefix/share
# Debian keeps this place for packages, and the other for the administrator.
case $prefix in
  /usr) zsh=$share/zsh/vendor-completions ;;
  *) zsh=$share/zsh/site-functions ;;
esac

install -D -m 0755 "$program" "$root$prefix/bin/tgl"
install -D -m 0644 completions/tgl.bash "$share/bash-completion/completions/tgl"
install -D -m 0644 completions/_tgl "$zsh/_tgl"
install -D -m 0644 completions/tgl.fish "$share/fish/vendor_completions.d/tgl.fish"
for page in docs/man/*.1; do install -D -m 0644 "$page" "$share/man/man1/${page##*/}"; done

install -d -m 0755 "$root$prefix/lib/systemd/system"
for unit in packaging/systemd/*.service packaging/systemd/*.timer; do
  sed "s|^ExecStart=/usr/bin/|ExecStart=$prefix/bin/|" "$unit" >"$root$prefix/lib/systemd/system/${unit##*/}"
  chmod 0644 "$root$prefix/lib/systemd/system/${unit##*/}"
done
install -D -m 0644 packaging/systemd/tgl.sysusers.conf "$root$prefix/lib/sysusers.d/tgl.conf"
install -D -m 0644 packaging/systemd/tgl.tmpfiles.conf "$root$prefix/lib/tmpfiles.d/tgl.conf"
install -D -m 0644 packaging/systemd/credentials.conf "$share/doc/tgl/examples/credentials.conf"
# The settings are the administrator's.
[ -e "$root/etc/tgl/tgl.env" ] || install -D -m 0640 packaging/tgl.env "$root/etc/tgl/tgl.env"
