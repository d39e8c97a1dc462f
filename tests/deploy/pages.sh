# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Runs the commands of the pages as they stand there; sourced by trials. A block
# is a run of lines that are indented by four blanks or more, outside of fences,
# in the section under one heading of any level; the first is number 1.

# blocks PAGE SECTION: the number of blocks
blocks() {
  block "$1" "$2" 0 | wc -l
}

# block PAGE SECTION N: that block; for 0 one line for each block
block() {
  awk -v section="$2" -v wanted="$3" '
    /^```/ { fenced = !fenced }
    fenced { next }
    /^#+ / { sub(/^#+ /, ""); inside = ($0 == section) }
    !inside { next }
    !/^    / { indent = 0; next }
    !indent { match($0, /^ +/); indent = RLENGTH; n++; if (wanted == 0) print n }
    n == wanted { print substr($0, indent + 1) }
  ' "$1"
}

# sections_of TRIAL: the sections that this trial follows, as PAGE SECTION
sections_of() {
  sed -n "s|^$1 \\+||p" tests/deploy/followed
}

# follow PAGE SECTION N: as the user ada would type it; ada has sudo where a
# trial installs it. The first command that fails ends the block.
follow() {
  local commands
  commands=$(block "$1" "$2" "$3")
  [ -n "$commands" ] || { echo "$1: \"$2\" has no block $3"; return 1; }
  echo "$commands"
  echo "$1 $2 $3" >>/trial/followed
  as_ada bash -exc "$commands" >/trial/step.log 2>&1 </dev/null ||
    { cat /trial/step.log; return 1; }
}

as_ada() {
  runuser -u ada -- env HOME="$home" USER=ada "$@"
}

# follow_transcript PAGE SECTION N: runs the lines that begin with a prompt and
# compares their output with the other lines, except for times and epochs.
follow_transcript() {
  local line
  echo "$1 $2 $3" >>/trial/followed
  block "$1" "$2" "$3" >/trial/wanted
  [ -s /trial/wanted ] || { echo "$1: \"$2\" has no block $3"; return 1; }
  while IFS= read -r line; do
    [[ $line == '$ '* ]] || continue
    echo "$line"
    as_ada bash -ec "${line#\$ }" </dev/null | sed '$a\'
  done </trial/wanted >/trial/output
  diff <(without_chance </trial/wanted) <(without_chance </trial/output)
}

without_chance() {
  sed -E 's/"time":[0-9]{13}/"time":0/g; s/"epoch":"[0-9a-f]{16}"/"epoch":""/'
}

# are_followed TRIAL: prints the blocks of the trial's sections that were not
# run, so that no command is published untested.
are_followed() {
  local page section n
  while read -r page section; do
    for ((n = 1; n <= $(blocks "$page" "$section"); n++)); do
      grep -qx "$page $section $n" /trial/followed ||
        { echo "$page: \"$section\", not run:"; block "$page" "$section" "$n"; }
    done
  done < <(sections_of "$1")
}
