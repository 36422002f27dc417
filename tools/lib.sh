# Shared by the shell tools. Sourced, never run.
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=${RPCRT4_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/rpcrt4}
ME=$(basename "$0")

say() { printf '%s: %s\n' "$ME" "$*" >&2; }
die() { say "$*"; exit 1; }

need_root() {
    [ "$(id -u)" = 0 ] || die "root is needed ($1); run it as root, in a container for instance"
}

# suite_of WINE: the Debian suite whose own Wine that is.
suite_of() {
    case $1 in
    8) echo bookworm ;;
    10) echo trixie ;;
    *) die "no Wine $1 here: 8 and 10 are the ones that are tested" ;;
    esac
}
