//! Privacy settings, blocked accounts, tokens of trust.

use whatsapp_rust::wacore::iq::privacy::{
    DisallowedListAction, DisallowedListUpdate, DisallowedListUserEntry, PrivacyCategory,
    PrivacyValue,
};
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::query::{code, node, set};
use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

/// The error code with which a message was acknowledged.
async fn acknowledged(client: &Client, id: &str) -> Option<String> {
    client
        .wait("an acknowledgement", |event| match event {
            Event::ServerAck(ack) => (ack.id == id).then(|| ack.error.clone()),
            _ => None,
        })
        .await
}

async fn presence(client: &Client, of: &Client) -> (bool, bool) {
    let own = [of.jid(), of.lid()];
    client
        .wait("presence", |event| match event {
            Event::Presence(presence) => own
                .contains(&presence.from.to_non_ad())
                .then_some((presence.unavailable, presence.last_seen.is_some())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn settings_are_kept_and_checked() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let settings = alice.fetch_privacy_settings().await.expect("settings");
    assert_eq!(
        settings.get_value(&PrivacyCategory::GroupAdd),
        Some(&PrivacyValue::All)
    );
    for (category, value) in [
        (PrivacyCategory::Last, PrivacyValue::None),
        (PrivacyCategory::Online, PrivacyValue::MatchLastSeen),
        (PrivacyCategory::Profile, PrivacyValue::Contacts),
        (PrivacyCategory::Status, PrivacyValue::None),
        (PrivacyCategory::GroupAdd, PrivacyValue::Contacts),
        (PrivacyCategory::ReadReceipts, PrivacyValue::None),
        (PrivacyCategory::CallAdd, PrivacyValue::Known),
        (PrivacyCategory::Messages, PrivacyValue::Contacts),
        (PrivacyCategory::DefenseMode, PrivacyValue::OnStandard),
    ] {
        alice
            .set_privacy_setting(category.clone(), value.clone())
            .await
            .expect("a valid value");
        let settings = alice.fetch_privacy_settings().await.expect("settings");
        assert_eq!(settings.get_value(&category), Some(&value));
    }
    let nonsense = node("privacy")
        .children([node("category")
            .attr("name", "last")
            .attr("value", "sometimes")
            .build()])
        .build();
    let error = set(&alice, "privacy", nonsense)
        .await
        .expect_err("no such value");
    assert_eq!(code(&error), 400);
    simulator.assert_clean();
}

#[tokio::test]
async fn exceptions_are_changed_with_the_hash_of_the_present_list() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let except = |dhash: &str, action| DisallowedListUpdate {
        dhash: dhash.to_owned(),
        users: vec![DisallowedListUserEntry {
            action,
            jid: bob.lid(),
            pn_jid: Some(bob.jid()),
        }],
    };
    let answer = alice
        .set_privacy_disallowed_list(
            PrivacyCategory::Profile,
            except("none", DisallowedListAction::Add),
        )
        .await
        .expect("there was no list");
    let hash = answer.dhash.expect("a list has a hash");
    let error = alice
        .set_privacy_disallowed_list(
            PrivacyCategory::Profile,
            except("old", DisallowedListAction::Remove),
        )
        .await
        .expect_err("not the present list");
    assert_eq!(code(&error), 409);
    simulator
        .add_to_address_book(ALICE, BOB)
        .expect("both exist");
    alice
        .profile()
        .set_profile_picture(vec![0xff, 0xd8, 0xff, 1])
        .await
        .expect("a picture");
    let seen = |who: &Client| {
        let (who, whose) = (std::sync::Arc::clone(who), alice.jid());
        async move {
            who.contacts()
                .get_profile_picture(&whose, true)
                .await
                .expect("an answer")
                .is_some()
        }
    };
    assert!(!seen(&bob).await, "he is excepted");
    alice
        .set_privacy_disallowed_list(
            PrivacyCategory::Profile,
            except(&hash, DisallowedListAction::Remove),
        )
        .await
        .expect("the present list");
    assert!(seen(&bob).await, "he is a contact");
    let carol = Client::linked(&simulator, CAROL).await;
    assert!(!seen(&carol).await, "she is none");
    simulator.assert_clean();
}

#[tokio::test]
async fn what_is_hidden_is_not_shown() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.presence().set_available().await.expect("a name is set");
    alice
        .presence()
        .set_available()
        .await
        .expect("a name is set");
    bob.presence()
        .subscribe(alice.jid())
        .await
        .expect("a subscription");
    loop {
        if presence(&bob, &alice).await == (false, false) {
            break;
        }
    }
    alice
        .presence()
        .set_unavailable()
        .await
        .expect("a name is set");
    assert_eq!(presence(&bob, &alice).await, (true, true));
    alice
        .set_privacy_setting(PrivacyCategory::Last, PrivacyValue::None)
        .await
        .expect("a valid value");
    bob.presence()
        .subscribe(alice.jid())
        .await
        .expect("a subscription");
    assert_eq!(presence(&bob, &alice).await, (true, false), "no last seen");
    alice
        .set_privacy_setting(PrivacyCategory::Online, PrivacyValue::MatchLastSeen)
        .await
        .expect("a valid value");
    alice
        .presence()
        .set_available()
        .await
        .expect("a name is set");
    assert_eq!(
        presence(&bob, &alice).await,
        (true, false),
        "not online either"
    );

    alice
        .set_privacy_setting(PrivacyCategory::Status, PrivacyValue::None)
        .await
        .expect("a valid value");
    let info = bob
        .contacts()
        .get_user_info(&[alice.jid()])
        .await
        .expect("an answer");
    assert!(
        info[&alice.jid()]
            .status
            .as_deref()
            .unwrap_or_default()
            .is_empty()
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn read_receipts_are_a_matter_of_both() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.set_privacy_setting(PrivacyCategory::ReadReceipts, PrivacyValue::None)
        .await
        .expect("a valid value");
    let sent = alice
        .send_message(bob.jid(), text("read me"))
        .await
        .expect("a message");
    bob.text("read me").await;
    bob.mark_as_read(&alice.jid(), None, &[sent.message_id.as_str()])
        .await
        .expect("a receipt");
    bob.send_message(alice.jid(), text("after that"))
        .await
        .expect("a message");
    alice.text("after that").await;
    assert!(!alice.has_seen(|event| match event {
        Event::Receipt(receipt) => format!("{:?}", receipt.r#type) == "Read",
        _ => false,
    }));
    simulator.assert_clean();
}

#[tokio::test]
async fn the_blocked_are_not_heard() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let carol = Client::linked(&simulator, CAROL).await;
    alice
        .contacts()
        .is_on_whatsapp(&[bob.jid()])
        .await
        .expect("now she knows his LID");
    alice.blocking().block(&bob.jid()).await.expect("known");
    assert!(
        alice
            .blocking()
            .is_blocked(&bob.jid())
            .await
            .expect("an answer")
    );
    let list = alice.blocking().get_blocklist().await.expect("a list");
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].jid, bob.lid());
    assert!(list[0].timestamp.is_some());
    let sent = bob
        .send_message(alice.jid(), text("can you hear me?"))
        .await
        .expect("a message");
    assert_eq!(
        acknowledged(&bob, &sent.message_id).await,
        None,
        "he does not learn of it"
    );
    carol
        .send_message(alice.jid(), text("hello"))
        .await
        .expect("a message");
    alice.text("hello").await;
    assert!(!alice.has_seen(|event| {
        event
            .messages()
            .any(|message| message.message.conversation.as_deref() == Some("can you hear me?"))
    }));
    let result = bob
        .groups()
        .create_group(
            whatsapp_rust::GroupCreateOptions::new("Trap")
                .with_participant(whatsapp_rust::GroupParticipantOptions::new(alice.jid())),
        )
        .await
        .expect("a group")
        .metadata;
    assert_eq!(result.size, Some(1), "she is not in it");

    alice.blocking().unblock(&bob.jid()).await.expect("known");
    assert!(
        !alice
            .blocking()
            .is_blocked(&bob.jid())
            .await
            .expect("an answer")
    );
    bob.send_message(alice.jid(), text("and now?"))
        .await
        .expect("a message");
    alice.text("and now?").await;

    // By phone number alone nobody can be blocked any more.
    let old = node("item")
        .attr("action", "block")
        .attr("jid", bob.jid())
        .build();
    let error = set(&alice, "blocklist", old).await.expect_err("no LID");
    assert_eq!(code(&error), 400);
    simulator.assert_clean();
}

#[tokio::test]
async fn strangers_need_a_token_where_one_is_asked_for() {
    let simulator = simulator().await;
    simulator.set_prop(10_518, Some("1"));
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    simulator.require_tokens(ALICE, true).expect("Alice exists");
    let sent = bob
        .send_message(alice.jid(), text("hello, stranger"))
        .await
        .expect("the stanza goes out");
    assert_eq!(
        acknowledged(&bob, &sent.message_id).await.as_deref(),
        Some("463")
    );
    alice
        .profile()
        .set_profile_picture(vec![0xff, 0xd8, 0xff, 1])
        .await
        .expect("a picture");
    let hidden = bob
        .contacts()
        .get_profile_picture(&alice.jid(), true)
        .await
        .expect("an answer");
    assert!(hidden.is_none());

    let tokens = alice
        .tc_token()
        .issue_tokens(&[bob.lid()])
        .await
        .expect("a token");
    assert_eq!(tokens.len(), 1);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while bob
        .tc_token()
        .get(alice.lid().user.as_str())
        .await
        .expect("the store works")
        .is_none_or(|entry| entry.token != tokens[0].token)
    {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the token did not come"
        );
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    bob.send_message(alice.jid(), text("now you know me"))
        .await
        .expect("the stanza goes out");
    alice.text("now you know me").await;
    assert!(!alice.has_seen(|event| {
        event
            .messages()
            .any(|message| message.message.conversation.as_deref() == Some("hello, stranger"))
    }));
    let seen = bob
        .contacts()
        .get_profile_picture(&alice.jid(), true)
        .await
        .expect("an answer");
    assert!(seen.is_some(), "the token opens this, too");
    simulator.assert_clean();
}
