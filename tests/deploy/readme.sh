# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The README's commands, run as they stand there, to be sourced by trials. A
# block is a run of lines that are indented by four blanks or more, in the
# section under one heading, whatever its level; the first is number 1.

# blocks SECTION: how many it has
blocks() {
  block "$1" 0 | wc -l
}

# block SECTION N: that block; for 0 a line for each
block() {
  awk -v section="$1" -v wanted="$2" '
    /^```/ { fenced = !fenced }
    fenced { next }
    /^#+ / { sub(/^#+ /, ""); inside = ($0 == section) }
    !inside { next }
    !/^    / { indent = 0; next }
    !indent { match($0, /^ +/); indent = RLENGTH; n++; if (wanted == 0) print n }
    n == wanted { print substr($0, indent + 1) }
  ' README.md
}

# follow SECTION N: as the user ada would type it, with sudo where it is there.
# What goes wrong ends it.
follow() {
  local commands
  commands=$(block "$1" "$2")
  [ -n "$commands" ] || { echo "README: \"$1\" has no block $2"; return 1; }
  echo "$commands"
  echo "$1 $2" >>/trial/followed
  as_ada bash -exc "$commands" >/trial/step.log 2>&1 </dev/null ||
    { cat /trial/step.log; return 1; }
}

as_ada() {
  runuser -u ada -- env HOME="$home" USER=ada "$@"
}

# follow_transcript SECTION N: of lines with a prompt the command is run, the
# others are what it should say. Times and epochs are never the same.
follow_transcript() {
  local line
  echo "$1 $2" >>/trial/followed
  block "$1" "$2" >/trial/wanted
  [ -s /trial/wanted ] || { echo "README: \"$1\" has no block $2"; return 1; }
  while IFS= read -r line; do
    [[ $line == '$ '* ]] || continue
    echo "$line"
    as_ada bash -ec "${line#\$ }" </dev/null | sed '$a\'
  done </trial/wanted >/trial/said
  diff <(without_chance </trial/wanted) <(without_chance </trial/said)
}

without_chance() {
  sed -E 's/"time":[0-9]{13}/"time":0/g; s/"epoch":"[0-9a-f]{16}"/"epoch":""/'
}

# Each block of the sections was run, so that none is only believed.
are_followed() {
  local section n
  for section in "$@"; do
    for ((n = 1; n <= $(blocks "$section"); n++)); do
      grep -qx "$section $n" /trial/followed ||
        { echo "README: \"$section\", not run:"; block "$section" "$n"; }
    done
  done
}
