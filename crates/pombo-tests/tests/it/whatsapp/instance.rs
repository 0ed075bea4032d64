//! Linking, restarting, logging out.

use std::time::Instant;

use pombo_simulator::Simulator;
use pombo_tests::until;
use reqwest::Method;
use serde_json::json;

use super::kit::{ANN, BOUND, Stage};
use super::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_code_links_the_account() {
    let stage = Stage::start().await;
    stage.simulator.add_account(ANN, "Ann");
    let created = stage.create("acme", json!({})).await;
    let qr = &created["qrcode"];
    assert_eq!(created["instance"]["status"], "connecting");
    assert_eq!(
        (&qr["count"], &qr["pairingCode"]),
        (&json!(1), &json!(null))
    );
    let picture = qr["base64"].as_str().expect("a picture");
    assert!(picture.starts_with("data:image/png;base64,iVBORw0KGgo"));
    assert_eq!(stage.state("acme").await, "connecting");
    let shown = stage.connect("acme", "").await;
    assert_eq!(shown["code"], qr["code"]);
    let told = stage.heard("acme", "qrcode.updated").await;
    assert_eq!(
        told["qrcode"],
        json!({"instance": "acme", "pairingCode": null, "code": qr["code"], "base64": qr["base64"]})
    );

    let code = qr["code"].as_str().expect("a code");
    stage.simulator.scan(ANN, code).expect("a good code");
    let open = stage.update("acme", "open", 200).await;
    let wuid = format!("{ANN}@s.whatsapp.net");
    assert_eq!(open.body["data"]["wuid"], wuid);
    assert_eq!(open.body["sender"], wuid);
    stage.until_state("acme", "open").await;
    let row = stage.row("acme").await;
    assert_eq!(
        (&row["ownerJid"], &row["connectionStatus"]),
        (&json!(wuid), &json!("open"))
    );
    assert_eq!(
        stage.connect("acme", "").await,
        json!({"instance": {"instanceName": "acme", "state": "open"}})
    );
    let states: Vec<_> = stage
        .events("acme")
        .into_iter()
        .filter(|(event, _)| event == "connection.update")
        .map(|(_, data)| data["state"].clone())
        .collect();
    assert_eq!(states, ["connecting", "connecting", "open"]);

    let presence = json!({"presence": "available"});
    let answer = stage
        .client
        .post("/instance/setPresence/acme", &presence)
        .await;
    assert_eq!(answer.expect(201).json(), presence);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_typed_code_links_the_account_and_another_number_gets_another_code() {
    let stage = Stage::start().await;
    stage.simulator.add_account(ANN, "Ann");
    stage.simulator.add_account("5511900000009", "Bob");
    stage
        .create("acme", json!({"number": "5511900000009"}))
        .await;
    // Deriving a code takes seconds in a build without optimisation; `create` does not wait that long.
    let wrong = pairing_code(&stage, "5511900000009").await;
    assert_eq!(wrong.len(), 8);
    let code = pairing_code(&stage, ANN).await;
    assert_ne!(code, wrong);
    // Asked again for the same number, it is the same code.
    assert_eq!(pairing_code(&stage, ANN).await, code);
    stage.simulator.type_code(ANN, &code).await.expect("typed");
    stage.update("acme", "open", 200).await;
}

async fn pairing_code(stage: &Stage, number: &str) -> String {
    until("a pairing code", || async {
        let shown = stage.connect("acme", &format!("?number={number}")).await;
        assert_ne!(shown["error"], true, "{shown}");
        shown["pairingCode"].as_str().map(str::to_owned)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_that_nobody_scans_come_to_an_end() {
    let second = std::time::Duration::from_secs(1);
    let network = Simulator::builder().qr_lifetimes([second]);
    let stage = Stage::with(network, &[("QRCODE_LIMIT", "2")]).await;
    let created = stage.create("acme", json!({})).await;
    assert_eq!(created["qrcode"]["count"], 1);
    let refused = stage.update("acme", "refused", 428).await;
    assert_eq!(refused.body["data"]["instance"], "acme");
    let codes: Vec<_> = stage
        .events("acme")
        .into_iter()
        .filter(|(event, _)| event == "qrcode.updated")
        .map(|(_, data)| data)
        .collect();
    assert_eq!(codes.len(), 3);
    assert_eq!(
        codes[2],
        json!({"message": "QR code limit reached, please login again", "statusCode": 500})
    );
    stage.until_state("acme", "close").await;
    // Asked again, it begins anew.
    let shown = stage.connect("acme", "").await;
    assert_eq!(shown["count"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_link() {
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    let companions = stage.simulator.companions(ANN);
    stage.catcher.forget();
    for method in [Method::POST, Method::PUT] {
        let request = stage.client.request(method, "/instance/restart/acme");
        let answer = stage.client.send(request).await.expect(200).json();
        assert_eq!(answer["instance"]["state"], "open", "{answer}");
    }
    stage.update("acme", "open", 200).await;
    assert_eq!(stage.simulator.companions(ANN), companions);
    let events = stage.events("acme");
    assert!(
        events.iter().all(|(event, _)| event != "qrcode.updated"),
        "{events:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_unlinks_and_the_instance_can_be_linked_again() {
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    stage.catcher.forget();
    stage
        .client
        .delete("/instance/logout/acme")
        .await
        .expect(200);
    assert_eq!(stage.state("acme").await, "close");
    assert_eq!(stage.simulator.companions(ANN), Vec::<u16>::new());
    let status = stage.heard("acme", "status.instance").await;
    assert_eq!(
        (&status["status"], &status["disconnectionReasonCode"]),
        (&json!("closed"), &json!(401))
    );
    assert_eq!(stage.heard("acme", "logout.instance").await, json!(null));
    stage.update("acme", "close", 401).await;
    assert_eq!(stage.row("acme").await["disconnectionReasonCode"], 401);
    stage
        .client
        .delete("/instance/logout/acme")
        .await
        .expect(400);

    let shown = stage.connect("acme", "").await;
    let code = shown["code"].as_str().expect("a new code");
    stage.simulator.scan(ANN, code).expect("a good code");
    stage.until_state("acme", "open").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_can_remove_the_link() {
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    let companion = stage.simulator.companions(ANN)[0];
    assert!(stage.simulator.unlink(ANN, companion));
    stage.update("acme", "close", 401).await;
    stage.heard("acme", "logout.instance").await;
    stage.until_state("acme", "close").await;
    assert!(stage.connect("acme", "").await["code"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_unlinks_and_frees_the_name() {
    let stage = Stage::start().await;
    stage.linked("acme", ANN).await;
    stage
        .client
        .delete("/instance/delete/acme")
        .await
        .expect(200);
    assert_eq!(stage.simulator.companions(ANN), Vec::<u16>::new());
    stage
        .client
        .get("/instance/connectionState/acme")
        .await
        .expect(404);
    stage.linked("acme", ANN).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_bounded_ends_although_the_network_is_dead() {
    let simulator = Simulator::builder()
        .strict(false)
        .start()
        .await
        .expect("starts");
    let relay = Relay::to(simulator.addr()).await;
    let stage = Stage::at(simulator, &relay.url(), &[]).await;
    for (name, number) in [
        ("a", "5511900000001"),
        ("b", "5511900000002"),
        ("c", "5511900000003"),
    ] {
        stage.linked(name, number).await;
    }
    relay.die();
    let restart = stage.client.request(Method::POST, "/instance/restart/a");
    let logout = stage.client.request(Method::DELETE, "/instance/logout/b");
    let delete = stage.client.request(Method::DELETE, "/instance/delete/c");
    let began = Instant::now();
    let (restarted, logged_out, deleted) = tokio::join!(
        stage.client.send(restart),
        stage.client.send(logout),
        stage.client.send(delete),
    );
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    restarted.expect(200);
    logged_out.expect(200);
    deleted.expect(200);
    assert_eq!(stage.state("a").await, "connecting");
    assert_eq!(stage.state("b").await, "close");
    stage
        .client
        .get("/instance/connectionState/c")
        .await
        .expect(404);
    // Its credentials are gone: it is linked anew.
    relay.revive();
    let code = until("a code for b", || async {
        stage.connect("b", "").await["code"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    stage
        .simulator
        .scan("5511900000002", &code)
        .expect("a good code");
    stage.until_state("b", "open").await;
    stage.until_state("a", "open").await;
}
