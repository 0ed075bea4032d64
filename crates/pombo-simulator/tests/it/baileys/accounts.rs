//! What Baileys asks about accounts, businesses, communities and newsletters.

use super::*;

use pombo_simulator::{Business, BusinessProfile, Collection, Order, OrderItem, Product};

impl Baileys {
    /// Tells it to do something that may be refused; its report on that.
    pub(super) async fn attempt(&mut self, method: &str, arguments: Value) -> Value {
        self.tell_once(json!({"call": method, "arguments": arguments}))
            .await
    }

    /// Tells it to do something that is refused; what Baileys says about that.
    pub(super) async fn refused(&mut self, method: &str, arguments: Value) -> String {
        let answer = self.attempt(method, arguments).await;
        assert_eq!(answer["type"], "failed", "{method}: {answer}");
        answer["message"].as_str().unwrap_or_default().to_owned()
    }
}

fn shop() -> Business {
    let product = |id: &str, name: &str| Product {
        id: id.to_owned(),
        name: name.to_owned(),
        price: 5000,
        currency: "BRL".to_owned(),
        images: vec![format!("http://127.0.0.1/{id}.jpg")],
        ..Product::default()
    };
    Business {
        verified_name: Some("Padaria".to_owned()),
        profile: BusinessProfile {
            description: "Bread".to_owned(),
            websites: vec!["https://example.com".to_owned()],
            ..BusinessProfile::default()
        },
        products: vec![
            product("1", "loaf"),
            product("2", "cake"),
            product("3", "bun"),
        ],
        collections: vec![Collection {
            id: "9".to_owned(),
            name: "Sweet".to_owned(),
            products: vec!["2".to_owned()],
        }],
        orders: vec![Order {
            id: "77".to_owned(),
            token: "tok".to_owned(),
            items: vec![OrderItem {
                product: "1".to_owned(),
                quantity: 2,
            }],
        }],
    }
}

pub(super) async fn asks_about_accounts(version: Version) {
    let simulator = simulator().await;
    let Some(mut baileys) = Baileys::linked(&simulator, version, ALICE).await else {
        return;
    };
    simulator.add_account(BOB, "Bob");
    simulator
        .set_business(ALICE, Some(shop()))
        .expect("Alice exists");
    let own = pn(ALICE);

    let page = baileys
        .call("getCatalog", json!([{"jid": own, "limit": 2}]))
        .await;
    let products = page["products"].as_array().expect("products");
    assert_eq!(products.len(), 2);
    assert_eq!(products[0]["name"], "loaf");
    assert_eq!(products[0]["price"], 5000);
    assert_eq!(
        products[0]["imageUrls"]["original"],
        "http://127.0.0.1/1.jpg"
    );
    assert_eq!(products[0]["reviewStatus"]["whatsapp"], "APPROVED");
    let next = baileys
        .call(
            "getCatalog",
            json!([{"jid": own, "limit": 2, "cursor": page["nextPageCursor"]}]),
        )
        .await;
    assert_eq!(next["products"][0]["name"], "bun");
    assert!(next["nextPageCursor"].is_null());
    let collections = baileys.call("getCollections", json!([own, 51])).await;
    assert_eq!(collections["collections"][0]["name"], "Sweet");
    assert_eq!(collections["collections"][0]["products"][0]["name"], "cake");
    let order = baileys.call("getOrderDetails", json!(["77", "tok"])).await;
    assert_eq!(order["price"], json!({"total": 10_000, "currency": "BRL"}));
    baileys.call("productDelete", json!([["3"]])).await;
    baileys
        .call(
            "updateBussinesProfile",
            json!([{"description": "Bread and cake"}]),
        )
        .await;
    let profile = baileys.call("getBusinessProfile", json!([own])).await;
    assert_eq!(profile["description"], "Bread and cake");
    assert_eq!(profile["website"], json!(["https://example.com"]));

    baileys.call("updateProfileStatus", json!(["busy"])).await;
    let status = baileys.call("fetchStatus", json!([own])).await;
    assert!(status.to_string().contains("busy"), "{status}");
    baileys
        .call("updateGroupsAddPrivacy", json!(["contacts"]))
        .await;
    let privacy = baileys.call("fetchPrivacySettings", json!([true])).await;
    assert_eq!(privacy["groupadd"], "contacts");
    baileys
        .call("updateDefaultDisappearingMode", json!([86_400]))
        .await;
    let timer = baileys
        .call("fetchDisappearingDuration", json!([own]))
        .await;
    assert!(timer.to_string().contains("86400"), "{timer}");
    let bots = baileys.call("getBotListV2", json!([])).await;
    assert_eq!(bots.as_array().map(Vec::len), Some(1));
    let link = baileys.call("createCallLink", json!(["video"])).await;
    assert!(link.as_str().is_some_and(|token| !token.is_empty()));

    baileys.call("onWhatsApp", json!([pn(BOB)])).await;
    if version.blocks_by_phone_number {
        let refusal = baileys
            .refused("updateBlockStatus", json!([pn(BOB), "block"]))
            .await;
        assert!(refusal.contains("bad-request"), "{refusal}");
    } else {
        // It has to know the LID: from a message.
        baileys.send(&pn(BOB), json!({"text": "hello"})).await;
        baileys
            .call("updateBlockStatus", json!([pn(BOB), "block"]))
            .await;
        let blocked = baileys.call("fetchBlocklist", json!([])).await;
        assert_eq!(blocked.as_array().map(Vec::len), Some(1));
        baileys
            .call("updateBlockStatus", json!([pn(BOB), "unblock"]))
            .await;
    }
    simulator.assert_clean();
}

pub(super) async fn runs_communities_and_newsletters(version: Version) {
    let simulator = simulator().await;
    let Some(mut baileys) = Baileys::linked(&simulator, version, ALICE).await else {
        return;
    };
    let bob = Client::linked(&simulator, BOB).await;
    let village = baileys
        .call("communityCreate", json!(["Village", "All of us"]))
        .await;
    let village = village["id"].as_str().expect("an address").to_owned();
    let linked = baileys
        .call("communityFetchLinkedGroups", json!([village]))
        .await;
    assert_eq!(linked["linkedGroups"].as_array().map(Vec::len), Some(2));

    let made = baileys
        .call("newsletterCreate", json!(["News", "What happens"]))
        .await;
    let channel = made["id"].as_str().expect("an address").to_owned();
    assert_eq!(made["subscribers"], 1);
    let found = baileys
        .call("newsletterMetadata", json!(["jid", channel]))
        .await;
    assert_eq!(found["id"], channel.as_str());
    let jid: Jid = channel.parse().expect("an address");
    bob.newsletter().join(&jid).await.expect("it is open");
    baileys
        .send(&channel, json!({"text": "from Baileys"}))
        .await;
    bob.wait("the post", |event| {
        event
            .messages()
            .find_map(|message| (message.info.source.chat == jid).then_some(()))
    })
    .await;
    let post = bob
        .newsletter()
        .get_messages(&jid, 1, None)
        .await
        .expect("posts")
        .remove(0);
    baileys
        .call(
            "newsletterReactMessage",
            json!([channel, post.server_id.to_string(), "👍"]),
        )
        .await;
    let reacted = bob
        .newsletter()
        .get_messages(&jid, 1, None)
        .await
        .expect("posts");
    assert_eq!(reacted[0].reactions[0].count, 1);
    let watched = baileys
        .call("subscribeNewsletterUpdates", json!([channel]))
        .await;
    assert_eq!(watched["duration"], "300");
    baileys
        .call("newsletterFetchMessages", json!([channel, 5]))
        .await;
    baileys
        .call("newsletterUpdateName", json!([channel, "Better news"]))
        .await;
    let count = baileys.call("newsletterAdminCount", json!([channel])).await;
    assert_eq!(count, 1);
    let theirs = bob.newsletter().create("Theirs", None).await.expect("made");
    let theirs = theirs.jid.to_string();
    for method in [
        "newsletterFollow",
        "newsletterMute",
        "newsletterUnmute",
        "newsletterUnfollow",
    ] {
        baileys.call(method, json!([theirs])).await;
    }
    baileys.call("newsletterDelete", json!([channel])).await;
    let renamed = bob.newsletter().get_metadata(&jid).await;
    assert!(renamed.is_err(), "it is gone");
    simulator.assert_clean();
}
