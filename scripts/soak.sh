#!/usr/bin/env bash
# Runs traffic with random faults (targets that fail or are slow, kills of RabbitMQ, NATS and the
# server itself) and then audits every line and sink: sent = stored = delivered, ids unique, order kept.
#
#   scripts/soak.sh [SECONDS]   how long the traffic lasts; default POMBO_SOAK_SECONDS, else 60
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export POMBO_SOAK_SECONDS=${1:-${POMBO_SOAK_SECONDS:-60}}
cargo build --locked -p pombo-server
cargo test --locked -p pombo-tests --test endurance soak:: -- --ignored --nocapture
