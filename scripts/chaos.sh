#!/usr/bin/env bash
# Twenty WhatsApp accounts chat through dropped connections, faults of the network, restarts of server and network, and
# kill -9 of the server; then every message that was accepted must be exactly once in the store of whom it was for, and every
# sink must have heard of it.
#
#   scripts/chaos.sh [SECONDS [SEED]]   how long they chat (default POMBO_CHAOS_SECONDS, else 30), and which trouble they get
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export POMBO_CHAOS_SECONDS=${1:-${POMBO_CHAOS_SECONDS:-30}}
if [ $# -ge 2 ]; then
    export POMBO_CHAOS_SEED=$2
fi
cargo build --locked --workspace --bins --tests
cargo nextest run --locked --workspace -E 'binary(endurance) & test(chaos)' --run-ignored all --no-capture
