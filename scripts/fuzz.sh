#!/usr/bin/env bash
# Runs each fuzz target for a while: `scripts/fuzz.sh [TARGET...]`. With cargo-fuzz, which is installed when it is missing,
# on the stable toolchain; where that cannot work, the same targets run with seeds changed at random, and this says so.
#
#   FUZZ_SECONDS  for each target; default 20
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/step.sh
source scripts/step.sh

seconds=${FUZZ_SECONDS:-20}
targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
    targets=(rest inbound socketio config simulator)
fi
# In the condition of an `if`, hence the `&&`. The flags for coverage are unstable ones; nothing else of the toolchain is.
build() {
    command -v c++ >/dev/null && cargo_tool fuzz cargo-fuzz &&
        RUSTC_BOOTSTRAP=1 cargo fuzz build --sanitizer none --target-dir target/fuzz --features libfuzzer
}

if build; then
    programs=target/fuzz/$(rustc -vV | sed -n 's/^host: //p')/release
    mkdir -p fuzz/artifacts
    for target in "${targets[@]}"; do
        # What is new goes to fuzz/corpus, which is not committed; seeds are.
        mkdir -p "fuzz/corpus/$target"
        # Without our own environment: the configuration looks at every variable.
        env -i "$programs/$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -artifact_prefix="fuzz/artifacts/$target-" \
            -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 -verbosity=0 2>&1 |
            grep -E '^stat::number|ERROR|panicked|artifact|Test unit|SUMMARY'
        echo "fuzz target $target: nothing found in ${seconds}s"
    done
else
    cat >&2 <<'END'
********************************************************************************
*  WARNING: cargo-fuzz CANNOT RUN HERE. The same targets run with seeds that   *
*  are changed at random instead, which finds less.                            *
********************************************************************************
END
    for target in "${targets[@]}"; do
        cargo run --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --example mutate -- "$seconds" "$target"
    done
fi
