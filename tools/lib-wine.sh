# How a Wine prefix is kept and entered. Sourced after lib.sh.
#
# A prefix DIR has a keeper: its wineserver, which runs in a mount, network and host-name namespace of its own, inside
# the root of that Wine. The source tree is mounted there and nowhere else, so nothing stays mounted when it ends, and
# removing a root can never reach the tree. The network is an empty loopback: two Wines never see each other's ports.
# Programs join the keeper's namespaces, which takes milliseconds. DIR.state holds the keeper's pid and who uses it.

LAZY=600  # seconds that a keeper outlives the last program, when nobody stopped it

# What is started in a prefix may outlive whoever started it, and must not keep that one's files and locks open. (Bash
# reads its script from 255, which is no child's.)
close_inherited() {
    local fd
    for fd in /proc/$BASHPID/fd/*; do
        fd=${fd##*/}
        [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
    done
}
close_inherited

# keeper_of STATE: KEEPER is its pid, or the status is 1. A pid alone could have been given to another process.
keeper_of() {
    local pid start stat
    KEEPER=
    read -r pid start 2>/dev/null <"$1/keeper" || return 1
    read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
    set -- ${stat##*) }
    [ "$1" != Z ] && [ "${20}" = "$start" ] && KEEPER=$pid
}

# Whether the wineserver PID takes clients: its socket's is the only such name in its network. A program that found none would start
# another wineserver, which might come first, and then this one would end.
listens() { grep -q '^[0-9a-f]*: [0-9A-F]* [0-9A-F]* 00010000 .* socket$' "/proc/$1/net/unix" 2>/dev/null; }

# start_keeper PREFIX STATE ROOT WINEARCH
start_keeper() {
    local prefix=$1 state=$2 root=$3 pid stat i
    setsid unshare --mount --net --uts --propagation private /bin/bash -c '
        set -e
        prefix=$1 root=$2 arch=$3; shift 3
        exec >"$prefix.state/keeper.log" 2>&1
        hostname rpctest
        ip link set lo up
        if [ "$root" != / ]; then
            mount -t proc proc "$root/proc"
            mount --rbind /dev "$root/dev"
            for dir; do
                mkdir -p "$root$dir"
                mount --rbind "$dir" "$root$dir"
            done
        fi
        exec >/dev/null 2>&1 </dev/null
        exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin WINEPREFIX="$prefix" \
            WINEARCH=$arch /usr/lib/wine/wineserver64 -f -p'$LAZY keeper "$prefix" "$root" "$4" "$TOP" "$(dirname "$prefix")" \
        </dev/null >/dev/null 2>&1 9>&- &
    pid=$!
    disown $pid
    for ((i = 0; i < 3000; i++)); do
        kill -0 $pid 2>/dev/null || break
        case $(readlink /proc/$pid/exe) in
        */wineserver64)
            listens $pid || { sleep 0.01; continue; }
            read -r stat <"/proc/$pid/stat"
            set -- ${stat##*) }
            echo "$pid ${20}" >"$state/keeper.new"
            mv "$state/keeper.new" "$state/keeper"
            KEEPER=$pid
            return 0 ;;
        esac
        sleep 0.01
    done
    cat "$state/keeper.log" >&2
    die "the wineserver of $prefix does not start"
}

# Wine needs some addresses for itself. Where the system deals them out at random, one program in a thousand or so finds
# them taken and does not start.
FIXED_ADDRESSES=(setarch "$HOSTTYPE" -R)

# inside ARG...: a command as seen from the keeper's namespaces and root.
inside() { "${FIXED_ADDRESSES[@]}" nsenter --target "$KEEPER" --mount --net --uts --root "$@"; }

# visible ROOT DIR: makes DIR visible inside, under its own name.
visible() {
    [ "$1" = / ] && return
    [ "/proc/$KEEPER/root$2" -ef "$2" ] && return
    case $2 in
    /?*/?*) ;;
    *) die "$2 cannot be shown inside the root of that Wine: use a folder below it" ;;
    esac
    nsenter --target "$KEEPER" --mount /bin/sh -ec 'mkdir -p "$1$2"; mount --rbind "$2" "$1$2"' sh "$1" "$2"
}
