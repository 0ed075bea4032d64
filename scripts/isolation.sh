#!/usr/bin/env bash
# Measures, with optimisation, whether a webhook that never answers, a slow one, a broker that is not there and a client that
# does not read delay anybody else, and whether what waits for them waits in memory.
#
#   scripts/isolation.sh [EVENTS]   how many events wait; default 100000
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export POMBO_ISOLATION_EVENTS=${1:-100000}
cargo build --locked --release -p pombo-server
cargo test --locked --release -p pombo-tests --test endurance isolation:: -- --nocapture
