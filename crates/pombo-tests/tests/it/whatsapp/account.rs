//! Numbers, profiles, privacy, businesses, and the settings that concern what comes in.

use pombo_simulator::phone::view::{CallState, MessageStatus};
use pombo_simulator::{Business, BusinessProfile, Collection, Product};
use pombo_tests::{DEADLINE, until};
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

const ANNS: &str = "5511900000001@s.whatsapp.net";
const BOBS: &str = "5511900000002@s.whatsapp.net";
/// Eight by eight brown pixels.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR4nGNocFDAihiGlgQA+gM4Acru2/oAAAAASUVORK5CYII=";

/// The stage's settings, with these members changed.
async fn set(stage: &Stage, more: Value) {
    let mut body = json!({"rejectCall": false, "msgCall": "", "groupsIgnore": false, "alwaysOnline": false,
                          "readMessages": false, "readStatus": false, "syncFullHistory": false});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    stage.post("settings/set", body, 201).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_looked_up() {
    let (stage, _, _) = Stage::acme().await;
    let body = json!({"numbers": [BOB, "5511999999999"]});
    let found = stage.post("chat/whatsappNumbers", body, 200).await;
    let of = |number: &str| {
        let all = found.as_array().into_iter().flatten();
        all.filter(|answer| answer["number"] == number)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (&of(BOB)[0]["exists"], &of(BOB)[0]["jid"]),
        (&json!(true), &json!(BOBS))
    );
    assert_eq!(of("5511999999999")[0]["exists"], false);
    let body = json!({"number": "5511999999999", "text": "hello"});
    stage.post("message/sendText", body, 400).await;
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_profile_is_changed_and_others_are_seen() {
    let (stage, _, bob) = Stage::acme().await;
    let done = json!({"update": "success"});
    let body = json!({"name": "Ann & Co"});
    assert_eq!(stage.post("chat/updateProfileName", body, 200).await, done);
    let body = json!({"status": "open all day"});
    assert_eq!(
        stage.post("chat/updateProfileStatus", body, 200).await,
        done
    );
    let body = json!({"picture": PNG});
    assert_eq!(
        stage.post("chat/updateProfilePicture", body, 200).await,
        done
    );
    // What the network shows of Ann, asked for by an instance of Bob's.
    stage.create("bobs", json!({})).await;
    let code = until("a code", || async {
        stage.connect("bobs", "").await["code"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    bob.scan(&code).expect("a good code");
    stage.until_state("bobs", "open").await;
    let ask = async |route: &str| {
        let path = format!("/chat/{route}/bobs");
        let body = json!({"number": ANN});
        stage.client.post(&path, &body).await.expect(200).json()
    };
    let profile = ask("fetchProfile").await;
    assert_eq!(profile["numberExists"], true, "{profile}");
    assert_eq!(profile["status"]["status"], "open all day", "{profile}");
    assert!(profile["picture"].is_string(), "{profile}");
    let picture = ask("fetchProfilePictureUrl").await;
    assert_eq!(
        (&picture["wuid"], &picture["profilePictureUrl"]),
        (&json!(ANNS), &profile["picture"])
    );
    // The name comes with what she writes.
    stage
        .post(
            "message/sendText",
            json!({"number": BOB, "text": "hello"}),
            201,
        )
        .await;
    let shown = bob.next_message(DEADLINE).await.expect("it arrives");
    assert_eq!(shown.name, "Ann & Co");

    let removed = stage.client.delete("/chat/removeProfilePicture/acme").await;
    assert_eq!(removed.expect(200).json(), done);
    assert_eq!(
        ask("fetchProfilePictureUrl").await["profilePictureUrl"],
        Value::Null
    );
    // One connection through all of it.
    assert_eq!(stage.state("acme").await, "open");
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privacy_is_set_and_people_are_blocked() {
    let (stage, _, bob) = Stage::acme().await;
    let body = json!({"readreceipts": "all", "profile": "contacts", "status": "none", "online": "match_last_seen",
                      "last": "contacts", "groupadd": "contacts"});
    let set = stage
        .post("chat/updatePrivacySettings", body.clone(), 201)
        .await;
    assert_eq!(set["update"], "success");
    let kept = stage
        .client
        .get("/chat/fetchPrivacySettings/acme")
        .await
        .expect(200)
        .json();
    for (name, value) in body.as_object().expect("an object") {
        assert_eq!(&kept[name], value, "{name}: {kept}");
    }

    let block = |status: &str| json!({"number": BOB, "status": status});
    let done = stage
        .post("chat/updateBlockStatus", block("block"), 201)
        .await;
    assert_eq!(done, json!({"block": "success"}));
    let unheard = bob.send_text(ANN, "do you hear me?").await;
    stage
        .post("chat/updateBlockStatus", block("unblock"), 201)
        .await;
    let heard = bob.send_text(ANN, "and now?").await.expect("online");
    stage.arrived(&heard.id).await;
    if let Ok(unheard) = unheard {
        let events = stage.events("acme");
        let told = events
            .iter()
            .find(|(_, data)| data["key"]["id"] == *unheard.id);
        assert_eq!(told, None, "what a blocked person writes is not heard");
    }
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn businesses_show_profile_and_catalogue() {
    let (stage, _, _) = Stage::acme().await;
    let tea = Product {
        id: "11".to_owned(),
        name: "Tea".to_owned(),
        price: 9_900,
        currency: "BRL".to_owned(),
        images: vec!["https://example.com/tea.jpg".to_owned()],
        ..Product::default()
    };
    let business = Business {
        profile: BusinessProfile {
            description: "Tea and more".to_owned(),
            email: Some("tea@example.com".to_owned()),
            ..BusinessProfile::default()
        },
        products: vec![tea],
        collections: vec![Collection {
            id: "1".to_owned(),
            name: "Drinks".to_owned(),
            products: vec!["11".to_owned()],
        }],
        ..Business::default()
    };
    stage
        .simulator
        .set_business(BOB, Some(business))
        .expect("he is there");
    let number = json!({"number": BOB});
    let profile = stage
        .post("chat/fetchBusinessProfile", number.clone(), 200)
        .await;
    assert_eq!(
        (
            &profile["isBusiness"],
            &profile["description"],
            &profile["email"]
        ),
        (
            &json!(true),
            &json!("Tea and more"),
            &json!("tea@example.com")
        )
    );
    let nobody = stage
        .post("chat/fetchBusinessProfile", json!({"number": ANN}), 200)
        .await;
    assert_eq!(nobody["isBusiness"], false);
    let catalogue = stage.post("business/getCatalog", number.clone(), 200).await;
    assert_eq!(catalogue["catalogLength"], 1, "{catalogue}");
    assert_eq!(catalogue["catalog"][0]["name"], "Tea");
    let collections = stage.post("business/getCollections", number, 200).await;
    assert_eq!(
        collections["collections"][0]["products"][0]["name"], "Tea",
        "{collections}"
    );
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_take_effect_at_once() {
    let (stage, _, bob) = Stage::acme().await;
    set(&stage, json!({"readMessages": true})).await;
    let sent = bob.send_text(ANN, "hello").await.expect("online");
    bob.wait_for(DEADLINE, |view| {
        (view.message(ANNS, &sent.id)?.status >= MessageStatus::Read).then_some(())
    })
    .await
    .expect("it is read without being asked for");

    bob.watch(ANN).await.expect("online");
    for online in [true, false] {
        set(&stage, json!({"alwaysOnline": online})).await;
        bob.wait_for(DEADLINE, |view| {
            (view.presences.get(ANNS) == Some(&online)).then_some(())
        })
        .await
        .expect("his phone shows it");
    }

    set(
        &stage,
        json!({"rejectCall": true, "msgCall": "please write"}),
    )
    .await;
    let call = bob.call(ANN, false).await.expect("he calls");
    bob.wait_for(DEADLINE, |view| {
        (view.call(&call)?.state == CallState::Rejected).then_some(())
    })
    .await
    .expect("it is refused");
    bob.wait_for(DEADLINE, |view| {
        view.with_text("please write").next().map(|_| ())
    })
    .await
    .expect("he is told why");
    stage.heard("acme", "call").await;

    let group = bob.create_group("Us", &[ANN]).await.expect("it is made");
    set(&stage, json!({"groupsIgnore": true})).await;
    let unheard = bob.send_text(&group, "in the group").await.expect("online");
    // The network has our word that it came.
    let companion = stage.simulator.companions(ANN)[0];
    until("it is acknowledged", || async {
        (stage.simulator.waiting(ANN, companion) == 0).then_some(())
    })
    .await;
    set(&stage, json!({})).await;
    let heard = bob.send_text(&group, "once more").await.expect("online");
    stage.arrived(&heard.id).await;
    let events = stage.events("acme");
    let told = events
        .iter()
        .find(|(_, data)| data["key"]["id"] == *unheard.id);
    assert_eq!(told, None, "groups were ignored");
    stage.simulator.assert_clean();
}
