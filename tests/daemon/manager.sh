#!/usr/bin/env bash
# A real systemd user manager, in namespaces and a control group of its own, for a user who exists only there.
#   manager.sh PROGRAM DIR     ends with 77 where that cannot be had
set -uo pipefail
program=$1 dir=$2 step=${3:-outside} user=54321
home=/home/tester run=/run/user/$user

if [[ $step == outside ]]; then
    # Hybrid systems keep systemd's own tree beside the others; newer ones have one tree.
    trees=(/sys/fs/cgroup)
    [[ -d /sys/fs/cgroup/systemd ]] && trees=(/sys/fs/cgroup/systemd)
    [[ -d /sys/fs/cgroup/unified ]] && trees+=(/sys/fs/cgroup/unified)
    groups=()
    clean() { for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; done; }
    trap clean EXIT
    for tree in "${trees[@]}"; do
        group=$tree/keitod-test-$$
        mkdir "$group" 2>/dev/null || exit 77
        groups+=("$group")
        chown -R $user:$user "$group" || exit 77
    done
    (
        for group in "${groups[@]}"; do echo "$BASHPID" >"$group/cgroup.procs" || exit 77; done
        exec timeout --kill-after=5 120 \
            unshare --cgroup --mount --pid --fork --mount-proc "$BASH" "$0" "$program" "$dir" inside
    )
    code=$?
    # They end with the namespace.
    for _ in {1..50}; do
        clean
        [[ -d ${groups[0]} ]] || break
        sleep 0.1
    done
    exit $code
fi

if [[ $step == inside ]]; then
    mount --make-rprivate / || exit 77
    # Its own control group is the root of what it sees.
    if [[ -d /sys/fs/cgroup/systemd ]]; then
        umount /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd none /sys/fs/cgroup/systemd || exit 77
        if [[ -d /sys/fs/cgroup/unified ]]; then
            umount /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified || exit 77
        fi
    else
        mount -t cgroup2 none /sys/fs/cgroup || exit 77
    fi
    # Not below /tmp, which the service has for itself.
    mount -t tmpfs -o mode=755 none /home || exit 77
    mkdir -p "$home/.local/bin" "$dir/etc" /run/user /run/systemd/system
    # Where that user can read them.
    cp "$program" "$home/program" && cp "$0" "$home/manager.sh" && cp "$program" "$home/.local/bin/keitod" || exit 77
    for file in passwd group; do cp /etc/$file "$dir/etc/$file"; done
    echo "tester:x:$user:$user::$home:/bin/bash" >>"$dir/etc/passwd"
    echo "tester:x:$user:" >>"$dir/etc/group"
    for file in passwd group; do mount --bind "$dir/etc/$file" /etc/$file || exit 77; done
    mount -t tmpfs -o mode=755 none /run/user || exit 77
    mkdir -m 700 $run

    chown -R $user:$user "$home" $run
    cd "$home" || exit 77
    exec setpriv --reuid $user --regid $user --clear-groups \
        env -i HOME="$home" USER=tester PATH="/usr/bin:/bin:$home/.local/bin" XDG_RUNTIME_DIR=$run \
        "$BASH" "$home/manager.sh" "$home/program" "$dir" user
fi

# As the user.
for systemd in /lib/systemd/systemd /usr/lib/systemd/systemd; do [[ -x $systemd ]] && break; done
"$systemd" --user --log-target=console >"$home/manager.log" 2>&1 &
for _ in {1..50}; do
    state=$(systemctl --user is-system-running 2>/dev/null)
    [[ $state == running ]] && break
    sleep 0.2
done
[[ $state == running ]] || { echo "no manager: $state" && cat "$home/manager.log" && exit 77; }

value() { systemctl --user show keitod.service --property="$1" --value; }
must() { # what, how long at most, command …
    local what=$1 tenths=$(($2 * 10))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((tenths-- == 0)); then
            echo "in vain: $what"
            systemctl --user status --no-pager --full keitod.service
            tail -n 40 "$home/manager.log"
            exit 1
        fi
        sleep 0.1
    done
    echo "$what"
}
is() { [[ $(value "$1") == "$2" ]]; }
another() { [[ $(value MainPID) != "$1" ]] && is SubState running; }

mkdir -p -m 700 "$home/.config/keitod"
(umask 077 && echo kto_test >"$home/.config/keitod/api-key")
printf '[keito]\naccount_id = "co_x"\nurl = "http://127.0.0.1:9"\napi_key_file = "%s"\n' "$home/.config/keitod/api-key" \
    >"$home/.config/keitod/config.toml"

must "it is installed and started" 60 keitod service install
must "it is ready, and says what it does" 10 is StatusText "watching the logs"
must "it runs" 1 keitod service status
must "its socket answers" 5 test -S $run/keitod/keitod.sock
must "it has the key that the manager hands over" 1 test -r "$run/credentials/keitod.service/keito-api-key"
seccomp() { grep -q '^Seccomp:[[:space:]]*2' "/proc/$(value MainPID)/status"; }
must "its system calls are filtered" 1 seccomp
must "a reload ends" 10 systemctl --user reload keitod.service

pid=$(value MainPID)
mkdir -p "$home/.config/systemd/user/keitod.service.d"
printf '[Service]\nRestartSec=100ms\nWatchdogSec=2s\n' >"$home/.config/systemd/user/keitod.service.d/50-test.conf"
systemctl --user daemon-reload
must "it is restarted" 60 keitod service restart
must "it runs anew" 10 another "$pid"

pid=$(value MainPID)
kill -KILL "$pid"
must "a crash is followed by a start" 20 another "$pid"

pid=$(value MainPID)
must "it is fed" 5 is StatusText "watching the logs"
kill -STOP "$pid"
must "what hangs is ended and started again" 30 another "$pid"

pid=$(value MainPID)
# A new file under the old name, as package managers make it.
cp "$program" "$home/.local/bin/fresh" && mv "$home/.local/bin/fresh" "$home/.local/bin/keitod"
must "an upgrade leaves it running" 1 is MainPID "$pid"
must "and is taken up by a restart" 60 keitod service restart
fresh() { another "$pid" && [[ $(readlink "/proc/$(value MainPID)/exe") == "$home/.local/bin/keitod" ]]; }
must "of the new program" 10 fresh

must "it is stopped" 40 keitod service stop
must "in good order" 1 is Result success
must "it is uninstalled" 10 keitod service uninstall
gone() { ! systemctl --user cat keitod.service; }
rm -r "$home/.config/systemd/user/keitod.service.d" && systemctl --user daemon-reload
must "and unknown from then on" 5 gone
must "what it wrote stays" 1 test -s "$home/.local/state/keitod/keitod.db"
