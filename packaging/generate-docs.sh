#!/bin/sh
# Writes completions/, docs/man/ and the table of docs/configuration.md from the commands' own declarations; with --check compares instead.
# Usage: generate-docs.sh TGL [--check]   (run in the package's folder)
set -eu
tgl=$1
mode=${2:-}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir -p "$out/completions" "$out/docs/man"
"$tgl" --generate-completion-script bash >"$out/completions/tgl.bash"
"$tgl" --generate-completion-script zsh >"$out/completions/_tgl"
"$tgl" --generate-completion-script fish >"$out/completions/tgl.fish"
# A fixed date: the pages change when the commands do, not when they are generated.
swift package --quiet --allow-writing-to-directory "$out" generate-manual \
  --multi-page --date 2026-11-01 --output-directory "$out/docs/man" >/dev/null
find "$out/docs/man" -name '*.1' ! -name 'tgl.1' ! -name 'tgl.*.1' -delete
# The table stands between its two comments.
"$tgl" settings-reference >"$out/settings.md"
awk -v table="$out/settings.md" '
  /^<!-- end of settings/ { while ((getline line < table) > 0) print line; inside = 0 }
  !inside
  /^<!-- settings: generated/ { inside = 1 }
' docs/configuration.md >"$out/configuration.md"
if [ "$mode" != --check ]; then
  cp "$out/configuration.md" docs/configuration.md
  mkdir -p completions docs/man
  cp "$out"/completions/* completions/
  rm -f docs/man/*.1
  cp "$out"/docs/man/* docs/man/
elif ! diff -r -q "$out/completions" completions || ! diff -r -q "$out/docs/man" docs/man ||
  ! diff -q "$out/configuration.md" docs/configuration.md; then
  echo "completions/, docs/man/ or docs/configuration.md are not what the commands declare: run 'make completions'" >&2
  exit 1
fi
