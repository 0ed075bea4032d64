//! What ends a connection, and what follows from each.

use std::time::Duration;

use pombo_simulator::Simulator;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};
use serde_json::json;

use super::kit::{ANN, Stage};
use super::relay::Relay;

/// The next thing that the network says to Ann's companion ends its connection.
fn end_with(stage: &Stage, code: u16, times: u64) {
    let fault = Fault::StreamError {
        code,
        conflict: None,
    };
    let rule = FaultRule::new(FaultPoint::FromClient, fault)
        .account(ANN)
        .stanza(StanzaFilter::tag("iq"))
        .times(times);
    stage.simulator.faults().add(rule).expect("a rule");
}

/// Logins are answered like this.
fn refuse_logins(stage: &Stage, reason: u16, expire: Option<u64>) {
    let fault = Fault::Failure {
        reason,
        code: expire.map(|_| 101),
        expire,
    };
    let rule = FaultRule::new(FaultPoint::Login, fault).account(ANN);
    stage.simulator.faults().add(rule).expect("a rule");
}

async fn lenient() -> Stage {
    // Pings every second, so that there is something to strike.
    Stage::with(
        Simulator::builder().strict(false),
        &[("POMBO_WHATSAPP_PING", "1s")],
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_not_told_and_comes_back() {
    for code in [503, 515, 500] {
        let stage = lenient().await;
        stage.linked("acme", ANN).await;
        stage.catcher.forget();
        end_with(&stage, code, 1);
        stage.update("acme", "connecting", 200).await;
        stage.update("acme", "open", 200).await;
        let events = stage.events("acme");
        let close = events.iter().find(|(_, data)| data["state"] == "close");
        assert_eq!(close, None, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_replaced_again_and_again_gives_in() {
    let stage = lenient().await;
    stage.linked("acme", ANN).await;
    stage.catcher.forget();
    end_with(&stage, 440, 3);
    stage.update("acme", "close", 440).await;
    stage.until_state("acme", "close").await;
    let events = stage.events("acme");
    let logout = events.iter().find(|(event, _)| event == "logout.instance");
    assert_eq!(logout, None);
    let object = stage.row("acme").await["disconnectionObject"].clone();
    assert!(
        object
            .as_str()
            .is_some_and(|object| object.contains("replaced")),
        "{object}"
    );
    // The link is still good.
    let answer = stage.connect("acme", "").await;
    assert_eq!(answer["instance"]["state"], "open", "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bans_and_an_outdated_version_are_told_apart() {
    for (reason, expire, link_is_good) in [
        (402, Some(3600), true),
        (403, None, false),
        (405, None, true),
    ] {
        let stage = lenient().await;
        stage.linked("acme", ANN).await;
        stage.catcher.forget();
        refuse_logins(&stage, reason, expire);
        end_with(&stage, 503, 1);
        stage.update("acme", "close", reason).await;
        let row = stage.row("acme").await;
        assert_eq!(row["disconnectionReasonCode"], reason);
        let object = row["disconnectionObject"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            object.contains(if reason == 405 { "outdated" } else { "banned" }),
            "{object}"
        );
        let failed = stage.connect("acme", "").await;
        stage.simulator.faults().clear();
        if link_is_good {
            assert_eq!(failed["error"], true, "{failed}");
            let answer = stage.connect("acme", "").await;
            assert_eq!(answer["instance"]["state"], "open", "{reason}: {answer}");
        } else {
            // Locked: the link is gone, and a new one would be needed.
            assert!(failed["code"].is_string(), "{failed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_connection_is_noticed_and_replaced() {
    let simulator = Simulator::builder()
        .strict(false)
        .start()
        .await
        .expect("starts");
    let relay = Relay::to(simulator.addr()).await;
    let stage = Stage::at(simulator, &relay.url(), &[("POMBO_WHATSAPP_PING", "1s")]).await;
    stage.linked("acme", ANN).await;
    stage.catcher.forget();
    relay.die();
    tokio::time::sleep(Duration::from_millis(10)).await;
    // Connections that are there stay dead.
    relay.revive();
    stage.update("acme", "connecting", 200).await;
    stage.update("acme", "open", 200).await;
    assert_eq!(stage.simulator.companions(ANN).len(), 1);
    let presence = json!({"presence": "available"});
    stage
        .client
        .post("/instance/setPresence/acme", &presence)
        .await
        .expect(201);
}
