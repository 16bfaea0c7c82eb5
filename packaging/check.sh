#!/bin/sh
# Checks what packages and images are made of: units and how far they are hardened, scripts, Dockerfile, compose file, workflows.
# Usage: check.sh VENV   (run in the package's folder; VENV holds the checkers that come from PyPI)
set -eu
venv=$1
# What `systemd-analyze security` may say at most, in tenths.
exposure=20
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

complain() {
  echo "packaging: $*" >&2
  failed=1
}

packaging/deps.sh shellcheck
find .ci packaging Tests -type f \( -name '*.sh' -o -path .ci/run -o -path 'packaging/debian/p*' \) -print0 |
  xargs -0 shellcheck || complain "a script is not clean"

if command -v systemd-analyze >/dev/null 2>&1; then
  # In a place of their own and with a program that is here: it is not installed, and other units are none of our business.
  for unit in packaging/systemd/*.service packaging/systemd/*.timer; do
    sed "s|^ExecStart=/usr/bin/tgl|ExecStart=$(command -v true)|" "$unit" >"$work/${unit##*/}"
  done
  systemd-analyze verify --man=no --recursive-errors=no "$work"/*.service "$work"/*.timer ||
    complain "systemd-analyze verify is not content"
  for unit in packaging/systemd/*.service; do
    systemd-analyze security --offline=true --no-pager --threshold="$exposure" "$unit" >"$work/security" 2>&1 || {
      grep -v '✓' "$work/security" >&2 || true
      complain "$unit: more exposed than $exposure tenths"
    }
  done
else
  echo "packaging: units are not checked: there is no systemd-analyze here" >&2
fi

sed -n 's/^Documentation=man:\(.*\)(1)$/\1/p' packaging/systemd/*.service packaging/systemd/*.timer | sort -u >"$work/pages"
while read -r page; do
  [ -f "docs/man/$page.1" ] || complain "a unit names the manual page $page(1), which does not exist"
done <"$work/pages"

"$venv/bin/hadolint" packaging/docker/Dockerfile || complain "hadolint is not content"
"$venv/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec packaging/docker/compose.yaml ||
  complain "compose.yaml is not what the compose specification says"
"$venv/bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml ||
  complain "a workflow is not what its schema says"
"$venv/bin/actionlint" .github/workflows/*.yml || complain "actionlint is not content"

exit "$failed"
