# A real systemd as PID 1 of fresh namespaces, over a throw-away overlay of this machine's own /. Sourced by `run`.
#   can_boot            says what is missing, if anything is
#   boot WORK PREPARE   starts it in the empty folder WORK; PREPARE is called with its root before systemd runs
#   inside COMMAND…     runs a command in it
#   shut_down           ends it and takes away all there was of it
# Nothing of the machine is changed but a cgroup, which shut_down removes. Inside there is no network but loopback, no
# device but the harmless ones, and none of the machine's own services.

box_pid='' box_starter='' box_group=''

cgroup2_of_this_machine() { findmnt --noheadings --first-only --output TARGET --types cgroup2; }

can_boot() {
  local tool
  ((EUID == 0)) || { echo "root is needed"; return 1; }
  for tool in unshare nsenter findmnt systemctl systemd-analyze journalctl curl; do
    command -v "$tool" >/dev/null || { echo "$tool is needed"; return 1; }
  done
  [[ -x /lib/systemd/systemd ]] || { echo "/lib/systemd/systemd is needed"; return 1; }
  local tree probe
  tree=$(cgroup2_of_this_machine) || { echo "a mounted cgroup v2 tree is needed"; return 1; }
  probe="$tree/linewatch-probe-$$"
  mkdir "$probe" 2>/dev/null && rmdir "$probe" || { echo "$tree must be writable"; return 1; }
  unshare --pid --mount --uts --ipc --cgroup --net --fork true 2>/dev/null || { echo "namespaces are needed"; return 1; }
}

boot() {
  local work=$1 prepare=$2
  box_group="$(cgroup2_of_this_machine)/linewatch-test-$$"
  mkdir "$box_group"
  export work
  export -f "$prepare" become_the_box
  (
    # The new cgroup namespace begins where its first process is.
    echo "$BASHPID" >"$box_group/cgroup.procs"
    exec setsid unshare --pid --mount --uts --ipc --cgroup --net --fork --kill-child --propagation private \
      bash -euc "become_the_box $prepare"
  ) >"$work/console" 2>&1 &
  box_starter=$!
  for _ in $(seq 150); do
    kill -0 "$box_starter" 2>/dev/null || break
    box_pid=$(pgrep -P "$box_starter" | head -1) || true
    # Before the overlay is the root, `inside` would be outside.
    if [[ -n $box_pid && -e /proc/$box_pid/root/.linewatch-test ]] &&
      inside systemctl is-active --quiet basic.target 2>/dev/null; then
      return 0
    fi
    sleep 0.1
  done
  echo "systemd did not come up:" >&2
  tail -20 "$work/console" >&2
  return 1
}

# In the new namespaces: makes a root of its own, leaves the old one and becomes systemd.
become_the_box() {
  mount -t tmpfs tmpfs "$work"
  mkdir "$work"/{upper,scratch,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/scratch" "$work/root"
  cd "$work/root"
  mount -t proc proc proc
  mount -t sysfs sysfs sys 2>/dev/null || mount --rbind /sys sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  local folder device
  for folder in dev run tmp; do mount -t tmpfs -o mode=0755 tmpfs "$folder"; done
  chmod 1777 tmp
  for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  ip link set lo up 2>/dev/null || true
  hostname linewatch-test
  # None of the machine's services, and no kernel module for a test.
  rm -rf etc/systemd/system/*.wants
  ln -sf /dev/null "etc/systemd/system/modprobe@.service"
  : >etc/machine-id
  "$1" "$work/root"
  mkdir .old
  pivot_root . .old
  touch .linewatch-test
  umount -l /.old
  # systemd expects it, and leaves it to whoever makes a container: credentials are mounted from beside the service.
  mount --make-rshared /
  exec env -i container=lxc PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=no
}

inside() {
  nsenter --target "$box_pid" --mount --uts --ipc --net --pid --cgroup --root --wd -- \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

shut_down() {
  if [[ -n $box_pid ]]; then
    # PID 1 of a namespace takes everything in it along.
    kill -KILL "$box_pid" 2>/dev/null || true
    while kill -0 "$box_pid" 2>/dev/null; do sleep 0.05; done
    box_pid=''
  fi
  if [[ -n $box_starter ]]; then
    kill -KILL "$box_starter" 2>/dev/null || true
    wait "$box_starter" 2>/dev/null || true
    box_starter=''
  fi
  if [[ -n $box_group ]]; then
    # A cgroup is busy for a moment after its last process is gone.
    for _ in $(seq 50); do
      find "$box_group" -depth -type d -exec rmdir {} + 2>/dev/null || true
      [[ -d $box_group ]] || break
      sleep 0.05
    done
    box_group=''
  fi
}
