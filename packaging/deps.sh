#!/bin/sh
# Installs the named Debian packages that are missing; says so, and what to do where there is no apt.
set -eu
missing=
for package in "$@"; do
  case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
    *"ok installed") ;;
    *)
      # A python3 that did not come from Debian serves as well.
      case "$package" in
        python3) command -v python3 >/dev/null 2>&1 && continue ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null && continue ;;
      esac
      missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "needed and not found:$missing (these are Debian's names; install your system's packages of the same libraries)" >&2
  exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing$missing" >&2
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null 2>&1 || {
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
}
