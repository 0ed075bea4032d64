//! A network that is kept in a file.

use pombo_simulator::{Simulator, StateFileError};

use crate::kit::{ALICE, BOB, Client, ClientOptions, store, text};

async fn start(path: &std::path::Path) -> Simulator {
    Simulator::builder()
        .state_file(path)
        .start()
        .await
        .expect("the simulator starts")
}

#[tokio::test]
async fn a_client_comes_back_to_a_restarted_network_without_a_new_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.json");
    let kept = store();
    let options = || ClientOptions {
        store: std::sync::Arc::clone(&kept),
        ..ClientOptions::default()
    };
    let root = {
        let simulator = start(&path).await;
        let alice = Client::linked_with(&simulator, ALICE, options()).await;
        let bob = simulator.phone(BOB);
        bob.send_text(ALICE, "before")
            .await
            .expect("the network takes it");
        alice.text("before").await;
        alice
            .send_message(whatsapp_rust::Jid::pn(BOB), text("hello"))
            .await
            .expect("it is accepted");
        bob.wait_for(std::time::Duration::from_secs(20), |view| {
            view.with_text("hello").next().map(|_| ())
        })
        .await
        .expect("it arrives");
        bob.create_group("Kept", &[ALICE])
            .await
            .expect("the network makes it");
        alice.stop().await;
        bob.send_text(ALICE, "while away")
            .await
            .expect("the network takes it");
        simulator.shutdown().await;
        simulator.root_key()
    };

    let simulator = start(&path).await;
    assert_eq!(simulator.root_key(), root);
    let alice = Client::start(&simulator, options()).await;
    alice.connected().await;
    assert!(alice.text("while away").await.offline);
    let bob = simulator.phone(BOB);
    assert!(bob.look(|view| view.with_text("hello").next().is_some()));
    // Both sides go on with the sessions that they had.
    alice
        .send_message(whatsapp_rust::Jid::pn(BOB), text("again"))
        .await
        .expect("it is accepted");
    bob.wait_for(std::time::Duration::from_secs(20), |view| {
        view.with_text("again").next().map(|_| ())
    })
    .await
    .expect("it arrives");
    bob.send_text(ALICE, "and back")
        .await
        .expect("the network takes it");
    alice.text("and back").await;
    let groups = alice
        .groups()
        .get_participating()
        .await
        .expect("it is answered");
    assert_eq!(groups.len(), 1);
    simulator.assert_clean();
}

#[tokio::test]
async fn the_file_is_there_soon_after_a_change_and_always_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.json");
    let simulator = start(&path).await;
    simulator.add_account(ALICE, "Alice");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if !text.is_empty() {
            let value: serde_json::Value = serde_json::from_str(&text).expect("a whole file");
            if value.to_string().contains(ALICE) {
                break;
            }
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the file was not written"
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.json");
    for (content, reason) in [
        ("{}", "not a state"),
        ("no", "not a state"),
        (r#"{"version": 99}"#, "form 99"),
    ] {
        std::fs::write(&path, content).expect("a file");
        let error = Simulator::builder()
            .state_file(&path)
            .start()
            .await
            .err()
            .expect("it is refused");
        let pombo_simulator::StartError::State(error) = error else {
            panic!("{error}");
        };
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!matches!(error, StateFileError::File { .. }));
    }
}
