//! What a build that reaches WhatsApp must not contain. The library checks the server's certificate against a key that it was
//! compiled with, and can leave that out by a feature of the compilation only.

use std::process::Command;

const SKIPS_THE_CHECK: &str = "danger-skip-cert-chain-verify";

/// The features of everything that `cargo build -p pombo-server` with these arguments links.
fn features(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "--package", "pombo-server"])
        .args(["--edges", "normal,build,features"])
        .args(arguments)
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
    let normal = features(&[]);
    assert!(normal.contains("whatsapp-rust"), "the channel is in it");
    assert!(!normal.contains(SKIPS_THE_CHECK));
    assert!(!normal.contains("pombo-simulator"));

    let sandbox = features(&["--features", "sandbox"]);
    assert!(
        sandbox.contains(SKIPS_THE_CHECK),
        "or the test above cannot fail"
    );
    assert!(sandbox.contains("pombo-simulator"));
}
