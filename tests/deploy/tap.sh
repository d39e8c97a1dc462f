# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# TAP for the trials of this folder, to be sourced by them. $failed counts the
# failures.

tests=0
failed=0

# check DESCRIPTION COMMAND…: passes if the command succeeds; its output becomes a
# comment.
check() {
  local output status
  set +e # within `if` or `||` the command would continue after an error
  output=$(set -e; "${@:2}" 2>&1)
  status=$?
  set -e
  tests=$((tests + 1))
  if [ "$status" = 0 ]; then
    echo "ok $tests - $1"
  else
    failed=$((failed + 1))
    echo "not ok $tests - $1"
  fi
  [ -z "$output" ] || printf '# %s\n' "${output//$'\n'/$'\n# '}"
}

# wait_until SECONDS COMMAND…
wait_until() {
  local end=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "not within $1 s: ${*:2}"; return 1; }
    sleep 0.05
  done
}

is_silent() {
  local output
  output=$("$@" 2>&1)
  [ -z "$output" ] || { echo "$output"; return 1; }
}

plan() {
  echo "1..$tests"
}
