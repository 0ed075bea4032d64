//! Instances come back after the server was away.

use std::time::Duration;

use pombo_simulator::Simulator;
use pombo_tests::until;
use serde_json::json;

use super::kit::{ANN, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_and_after_a_kill_nobody_scans_again() {
    let mut stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    stage.create("waiting", json!({})).await;
    let companions = stage.simulator.companions(ANN);
    for brutally in [false, true] {
        stage.catcher.forget();
        if brutally {
            stage.server.kill().await;
        } else {
            assert_eq!(stage.server.terminate().await, 0);
        }
        stage.server.start_again().await;
        stage.until_state("acme", "open").await;
        stage.update("acme", "open", 200).await;
        let events = stage.events("acme");
        assert!(
            events.iter().all(|(event, _)| event != "qrcode.updated"),
            "{events:?}"
        );
        assert_eq!(stage.simulator.companions(ANN), companions);
        // Who was not linked does not go on showing codes to nobody.
        stage.until_state("waiting", "close").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_instances_come_back_by_themselves() {
    const MANY: usize = 100;
    let mut stage = Stage::with(Simulator::builder(), &[]).await;
    for number in 0..MANY {
        stage
            .linked(&format!("i{number}"), &format!("55119000{number:05}"))
            .await;
    }
    assert_eq!(stage.server.terminate().await, 0);
    stage.catcher.forget();
    stage.server.start_again().await;
    let began = std::time::Instant::now();
    until("all of them are open", || async {
        let all = stage
            .client
            .get("/instance/fetchInstances")
            .await
            .expect(200)
            .json();
        let open = all.as_array().map_or(0, |all| {
            all.iter()
                .filter(|row| row["connectionStatus"] == "open")
                .count()
        });
        (open == MANY).then_some(())
    })
    .await;
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let codes = stage.catcher.caught();
    let codes = codes
        .iter()
        .filter(|caught| caught.body["event"] == "qrcode.updated");
    assert_eq!(codes.count(), 0, "nobody has to scan again");
    for number in 0..MANY {
        assert_eq!(
            stage
                .simulator
                .companions(&format!("55119000{number:05}"))
                .len(),
            1
        );
    }
}
