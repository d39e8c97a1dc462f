# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the caller sets the variables named below
#
# The part of deploy/dev/run that manages processes and does not know what they
# serve. It starts servers by name, restarts those that die, and stops them in
# order. The caller defines become NAME, which ends in a call of launch, and
# stop_signal NAME; and sets state, server_ids and run_lock.

restarts_allowed=4 # within this many seconds:
restarts_window=10
start_deadline=60
stop_deadline=20 # more than the 15 that messages-fcgi may take

declare -A pid=()     # of each started server; empty: not running
declare -A deaths=()  # when each server died, in the window; microseconds
declare -A not_before=() # when each may be started again; microseconds

# Set by a signal, and checked where no step is half done: an exit from within
# the trap has crashed bash 5.2.
asked_to_stop=

# A pipe without a writer: a read with a timeout is a pause without a process.
exec {silence}<> <(:)
pause() {
  read -rt 0.05 -u "$silence" || :
  [ -z "$asked_to_stop" ] || exit 0
}

now_us() {
  echo "${EPOCHREALTIME/[.,]/}"
}

say() {
  echo "run: $*" >&2
}

# Ctrl-C reaches every child: a failure because of it does not count.
die() {
  [ -z "$asked_to_stop" ] || exit 0
  say "$@"
  exit 1
}

# die_with_log NAME WHY…
die_with_log() {
  [ -z "$asked_to_stop" ] || exit 0
  say "${*:2}; the end of $state/log/$1.log:"
  tail -n 15 "$state/log/$1.log" | sed 's/^/  /' >&2 || :
  exit 1
}

forget_last_run() {
  local log
  rm -f "$state"/run/*.pid "$state"/hold/*
  for log in "$state"/log/*.log; do
    [ ! -e "$log" ] || mv "$log" "$log.old"
  done
}

# launch SIGNAL COMMAND…: becomes the command, as the servers' user, in a
# session of its own, so that Ctrl-C reaches only the supervisor. The command
# gets SIGNAL when the supervisor dies, for any reason. Signals that bash ignores
# in the background are restored.
launch() {
  exec env --default-signal setsid setpriv --pdeathsig "$1" \
    "${server_ids[@]}" -- "${@:2}"
}

start() {
  (become "$1") </dev/null >>"$state/log/$1.log" 2>&1 {run_lock}>&- &
  pid[$1]=$!
  echo $! >"$state/run/$1.pid"
}

# A zombie, which has ended but was not waited for, does not run.
is_running() {
  local stat
  [ -n "${pid[$1]-}" ] &&
    { read -r stat <"/proc/${pid[$1]}/stat"; } 2>/dev/null &&
    [[ ${stat##*) } != Z* ]]
}

# Records that a server has ended; sets obituary to how.
bury() {
  local status=0
  wait "${pid[$1]}" 2>/dev/null || status=$? # bash would report it, too
  # a killed master leaves workers, which hold the port or socket
  kill -KILL -- "-${pid[$1]}" 2>/dev/null || :
  obituary="$1 (pid ${pid[$1]}) ended with status $status"
  ((status <= 128)) ||
    obituary="$1 (pid ${pid[$1]}) was ended by SIG$(kill -l "$status")"
  pid[$1]=
  rm -f "$state/run/$1.pid"
}

# Decides when a dead server is started again: at once, then after longer and
# longer pauses, then not at all.
plan_restart() {
  local name=$1 now recent=() at
  now=$(now_us)
  for at in ${deaths[$name]-} "$now"; do
    ((now - at > restarts_window * 1000000)) || recent+=("$at")
  done
  deaths[$name]=${recent[*]}
  ((${#recent[@]} <= restarts_allowed)) ||
    die_with_log "$name" "$obituary, for the ${#recent[@]}th time in" \
      "$restarts_window seconds"
  not_before[$name]=$((now + (${#recent[@]} - 1) * 400000))
  say "$obituary; it is started again"
}

# Supervises one server: one step.
look_after() {
  local name=$1
  is_running "$name" && return
  if [ -n "${pid[$name]}" ]; then
    bury "$name"
    if [ ! -e "$state/hold/$name" ]; then
      plan_restart "$name"
    else
      say "$obituary; it is held away"
      not_before[$name]=0
    fi
  fi
  if [ ! -e "$state/hold/$name" ] && (($(now_us) >= not_before[$name])); then
    start "$name"
  fi
}

# Keeps all servers running, without end.
supervise() {
  local name
  while pause; do
    for name in "${!pid[@]}"; do
      look_after "$name"
    done
  done
}

# await WHAT COMMAND…: returns when the command succeeds. Gives up if a server
# ends meanwhile.
await() {
  local end=$((SECONDS + start_deadline)) name
  until "${@:2}"; do
    for name in "${!pid[@]}"; do
      is_running "$name" && continue
      bury "$name"
      die_with_log "$name" "$obituary before $1"
    done
    ((SECONDS < end)) || die "not within $start_deadline s: $1; see $state/log"
    pause
  done
}

# Stops the named servers, one after the other.
stop_servers() {
  local name end
  trap '' INT TERM HUP
  asked_to_stop=
  for name in "$@"; do
    # a server that has just died may have left workers: bury ends them
    [ -n "${pid[$name]-}" ] || continue
    kill -s "$(stop_signal "$name")" "${pid[$name]}" 2>/dev/null || :
    end=$((SECONDS + stop_deadline))
    while is_running "$name" && ((SECONDS < end)); do pause; done
    if is_running "$name"; then
      say "$name does not stop, so it is killed"
      kill -KILL -- "-${pid[$name]}" 2>/dev/null || :
    fi
    bury "$name"
  done
}
