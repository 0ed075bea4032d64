//! Accounts that a passkey guards.

use std::time::Duration;

use pombo_simulator::phone::Passkey;
use pombo_simulator::{PairingError, Simulator};
use pombo_tests::until;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

/// A stage with Ann's account, guarded.
async fn guarded(stage: &Stage) -> Passkey {
    stage.simulator.add_account(ANN, "Ann");
    stage
        .simulator
        .guard_with_passkey(ANN)
        .expect("the account is there")
}

/// Waits until the instance was told of a step.
async fn step(stage: &Stage, step: &str) -> Value {
    let told = stage
        .catcher
        .next(&format!("the step {step}"), |caught| {
            caught.path == "/acme"
                && caught.body["event"] == "connection.update"
                && caught.body["data"]["passkey"]["step"] == step
        })
        .await;
    assert_eq!(told.body["data"]["state"], "connecting");
    told.body["data"]["passkey"].clone()
}

async fn answer(stage: &Stage, body: Value, status: u16) -> Value {
    stage
        .client
        .post("/instance/passkey/acme", &body)
        .await
        .expect(status)
        .json()
}

/// From the question for the passkey to the open connection.
async fn go_through(stage: &Stage, passkey: &Passkey) {
    let options = step(stage, "requested").await["options"].clone();
    let assertion = passkey.assert(&options).expect("it is asked for");
    let sent = answer(stage, json!({"assertion": assertion}), 200).await;
    assert_eq!(sent, json!({"passkey": "sent"}));
    let code = step(stage, "confirmation").await["code"].clone();
    let shown = stage.simulator.passkey_code(ANN).expect("a code");
    assert_eq!(code, format!("{}-{}", &shown[..4], &shown[4..]));
    let confirmed = answer(stage, json!({"confirm": true}), 200).await;
    assert_eq!(confirmed, json!({"passkey": "confirmed"}));
    stage.update("acme", "open", 200).await;
    stage.until_state("acme", "open").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanned_account_with_a_passkey_is_linked_step_by_step() {
    let stage = Stage::start().await;
    let passkey = guarded(&stage).await;
    let created = stage.create("acme", json!({})).await;
    // Nothing was scanned: there is nothing to answer.
    let early = answer(&stage, json!({"assertion": {}}), 400).await;
    assert!(
        early.to_string().contains("no passkey is asked for"),
        "{early}"
    );
    let early = answer(&stage, json!({"confirm": true}), 400).await;
    assert!(early.to_string().contains("no code to confirm"), "{early}");
    answer(&stage, json!({}), 400).await;

    let code = created["qrcode"]["code"].as_str().expect("a code");
    assert_eq!(
        stage.simulator.scan(ANN, code),
        Err(PairingError::PasskeyWanted)
    );
    let options = step(&stage, "requested").await["options"].clone();
    assert_eq!(options["rpId"], "web.whatsapp.com");
    // Who has missed the event sees it here, and no code that nobody can scan any more.
    let shown = stage.connect("acme", "").await;
    assert_eq!(
        shown,
        json!({"count": 1, "passkey": {"step": "requested", "options": options}})
    );
    assert_eq!(stage.state("acme").await, "connecting");

    go_through(&stage, &passkey).await;
    assert_eq!(stage.simulator.companions(ANN).len(), 1);
    let shown = stage.connect("acme", "").await;
    assert_eq!(shown["instance"]["state"], "open");
    // It is over: the network is not bothered with more.
    answer(&stage, json!({"assertion": {}}), 400).await;
    answer(&stage, json!({"confirm": true}), 400).await;

    // A real link: messages go both ways, and it survives a restart.
    let bob = stage.simulator.phone(BOB);
    bob.send_text(ANN, "hello").await.expect("online");
    let got = stage.heard("acme", "messages.upsert").await;
    assert_eq!(got["message"]["conversation"], "hello");
    let body = json!({"number": BOB, "text": "and you"});
    stage
        .client
        .post("/message/sendText/acme", &body)
        .await
        .expect(201);
    let read = bob.next_message(Duration::from_secs(10)).await;
    assert_eq!(read.expect("it arrives").text(), "and you");
    stage.catcher.forget();
    stage
        .client
        .post("/instance/restart/acme", &json!({}))
        .await
        .expect(200);
    stage.update("acme", "open", 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_passkey_links_nobody_and_the_right_one_still_does() {
    let stage = Stage::start().await;
    let old = guarded(&stage).await;
    let passkey = guarded(&stage).await;
    let created = stage.create("acme", json!({})).await;
    let code = created["qrcode"]["code"].as_str().expect("a code");
    stage.simulator.scan(ANN, code).expect_err("it is guarded");
    let options = step(&stage, "requested").await["options"].clone();

    let mut open = options.clone();
    open["allowCredentials"] = json!([]);
    let wrong = old.assert(&open).expect("it answers to anybody");
    answer(&stage, json!({"assertion": wrong}), 400).await;
    let mut elsewhere = options.clone();
    elsewhere["challenge"] = json!("AAAA");
    let wrong = passkey.assert(&elsewhere).expect("it is asked for");
    answer(&stage, json!({"assertion": wrong}), 400).await;
    answer(&stage, json!({"assertion": {"id": "AAAA"}}), 400).await;
    assert_eq!(stage.simulator.companions(ANN), Vec::<u16>::new());
    assert_eq!(stage.simulator.passkey_code(ANN), None);

    go_through(&stage, &passkey).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pairing_code_leads_to_the_passkey_too() {
    let stage = Stage::start().await;
    let passkey = guarded(&stage).await;
    stage.create("acme", json!({"number": ANN})).await;
    let code = until("a pairing code", || async {
        let shown = stage.connect("acme", &format!("?number={ANN}")).await;
        shown["pairingCode"].as_str().map(str::to_owned)
    })
    .await;
    stage.simulator.type_code(ANN, &code).await.expect("typed");
    go_through(&stage, &passkey).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_whose_passkey_nobody_shows_is_no_silent_hang() {
    let second = Duration::from_secs(1);
    let network = Simulator::builder().qr_lifetimes([second]);
    let stage = Stage::with(network, &[]).await;
    let passkey = guarded(&stage).await;
    let created = stage.create("acme", json!({})).await;
    let code = created["qrcode"]["code"].as_str().expect("a code");
    stage.simulator.scan(ANN, code).expect_err("it is guarded");
    step(&stage, "requested").await;
    stage.catcher.forget();
    // Begun anew, it begins with a code.
    stage
        .client
        .post("/instance/restart/acme", &json!({}))
        .await
        .expect(200);
    let shown = until("a new code", || async {
        let shown = stage.connect("acme", "").await;
        shown["code"].as_str().map(str::to_owned)
    })
    .await;
    answer(&stage, json!({"assertion": {}}), 400).await;
    stage
        .simulator
        .scan(ANN, &shown)
        .expect_err("it is guarded");
    go_through(&stage, &passkey).await;
}
