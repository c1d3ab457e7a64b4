#!/usr/bin/env bash
# Proves the Slurm profile on a real Slurm of one computer: installs it where it is not (Debian or
# Ubuntu, as root), starts it, runs a pipeline over it and on this computer, and compares what both
# found, byte by byte. In a container or a virtual machine:
#
#     tests/cluster/one_node.sh [PIPELINE [EXPERIMENT]]
#
# `neurodecode` and the extra `slurm` must be installed for the python3 of PATH.
set -euo pipefail

pipeline=${1:-acm} experiment=${2:-smoke}
here=$(cd "$(dirname "$0")" && pwd)
state=$(mktemp -d)
# Where jobs look for it: their environment does not name another place.
settings=/etc/slurm/slurm.conf

install_slurm() {
    command -v slurmctld slurmd munged >/dev/null && return
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends slurm-wlm munge
}

configure() {
    local memory
    if [ -e "$settings" ]; then
        echo "$settings is there: this computer has a Slurm of its own, use another" >&2
        exit 1
    fi
    memory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.95)}' /proc/meminfo)
    sed -e "s|@HOST@|$(hostname -s)|" -e "s|@STATE@|$state|" -e "s|@CPUS@|$(nproc)|" \
        -e "s|@MEMORY@|$memory|" "$here/slurm.conf" >"$settings"
    trap stop EXIT
    mkdir -p "$state/controller" "$state/node"
}

start() {
    if ! munge -n >/dev/null 2>&1; then
        install -d -o munge -g munge /run/munge /var/log/munge
        [ -s /etc/munge/munge.key ] || mungekey --create
        runuser -u munge -- munged
    fi
    slurmctld
    slurmd
    for _ in $(seq 30); do
        [ "$(sinfo -h -o %T)" = idle ] && return
        sleep 1
    done
    sinfo
    tail -n 20 "$state"/*.log
    exit 1
}

stop() {
    for daemon in slurmd slurmctld; do
        [ -f "$state/$daemon.pid" ] && kill "$(cat "$state/$daemon.pid")"
    done
    rm -f "$settings"
}

compare() {
    local n=0 file
    while read -r file; do
        cmp "$state/local/$file" "$state/slurm/$file"
        n=$((n + 1))
    done < <(cd "$state/local" && find evaluate \( -name metrics.json -o -name '*.parquet' \))
    [ "$n" -gt 0 ]
    echo "$n files of scores and predictions are the same, byte for byte"
}

install_slurm
configure
start
neurodecode run "$pipeline" "$experiment" --out "$state/local"
neurodecode run "$pipeline" "$experiment" --out "$state/slurm" -- --profile profiles/slurm \
    --slurm-status-command squeue --slurm-init-seconds-before-status-checks 5
jobs=$(scontrol show jobs --oneliner | grep -c JobState=COMPLETED)
echo "Slurm completed $jobs jobs"
[ "$jobs" -gt 0 ]
compare
