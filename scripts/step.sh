# Sourced by .ci/run and test.sh: named steps, timed; and tools that are installed when they are missing.
# shellcheck shell=bash

STEP_TIMES=()

# step NAME COMMAND...: runs the command, says how long it took, and ends the script when it fails.
step() {
    local name=$1 started=$SECONDS status=0
    shift
    printf '\n=== %s\n' "$name"
    # In the condition of an `if`, bash would ignore `set -e` inside a function; a subshell with its own does not.
    set +e
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    local line
    line=$(printf '%5ds  %s' "$((SECONDS - started))" "$name")
    STEP_TIMES+=("$line")
    if [ "$status" -ne 0 ]; then
        printf '=== FAILED (%d): %s, after %ds\n' "$status" "$name" "$((SECONDS - started))" >&2
        step_times
        exit "$status"
    fi
    printf '=== done: %s, %ds\n' "$name" "$((SECONDS - started))"
}

# step_times: how long each step took.
step_times() {
    printf '\n%s took %ds:\n' "$(basename "$0")" "$SECONDS"
    printf '%s\n' "${STEP_TIMES[@]}"
}

# cargo_tool SUBCOMMAND CRATE: installs the crate when cargo does not know the subcommand. Built without optimisation,
# since building is what takes the time.
cargo_tool() {
    if cargo "$1" --version >/dev/null 2>&1; then
        return
    fi
    echo "installing $2"
    # Not into the target folder of the project, and not with its flags.
    env -u CARGO_TARGET_DIR -u RUSTFLAGS CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug "$2"
}
