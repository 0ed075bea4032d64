//! Parts that a test needs and a machine may lack.

use std::path::PathBuf;

/// The folder of the foreign clients: `conformance/` at the top of the repository.
#[must_use]
pub fn conformance() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// Says loudly that a test cannot run, and why; fails where every part must be there (`POMBO_REQUIRE_ALL=1`, as in CI).
///
/// # Panics
/// Where every part must be there.
#[expect(clippy::print_stdout, reason = "a person must see it")]
pub fn skip(test: &str, missing: &str) {
    let text = format!("SKIPPED {test}: {missing} is missing");
    assert!(
        std::env::var("POMBO_REQUIRE_ALL").as_deref() != Ok("1"),
        "{text}"
    );
    println!("\n*** {text} ***\n");
}
