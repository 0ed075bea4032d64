//! Starting with something wrong: the program says what, and refuses.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use pombo_tests::server::{KEY, program};
use pombo_tests::{Client, Server};

/// The original's default, which everybody knows. Source: `AUTHENTICATION_API_KEY`, Evolution API, v2.3.6.
const PUBLIC_KEY: &str = "BQYHJGJHJ";

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_everything_that_is_wrong() {
    let (code, text) = Server::refused(&[
        ("WEBHOOK_REQUEST_TIMEOUT_MS", "soon"),
        ("CORS_CREDENTIALS", "perhaps"),
        ("DATABASE_PROVIDER", "oracle"),
        ("POMBO_OUTBOUND_POLICY", "everything"),
    ])
    .await;
    assert_ne!(code, 0);
    for expected in [
        ["WEBHOOK_REQUEST_TIMEOUT_MS", "soon"],
        ["CORS_CREDENTIALS", "perhaps"],
        ["DATABASE_PROVIDER", "oracle"],
        ["POMBO_OUTBOUND_POLICY", "everything"],
    ]
    .concat()
    {
        assert!(text.contains(expected), "no word of {expected}:\n{text}");
    }
    assert!(
        text.contains("postgresql") && text.contains("public"),
        "it does not say what is accepted:\n{text}"
    );
}

#[tokio::test]
async fn the_published_default_key_is_refused() {
    let (code, text) = Server::refused(&[("AUTHENTICATION_API_KEY", PUBLIC_KEY)]).await;
    assert_ne!(code, 0);
    assert!(text.contains("AUTHENTICATION_API_KEY"), "{text}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let (code, text) = Server::refused(&[("SERVER_PORT", &port)]).await;
    assert_ne!(code, 0);
    assert!(text.contains(&port), "{text}");
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let path = file.path().join("data");
    let path = path.to_str().expect("a path is text");
    let (code, text) = Server::refused(&[("POMBO_DATA_DIR", path)]).await;
    assert_ne!(code, 0);
    assert!(text.contains(path), "{text}");
}

#[tokio::test]
async fn an_unreachable_database_is_named_without_its_password() {
    for uri in [
        "postgresql://pombo:sekret-word@127.0.0.1:9/pombo",
        "mysql://pombo:sekret-word@127.0.0.1:9/pombo",
    ] {
        let provider = uri.split(':').next().unwrap_or_default();
        let started = Instant::now();
        let (code, text) = Server::refused(&[
            ("DATABASE_PROVIDER", provider),
            ("DATABASE_CONNECTION_URI", uri),
            ("POMBO_DATABASE_WAIT", "3s"),
        ])
        .await;
        let took = started.elapsed();
        assert_ne!(code, 0);
        assert!(
            text.contains("127.0.0.1:9"),
            "no word of the address:\n{text}"
        );
        assert!(
            !text.contains("sekret-word"),
            "the password is told:\n{text}"
        );
        assert!(
            took >= Duration::from_millis(2500),
            "gave up after {took:?}"
        );
        assert!(
            took < Duration::from_secs(20),
            "took {took:?} instead of 3 s"
        );
    }
}

#[tokio::test]
async fn a_made_up_key_is_kept_for_its_owner_alone() {
    let mut server = Server::start(&[("AUTHENTICATION_API_KEY", "")]).await;
    let file = server.data().join("api-key");
    let mode = std::fs::metadata(&file)
        .expect("the key is stored")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = std::fs::read_to_string(&file)
        .expect("it can be read")
        .trim()
        .to_owned();
    assert!(
        key.len() >= 32,
        "too short to be safe: {} characters",
        key.len()
    );
    assert!(
        server.log().contains(&key),
        "it is not shown at start:\n{}",
        server.log()
    );
    Client::new(server.url(), &key)
        .get("/instance/fetchInstances")
        .await
        .expect(200);
    Client::new(server.url(), KEY)
        .get("/instance/fetchInstances")
        .await
        .expect(401);

    server.kill().await;
    server.start_again().await;
    assert_eq!(
        std::fs::read_to_string(&file).expect("still there").trim(),
        key
    );
    Client::new(server.url(), &key)
        .get("/instance/fetchInstances")
        .await
        .expect(200);
}

#[tokio::test]
async fn the_configuration_is_shown_without_its_secrets() {
    let (code, text) = show_config(&[
        ("SERVER_PORT", "9123"),
        ("AUTHENTICATION_API_KEY", "quite-a-secret-key"),
        ("DATABASE_PROVIDER", "postgresql"),
        (
            "DATABASE_CONNECTION_URI",
            "postgresql://pombo:sekret-word@db.test:5432/pombo",
        ),
    ])
    .await;
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("9123") && text.contains("db.test"), "{text}");
    assert!(
        !text.contains("quite-a-secret-key") && !text.contains("sekret-word"),
        "{text}"
    );

    let (code, text) =
        show_config(&[("SERVER_PORT", "many"), ("CORS_CREDENTIALS", "perhaps")]).await;
    assert_ne!(code, 0);
    assert!(
        text.contains("SERVER_PORT") && text.contains("CORS_CREDENTIALS"),
        "{text}"
    );
}

async fn show_config(settings: &[(&str, &str)]) -> (i32, String) {
    let data = tempfile::tempdir().expect("a temporary directory can be made");
    let output = tokio::process::Command::new(program())
        .arg("config")
        .env_clear()
        .env("POMBO_DATA_DIR", data.path())
        .envs(settings.iter().copied())
        .current_dir(data.path())
        .output()
        .await
        .expect("it runs");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap_or(-1), text)
}
