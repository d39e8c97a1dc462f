# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Bare Debian trees. The trials of this folder source this file; they set $trial,
# their name, and $bare, the folder for the bare system and fetched packages.

say() {
  printf '%s: %s\n' "$trial" "$*"
}

fail() {
  say "FAILED: $*" >&2
  exit 1
}

# choose_release NAME: sets the release and the folders that belong to it.
choose_release() {
  release=$1
  base=$bare/base
  debs=$bare/debs
  [ "$release" = bookworm ] || base+=-$release debs+=-$release
}
choose_release bookworm

# The address of a Debian archive in this machine's apt sources.
mirror_of() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || :; } |
    sed 's/#.*//' | grep -oE "https?://[^ ]+/$1/?( |\$)" | sed 's/ //g; 1q'
}

make_new_base() {
  command -v debootstrap >/dev/null || fail 'debootstrap is not installed'
  local mirror security new=$base.new options=(--variant=minbase)
  mirror=$(mirror_of debian) || fail "no Debian mirror in this machine's apt"
  security=$(mirror_of debian-security) || security=
  # without them apt could not even fetch them
  [[ $mirror != https:* ]] || options+=(--include=ca-certificates)
  say "making a bare Debian $release in $base"
  rm -rf "$new"
  debootstrap "${options[@]}" "$release" "$new" "$mirror" >"$base.log" ||
    { tail -n 20 "$base.log" >&2; fail 'debootstrap'; }
  {
    echo "deb $mirror $release main"
    echo "deb $mirror $release-updates main"
    [ -z "$security" ] || echo "deb $security $release-security main"
  } >"$new/etc/apt/sources.list"
  rm -rf "$new"/var/lib/apt/lists/* "$new"/var/cache/apt/archives/*.deb
  mv "$new" "$base"
}

# The bare system, made once.
make_base() {
  local turn
  mkdir -p "$bare"
  exec {turn}>"$base.lock"
  flock "$turn"
  [ -e "$base" ] || make_new_base
  exec {turn}>&-
}

# copy_checkout FROM TO: as it would be committed now.
copy_checkout() {
  local file
  mkdir -p "$2"
  (cd "$1" &&
    git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
    while IFS= read -rd '' file; do
      [ ! -e "$file" ] || printf '%s\0' "$file"
    done | tar --null --files-from - --create) | tar --extract --directory "$2"
}

# Gives the tree this machine's access to the network.
copy_network() {
  local tree=$1 name value
  cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
  apt-config dump | grep -E '^Acquire::(http|https|Check|Retries)' \
    >"$tree/etc/apt/apt.conf.d/90machine" || :
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    mkdir -p "$tree/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt \
      "$tree/usr/local/share/ca-certificates/"
  fi
  : >"$tree/trial/environment"
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name-}" ] || echo "$name=${!name}" >>"$tree/trial/environment"
  done
  for name in registry proxy https-proxy noproxy; do
    value=$(npm config get "$name" 2>/dev/null) || continue
    [[ -z $value || $value == null ]] ||
      echo "npm_config_${name//-/_}=$value" >>"$tree/trial/environment"
  done
}

# enter_tree TREE COMMAND…: becomes that command inside. To be called in
# namespaces of its own: mounts and processes end with them.
enter_tree() {
  local tree=$1 device
  mount --make-rprivate /
  mount --bind "$tree" "$tree" # its root is one for unshare and mount, too
  mount -t proc proc "$tree/proc"
  mount --rbind /sys "$tree/sys"
  mount --bind "$debs" "$tree/var/cache/apt/archives"
  mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
  mkdir "$tree/dev/shm" "$tree/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$tree/dev/pts"
  ln -s pts/ptmx "$tree/dev/ptmx"
  ln -s /proc/self/fd "$tree/dev/fd"
  for device in null zero full random urandom tty; do
    : >"$tree/dev/$device"
    mount --bind "/dev/$device" "$tree/dev/$device"
  done
  mapfile -t environment <"$tree/trial/environment"
  exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 TERM=dumb "${environment[@]}" \
    chroot "$tree" "${@:2}"
}
