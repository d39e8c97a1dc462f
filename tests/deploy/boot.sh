# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Boots a Debian 12 for a trial; sourced by the trials. The system has PostgreSQL,
# Redis, nginx and all other packages that the pages install, but no network: apt
# finds every package installed and downloads nothing. The checkout belongs to the
# user ada, who has sudo.
#
# A trial sets $self, its path, and $trial, its name; defines probe, which prints
# TAP inside the system, as root in ada's checkout; and ends with: boot "$@"
#
#   --keep     keep the tree: $BARE_DIR/NAME, with its journal; the output of the
#              trial is in trial/
#   BARE_DIR   where the trees go (default /var/tmp/pushlog-bare); the bare
#              system, and one with the servers, stay there for the next run
#
# Needs root, debootstrap, systemd-nspawn, and a machine whose apt and npm work.

top=${self%/tests/deploy/*}
bare=${BARE_DIR:-/var/tmp/pushlog-bare}
booted=$bare/${self##*/}
home=/home/ada
checkout=$home/pushlog
# shellcheck source-path=SCRIPTDIR
. "${self%/*}/tree.sh"
# shellcheck source-path=SCRIPTDIR
. "${self%/*}/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "${self%/*}/pages.sh"

# --- outside: make the tree and boot it ---

# Installed as on an ordinary machine: enabled, PostgreSQL with a cluster.
server_packages=(
  systemd-sysv dbus sudo
  nginx postgresql redis-server
)
# The other packages that the pages name or the trials use. deploy/dev/install runs
# after the servers are installed and leaves them alone.
other_packages=(
  build-essential debhelper spawn-fcgi runit-run
  curl lintian openssl prometheus
)

servers_key() {
  echo "${server_packages[*]} ${other_packages[*]}"
  sha256sum <"$top/deploy/dev/install"
}

# The bare system with all packages; made again when the list changes.
make_servers() {
  local servers=$bare/servers new=$bare/servers.new key turn
  key=$(servers_key)
  exec {turn}>"$bare/servers.lock"
  flock "$turn"
  if [ "$(cat "$servers/trial/key" 2>/dev/null)" != "$key" ]; then
    say "installing the servers in $servers"
    rm -rf "$servers" "$new"
    cp -a --reflink=auto "$bare/base" "$new"
    mkdir -p "$new/trial" "$bare/debs/partial"
    copy_network "$new"
    copy_checkout "$top" "$new/trial/pushlog"
    unshare --mount --pid --fork --kill-child -- "$self" --enter "$new" \
      "/trial/pushlog/tests/deploy/${self##*/}" --install \
      >"$bare/servers.log" 2>&1 ||
      { tail -n 20 "$bare/servers.log" >&2; fail "see $bare/servers.log"; }
    rm -r "$new/trial/pushlog"
    echo "$key" >"$new/trial/key"
    mv "$new" "$servers"
  fi
  exec {turn}>&-
}

# Inside the new tree: no server may start before the boot.
install_servers() {
  export DEBIAN_FRONTEND=noninteractive
  printf '%s\n' '#!/bin/sh' 'exit 101' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  apt-get update
  apt-get install -y --no-install-recommends "${server_packages[@]}"
  apt-get install -y --no-install-recommends "${other_packages[@]}"
  "$top/deploy/dev/install" page packages
  rm /usr/sbin/policy-rc.d
  # the trial must not fail because it cannot reach a mirror
  : >/etc/apt/sources.list
  useradd --create-home --shell /bin/bash ada
  echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada
}

# The system with the checkout, its npm packages, and the trial as a service.
make_tree() {
  rm -rf "$booted"
  cp -a --reflink=auto "$bare/servers" "$booted"
  copy_checkout "$top" "$booted$checkout"
  "$top/deploy/dev/install" page >"$bare/npm.log" || fail "see $bare/npm.log"
  cp -a "$top/web/node_modules" "$booted$checkout/web/"
  chroot "$booted" chown -R ada: "$checkout"
  chmod 700 "$booted$home"
  mkdir -p "$booted/var/log/journal"
  cat >"$booted/etc/systemd/system/probe.service" <<UNIT
[Unit]
After=multi-user.target

[Service]
ExecStart=$checkout/tests/deploy/${self##*/} --probe
UNIT
  mkdir -p "$booted/etc/systemd/system/default.target.wants"
  ln -s ../probe.service "$booted/etc/systemd/system/default.target.wants/"
}

boot_tree() {
  local status=0
  timeout --kill-after=10 1200 systemd-nspawn --directory="$booted" --boot \
    --register=no --keep-unit --private-network --console=pipe --quiet \
    </dev/null >"$booted.log" 2>&1 || status=$?
  cat "$booted/trial/tap" 2>/dev/null || :
  [ "$status" != 124 ] || fail 'the tree took too long'
  [ "$status" = 0 ] || {
    tail -n 20 "$booted.log" | sed 's/^/# /'
    say "its journal: journalctl -D $booted/var/log/journal"
  }
  return "$status"
}

outside() {
  local status=0 keep='' lock
  case ${1-} in
  '') ;;
  --keep) keep=yes ;;
  *) echo "usage: tests/deploy/${self##*/} [--keep]" >&2; exit 2 ;;
  esac
  [ "$(id -u)" = 0 ] || fail 'this boots a system tree and needs root'
  command -v systemd-nspawn >/dev/null || fail 'systemd-nspawn is not installed'
  mkdir -p "$bare"
  exec {lock}>"$booted.lock"
  flock -n "$lock" || fail "another trial uses $booted"
  make_base
  make_servers
  make_tree
  boot_tree || status=$?
  [ -n "$keep" ] || [ "$status" != 0 ] || rm -rf "$booted"
  return "$status"
}

# --- inside, in a booted system ---

patience_s=40 # on a busy machine

run_probe() {
  exec >/trial/tap 2>&1 </dev/null
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
  cd "$checkout"
  check 'the system has booted' wait_until 60 \
    sh -c 'systemctl is-system-running | grep -E "running|degraded"'
  probe
  plan
  systemctl exit "$((failed > 0))"
}

# bail_out REASON: ends the trial where the other checks would make no sense.
bail_out() {
  echo "Bail out! $1"
  systemctl exit 1
  exit 1
}

as_postgres() {
  (cd / && runuser -u postgres -- psql -qtA --dbname postgres --command "$1")
}

boot() {
  case ${1-} in
  --enter) enter_tree "${@:2}" ;;
  --install) install_servers ;;
  --probe) run_probe ;;
  *) outside "$@" ;;
  esac
}
