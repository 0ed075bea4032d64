//! Linking clients to phones.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pombo_simulator::{PairingError, Simulator};
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, Client, ClientOptions, RawClient, RawCompanion, eventually, simulator};

#[tokio::test]
async fn a_scanned_client_is_linked_and_logs_in() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    assert_eq!(alice.jid().to_string(), format!("{ALICE}@s.whatsapp.net"));
    let device = alice.pn().expect("linked").device;
    assert_ne!(device, 0);
    assert_eq!(alice.lid().device, 0);
    simulator.assert_clean();
}

#[tokio::test]
async fn nobody_scans_and_the_codes_run_out() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let options = ClientOptions {
        hurry: 200,
        ..ClientOptions::default()
    };
    let client = Client::start(&simulator, options).await;
    let first = client.qr_code().await;
    let second = client.qr_code().await;
    assert_ne!(first, second);
    client
        .wait("the end of the codes", |event| {
            matches!(event, Event::PairingQrCodesExhausted(_)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn an_expired_code_is_refused_and_the_next_one_works() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let client = Client::start(&simulator, ClientOptions::default()).await;
    let code = client.qr_code().await;
    simulator.clock().advance(Duration::from_secs(61));
    assert_eq!(simulator.scan(ALICE, &code), Err(PairingError::Expired));
    assert_eq!(
        simulator.scan("5500000000000", &code),
        Err(PairingError::NoAccount)
    );
}

#[tokio::test]
async fn the_connection_ends_with_the_last_code() {
    let simulator = simulator().await;
    let mut client =
        crate::kit::RawClient::connect(&simulator, crate::kit::Approach::default()).await;
    client.next().await.expect("the references");
    simulator
        .clock()
        .advance(Duration::from_secs(60 + 5 * 20 + 10));
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn a_code_of_eight_characters_links_too() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let client = Client::start(&simulator, ClientOptions::default()).await;
    client.qr_code().await;
    let code = client
        .pair_with_code(PairCodeOptions {
            phone_number: ALICE.to_owned(),
            ..Default::default()
        })
        .await
        .expect("a code");
    assert_eq!(
        simulator.type_code("5500000000000", &code).await,
        Err(PairingError::NoAccount)
    );
    simulator
        .type_code(ALICE, &code)
        .await
        .expect("the code is awaited");
    client.connected().await;
    assert_eq!(simulator.companions(ALICE), [1]);
}

#[tokio::test]
async fn a_wrong_code_links_nobody() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let client = Client::start(&simulator, ClientOptions::default()).await;
    client.qr_code().await;
    let code = client
        .pair_with_code(PairCodeOptions {
            phone_number: ALICE.to_owned(),
            ..Default::default()
        })
        .await
        .expect("a code");
    let wrong = if code == "11111111" {
        "22222222"
    } else {
        "11111111"
    };
    simulator
        .type_code(ALICE, wrong)
        .await
        .expect("some code is awaited");
    client
        .wait("the failure of the pairing", |event| {
            matches!(event, Event::PairingCodeError(_)).then_some(())
        })
        .await;
    assert!(simulator.companions(ALICE).is_empty());
}

#[tokio::test]
async fn a_client_that_goes_before_it_has_confirmed_is_no_companion() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let client = Client::start(&simulator, ClientOptions::default()).await;
    let other = client.qr_code().await;
    client.stop().await;
    // The code of a client that has gone is nobody's.
    eventually("the code is forgotten", || {
        simulator.scan(ALICE, &other) == Err(PairingError::Unknown)
    })
    .await;
    let mut raw = RawClient::connect(&simulator, RawCompanion::registration()).await;
    let offer = raw.next().await.expect("the references");
    let reference = offer
        .get_optional_child("pair-device")
        .and_then(|pair| pair.get_optional_child("ref"))
        .and_then(|reference| reference.content_as_string())
        .expect("a reference");
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let device = simulator
        .scan(ALICE, &format!("{reference},{key},{key},{key}"))
        .expect("the code is valid");
    assert_eq!(simulator.companions(ALICE), [device]);
    assert_eq!(
        simulator.scan(ALICE, &format!("{reference},{key},{key},{key}")),
        Err(PairingError::Used)
    );
    drop(raw);
    eventually("it is forgotten", || simulator.companions(ALICE).is_empty()).await;
}

#[tokio::test]
async fn a_guarded_account_wants_its_passkey_before_it_links() {
    let simulator = simulator().await;
    simulator.add_account(ALICE, "Alice");
    let passkey = simulator.guard_with_passkey(ALICE).expect("it is there");
    let client = Client::start(&simulator, ClientOptions::default()).await;
    let code = client.qr_code().await;
    assert_eq!(
        simulator.scan(ALICE, &code),
        Err(PairingError::PasskeyWanted)
    );
    let options = client
        .wait("the question for the passkey", |event| match event {
            Event::PairPasskeyRequest(request) => Some(request.request_options_json.clone()),
            _ => None,
        })
        .await;
    let options = serde_json::from_str(&options).expect("JSON");
    let assertion = passkey.assert(&options).expect("it is asked for");
    let id = assertion["rawId"].as_str().expect("an id");
    let assertion = whatsapp_rust::passkey::Assertion {
        credential_id: URL_SAFE_NO_PAD.decode(id).expect("base64url"),
        assertion_json: assertion.to_string().into_bytes(),
    };
    client
        .send_passkey_response(assertion)
        .await
        .expect("the right passkey");
    let code = client
        .wait("the code", |event| match event {
            Event::PairPasskeyConfirmation(confirmation) => Some(confirmation.code.clone()),
            _ => None,
        })
        .await;
    eventually("the phone shows it", || {
        simulator.passkey_code(ALICE) == Some(code.replace('-', ""))
    })
    .await;
    assert!(simulator.companions(ALICE).is_empty());
    client
        .send_passkey_confirmation()
        .await
        .expect("the codes are the same");
    client.connected().await;
    assert_eq!(simulator.companions(ALICE), [1]);
    simulator.assert_clean();
}
