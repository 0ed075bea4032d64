//! What a build that reaches WhatsApp must not contain. The library checks the server's certificate against a key that it was
//! compiled with, and can leave that out by a feature of the compilation only.

use std::process::Command;

const SKIPS_THE_CHECK: &str = "danger-skip-cert-chain-verify";

/// What `cargo build -p pombo-server` with the first arguments links, as the others want to have it shown.
fn tree(build: &[&str], shown: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "--package", "pombo-server"])
        .args(["--edges", "normal,build,features"])
        .args(build)
        .args(shown)
        .output()
        .expect("cargo runs the tests");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("names are ASCII")
}

#[test]
fn only_a_sandbox_build_can_skip_the_check_of_the_servers_certificate() {
    // From the library upwards: every feature of it that somebody asks for.
    let asked_for = ["--invert", "whatsapp-rust"];
    let normal = tree(&[], &asked_for);
    assert!(
        normal.contains("pombo-channel-whatsapp"),
        "the channel is in it"
    );
    assert!(!normal.contains(SKIPS_THE_CHECK), "{normal}");
    assert!(!tree(&[], &[]).contains("pombo-simulator"));

    let sandbox = ["--features", "sandbox"];
    let skipped = tree(&sandbox, &asked_for);
    assert!(
        skipped.contains(SKIPS_THE_CHECK),
        "or the test above cannot fail"
    );
    assert!(tree(&sandbox, &[]).contains("pombo-simulator"));
}
