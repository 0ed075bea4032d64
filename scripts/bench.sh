#!/usr/bin/env bash
# The table of benchmarks: builds the release, starts servers on fresh data directories, on 127.0.0.1 only, and puts bounded
# loads on them, about three minutes in all. `scripts/bench.sh [ROW...]`; rows: start memory state inbound one fan-out idle find
# backlog (the last needs RabbitMQ and NATS on their usual ports)
#
# `scripts/bench.sh waiting`: a million events wait for a webhook that never answers, a slow one and a broker that is not there,
# while a healthy client and a healthy webhook are measured; about five minutes, done only when asked for by name.
#   BENCH_WAITING  how many events; default 1000000
#
# `scripts/bench.sh simulator [CLIENTS] [RATE] [SECONDS]`: the simulated WhatsApp network alone.
#
# `scripts/bench.sh whatsapp [ROW...]`: the WhatsApp channel beside a simulated network, about three minutes; a build of its own,
# with the feature `sandbox`. Rows: link memory inbound throughput send restore document
#
#   BENCH_SECONDS  for each load; default 8
#   TMPDIR         where the databases are: on the disk that is meant to be measured
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "${1:-}" = whatsapp ]; then
    cargo build --locked --release -p pombo-server -p pombo-bench --features pombo-server/sandbox --target-dir target/sandbox
    ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    exec target/sandbox/release/whatsapp-table "${@:2}"
fi
cargo build --locked --release -p pombo-server -p pombo-bench
# A thousand clients, and the server beside them.
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
if [ "${1:-}" = simulator ]; then
    exec target/release/simulator-load "${@:2}"
fi
target/release/bench-table "$@"
if [ "$#" -eq 0 ]; then
    target/release/simulator-load
fi
