#!/bin/sh
# Writes completions/, docs/man/ and the table of docs/configuration.md from the commands' own declarations; with
# --check compares instead.
# Usage: generate-docs.sh BINARIES [--check]   (run in the package's folder; BINARIES holds tgl and generate-manual)
set -eu
bin=$1
mode=${2:-}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir -p "$out/completions" "$out/docs/man" "$out/pages"

# It is read by a shell, not run.
"$bin/tgl" --generate-completion-script bash | sed '1{/^#!/d;}' >"$out/completions/tgl.bash"
"$bin/tgl" --generate-completion-script zsh >"$out/completions/_tgl"
"$bin/tgl" --generate-completion-script fish >"$out/completions/tgl.fish"

# A fixed date: the pages change when the commands do, not when they are generated.
"$bin/generate-manual" "$bin/tgl" --multi-page --date 2026-11-01 --output-directory "$out/pages"
for source in "$out"/pages/tgl*.1; do
  name=$(basename "$source" .1)
  case $name in
    tgl.help | tgl.settings-reference) continue ;;
  esac
  page=$(echo "$name" | tr . -)
  sed '/^\.Xr/s/\([Tt][Gg][Ll]\)\.\([A-Za-z]\)/\1-\2/g' "$source" |
    awk -v page="$(echo "$page" | tr '[:lower:]' '[:upper:]')" -f packaging/manual.awk >"$out/docs/man/$page.1"
done

# The table stands between its two comments.
"$bin/tgl" settings-reference >"$out/settings.md"
awk -v table="$out/settings.md" '
  /^<!-- end of settings/ { while ((getline line < table) > 0) print line; inside = 0 }
  !inside
  /^<!-- settings: generated/ { inside = 1 }
' docs/configuration.md >"$out/docs/configuration.md"

if [ "$mode" != --check ]; then
  mkdir -p completions docs/man
  cp "$out"/completions/* completions/
  rm -f docs/man/*.1
  cp "$out"/docs/man/* docs/man/
  cp "$out/docs/configuration.md" docs/
elif ! diff -r "$out/completions" completions || ! diff -r "$out/docs/man" docs/man ||
  ! diff "$out/docs/configuration.md" docs/configuration.md; then
  echo "completions/, docs/man/ or docs/configuration.md are not what the commands declare: run 'make completions'" >&2
  exit 1
fi
