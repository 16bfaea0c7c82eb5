# Makes a manual page (mdoc(7)) as others are of one by swift-argument-parser: the parts of a command's discussion become
# sections of their own, pages of subcommands are called tgl-run(1), and no line is empty.

function close_block() {
  if (block) add(block)
  block = ""
}

function add(line) { sections[count] = sections[count] line "\n" }

function text(line) {
  if (gap && filled) add(".Pp")
  gap = 0
  filled = 1
  add(line)
}

# A new part, by its name in capitals.
function part(name) {
  close_block()
  count++
  sections[count] = ".Sh " name "\n"
  filled = gap = 0
}

/^\.Dt / { $2 = page }
/^\.Sh NAME/ { in_name = 1 }
in_name && /^\.Nm / { command = $0; print ".Nm " tolower(page); in_name = 0; next }
/^\.Nm$/ && command { print command; command = ""; next }

/^\.Sh DESCRIPTION/ { inside = 1; count = 1; sections[1] = ".Sh DESCRIPTION\n"; next }
inside && (/^\.Bl / || /^\.Sh /) {
  close_block()
  inside = 0
  # The description, which a page may do without, then the options, then the other parts.
  if (sections[1] != ".Sh DESCRIPTION\n") printf "%s", sections[1]
  if (/^\.Bl /) print ".Sh OPTIONS"
}
inside && /^$/ { gap = 1; next }
inside && /^[A-Z]+( [A-Z]+)*$/ { part($0); if ($0 == "EXIT STATUS") own_status = 1; next }
inside && /^  / {
  sub(/^  /, "")
  if (sections[count] !~ /^\.Sh EXAMPLES/) { text($0); next }
  if (!block) { add(".Bd -literal"); block = ".Ed" }
  # A dot at the beginning would be a request.
  sub(/^\./, "\\\\\\&.")
  add($0)
  filled = 1
  next
}
inside && sections[count] ~ /^\.Sh SETTINGS/ && match($0, /^[A-Z][A-Z0-9_]+( \([^)]*\))?: /) {
  if (block != ".El") { close_block(); add(".Bl -tag -width 6n"); block = ".El" }
  add(".It Ev " substr($0, 1, RLENGTH - 2))
  add(substr($0, RLENGTH + 1))
  next
}
inside { close_block(); text($0); next }

# What swift-argument-parser says of the exit status is less than the page does.
/^\.Sh "EXIT STATUS"/ && own_status { skipping = 1 }
/^\.Sh/ && !/^\.Sh "EXIT STATUS"/ { skipping = 0 }
/^\.Sh / && count > 1 {
  for (i = 2; i <= count; i++) printf "%s", sections[i]
  count = 0
}
skipping { next }

# A comma between two references, none behind the last; those to commands of no page are left out.
/^\.Xr/ && / tgl-(help|settings-reference) / { next }
/^\.Xr/ { if (held) print held " ,"; sub(/ ,$/, ""); held = $0; next }
held { print held; held = "" }
{ print }

END {
  if (held) print held
  for (i = 2; i <= count; i++) printf "%s", sections[i]
}
