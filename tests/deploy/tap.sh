# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the trials of this folder say in TAP, to be sourced by them. $failed
# counts.

tests=0
failed=0

# check DESCRIPTION COMMAND…: the command says what is wrong, or fails.
check() {
  local said status
  set +e # or the command would go on after what fails
  said=$(set -e; "${@:2}" 2>&1)
  status=$?
  set -e
  tests=$((tests + 1))
  if [ "$status" = 0 ]; then
    echo "ok $tests - $1"
  else
    failed=$((failed + 1))
    echo "not ok $tests - $1"
  fi
  [ -z "$said" ] || printf '# %s\n' "${said//$'\n'/$'\n# '}"
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
  local said
  said=$("$@" 2>&1)
  [ -z "$said" ] || { echo "$said"; return 1; }
}

plan() {
  echo "1..$tests"
}
