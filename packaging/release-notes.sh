#!/bin/sh
# Prints what CHANGELOG.md says of a version; fails when it says nothing.
# Usage: release-notes.sh VERSION   (run in the package's folder)
set -eu
notes=$(awk -v version="$1" '
  /^## / { inside = index($0, "## [" version "]") == 1; next }
  inside && !/^\[.*\]: / { print }
' CHANGELOG.md)
if [ -z "$(printf %s "$notes" | tr -d '[:space:]')" ]; then
  echo "CHANGELOG.md says nothing of version $1" >&2
  exit 1
fi
printf '%s\n' "$notes"
