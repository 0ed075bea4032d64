# One line for each thing to do. `just` lists them.

_list:
    @just --list --unsorted

# What CI runs: format, lints, dependencies, documentation, all tests
check:
    .ci/run

# All tests, with the services they need
test:
    scripts/test.sh

# The tests of one crate: `just unit pombo-store`
unit crate *filter:
    cargo nextest run -p {{ crate }} {{ filter }}

# Formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, bans, sources, and who may import whom
deny:
    cargo deny check --hide-inclusion-graph -A duplicate licenses bans sources

# Known vulnerabilities; needs the advisory database
advisories:
    cargo deny check advisories

# The generated docs/env.md, and the API documentation
docs:
    UPDATE_DOCS=1 cargo test -p pombo-server --lib config::docs
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Benchmarks, release build; prints a table
bench *arguments:
    scripts/bench.sh {{ arguments }}

# The server: http://localhost:8080, data in ./data
run *arguments:
    cargo run --release --bin pombo -- {{ arguments }}
