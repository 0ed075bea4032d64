//! Newsletters.

use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::{Jid, NewsletterError, NewsletterRole, NewsletterState};

use crate::kit::query::{attribute, code, get, node, set, text_at};
use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

async fn channel(owner: &Client) -> Jid {
    owner
        .newsletter()
        .create("News", Some("What happens"))
        .await
        .expect("it is made")
        .jid
}

/// Asks in GraphQL, by document id.
async fn query(client: &Client, id: &str, variables: serde_json::Value) -> serde_json::Value {
    let body = serde_json::json!({ "variables": variables }).to_string();
    let request = node("query")
        .attr("query_id", id)
        .bytes(body.into_bytes())
        .build();
    let answer = get(client, "w:mex", request).await.expect("an answer");
    serde_json::from_str(&text_at(&answer, &["result"])).expect("JSON")
}

#[tokio::test]
async fn a_newsletter_is_made_found_followed_and_left() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let created = alice
        .newsletter()
        .create("News", Some("What happens"))
        .await
        .expect("it is made");
    assert_eq!(created.name, "News");
    assert_eq!(created.description.as_deref(), Some("What happens"));
    assert_eq!(created.role, Some(NewsletterRole::Owner));
    assert_eq!(created.subscriber_count, 1);
    assert_eq!(created.state, NewsletterState::Active);
    assert!(created.creation_time.is_some());
    let invite = created.invite_code.clone().expect("a code");
    let found = bob
        .newsletter()
        .get_metadata_by_invite(&invite)
        .await
        .expect("the code is valid");
    assert_eq!(found.role, Some(NewsletterRole::Guest));
    assert!(
        bob.newsletter()
            .list_subscribed()
            .await
            .expect("an answer")
            .is_empty()
    );
    let followed = bob
        .newsletter()
        .join(&created.jid)
        .await
        .expect("it is open");
    assert_eq!(followed.role, Some(NewsletterRole::Subscriber));
    assert_eq!(followed.subscriber_count, 2);
    let all = bob.newsletter().list_subscribed().await.expect("an answer");
    assert_eq!(all.len(), 1);
    bob.newsletter()
        .set_follower_mute(&created.jid, true)
        .await
        .expect("a follower");
    let error = bob.newsletter().set_admin_mute(&created.jid, true).await;
    assert!(error.is_err(), "for those who run it");
    bob.newsletter()
        .leave(&created.jid)
        .await
        .expect("a follower");
    let seen = alice
        .newsletter()
        .get_metadata(&created.jid)
        .await
        .expect("it is there");
    assert_eq!(seen.subscriber_count, 1);
    assert!(
        alice.newsletter().leave(&created.jid).await.is_err(),
        "not its owner"
    );
    let missing: Jid = "120363000000000001@newsletter".parse().expect("an address");
    assert!(bob.newsletter().get_metadata(&missing).await.is_err());
    simulator.assert_clean();
}

#[tokio::test]
async fn only_its_staff_change_it_and_followers_are_told() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let jid = channel(&alice).await;
    bob.newsletter().join(&jid).await.expect("it is open");
    assert!(
        bob.newsletter()
            .update(&jid, Some("Mine"), None)
            .await
            .is_err()
    );
    let changed = alice
        .newsletter()
        .update(&jid, Some("Better news"), None)
        .await
        .expect("the owner");
    assert_eq!(changed.name, "Better news");
    assert_eq!(changed.description.as_deref(), Some("What happens"));
    let payload = bob
        .wait("the change", |event| match event {
            Event::MexNotification(note) => (note.op_name == "NotificationNewsletterUpdate"
                && note.from == Some(jid.clone()))
            .then(|| note.payload.clone()),
            _ => None,
        })
        .await;
    assert_eq!(payload["updates"][0]["settings"]["name"], "Better news");
    simulator.assert_clean();
}

#[tokio::test]
async fn posts_are_numbered_delivered_edited_and_taken_back() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let second = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let jid = channel(&alice).await;
    bob.newsletter().join(&jid).await.expect("it is open");
    let sent = alice
        .send_message(jid.clone(), text("first post"))
        .await
        .expect("the stanza goes out");
    alice
        .wait("the acknowledgement", |event| match event {
            Event::ServerAck(ack) => {
                (ack.id == sent.message_id && ack.error.is_none()).then_some(())
            }
            _ => None,
        })
        .await;
    let received = bob.text("first post").await;
    assert_eq!(received.chat, jid.to_string());
    second.text("first post").await;
    for number in 2..=4 {
        alice
            .send_message(jid.clone(), text(&format!("post {number}")))
            .await
            .expect("the stanza goes out");
    }
    bob.text("post 4").await;
    let newest = bob
        .newsletter()
        .get_messages(&jid, 2, None)
        .await
        .expect("posts");
    let texts = |messages: &[whatsapp_rust::NewsletterMessage]| {
        messages
            .iter()
            .map(|message| message.message.as_ref()?.conversation.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts(&newest),
        [Some("post 3".to_owned()), Some("post 4".to_owned())]
    );
    assert!(newest[0].server_id < newest[1].server_id && !newest[0].is_sender);
    let older = bob
        .newsletter()
        .get_messages(&jid, 10, Some(newest[0].server_id))
        .await
        .expect("posts");
    assert_eq!(
        texts(&older),
        [Some("first post".to_owned()), Some("post 2".to_owned())]
    );
    let own = alice
        .newsletter()
        .get_messages(&jid, 1, None)
        .await
        .expect("posts");
    assert!(own[0].is_sender);

    alice
        .newsletter()
        .edit_message(&jid, sent.message_id.clone(), text("first post, mended"))
        .await
        .expect("the stanza goes out");
    bob.text("first post, mended").await;
    alice
        .newsletter()
        .revoke_message(&jid, sent.message_id.clone())
        .await
        .expect("the stanza goes out");
    let first = older[0].server_id;
    // The revocation has been taken when its successor is acknowledged.
    alice
        .send_message(jid.clone(), text("post 5"))
        .await
        .expect("the stanza goes out");
    bob.text("post 5").await;
    let rest = bob
        .newsletter()
        .get_messages(&jid, 1, Some(first + 1))
        .await
        .expect("posts");
    assert_eq!(rest[0].server_id, first);
    assert!(
        rest[0]
            .message
            .as_ref()
            .is_none_or(|message| message.conversation.is_none()),
        "its content is gone"
    );

    let refused = bob
        .send_message(jid.clone(), text("my news"))
        .await
        .expect("the stanza goes out");
    bob.wait("a refusal", |event| match event {
        Event::ServerAck(ack) if ack.id == refused.message_id => {
            assert_eq!(ack.error.as_deref(), Some("403"));
            Some(())
        }
        _ => None,
    })
    .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn reactions_are_counted_and_seen_live() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let carol = Client::linked(&simulator, CAROL).await;
    let jid = channel(&alice).await;
    for follower in [&bob, &carol] {
        follower.newsletter().join(&jid).await.expect("it is open");
    }
    alice
        .send_message(jid.clone(), text("do you like it?"))
        .await
        .expect("the stanza goes out");
    bob.text("do you like it?").await;
    let post = bob
        .newsletter()
        .get_messages(&jid, 1, None)
        .await
        .expect("posts")
        .remove(0);
    for watcher in [&alice, &bob] {
        let seconds = watcher
            .newsletter()
            .subscribe_live_updates(&jid)
            .await
            .expect("anybody may watch");
        assert_eq!(seconds, 300);
    }
    bob.newsletter()
        .send_reaction(&jid, post.server_id, "👍")
        .await
        .expect("the stanza goes out");
    carol
        .newsletter()
        .send_reaction(&jid, post.server_id, "👍")
        .await
        .expect("the stanza goes out");
    let count = |expected: u64| {
        let server_id = post.server_id;
        move |event: &Event| match event {
            Event::NewsletterLiveUpdate(update) => {
                let message = &update.messages[0];
                assert_eq!(message.server_id, server_id);
                let count = message.reactions.first().map_or(0, |one| one.count);
                (count == expected).then_some(())
            }
            _ => None,
        }
    };
    alice.wait("two reactions", count(2)).await;
    bob.wait("his own reaction", count(1)).await;
    let counted = carol
        .newsletter()
        .get_messages(&jid, 1, None)
        .await
        .expect("posts");
    assert_eq!(counted[0].reactions[0].code, "👍");
    assert_eq!(counted[0].reactions[0].count, 2);
    for one in [&bob, &carol] {
        one.newsletter()
            .send_reaction(&jid, post.server_id, "")
            .await
            .expect("the stanza goes out");
    }
    alice.wait("no reactions", count(0)).await;
    simulator.assert_clean();
}

#[tokio::test]
async fn admins_are_invited_and_the_owner_changes() {
    use whatsapp_rust::wacore::iq::mex_operations as doc;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let jid = channel(&alice).await;
    bob.newsletter().join(&jid).await.expect("it is open");
    let both = serde_json::json!({
        "newsletter_id": jid.to_string(),
        "user_id": bob.lid().to_string(),
    });
    let one = serde_json::json!({ "newsletter_id": jid.to_string() });
    let invited = query(
        &alice,
        doc::create_newsletter_admin_invite::DOC_ID,
        both.clone(),
    )
    .await;
    assert!(
        invited["data"]["xwa2_newsletter_admin_invite_create"]["invite_expiration_time"].is_u64()
    );
    let pending = query(
        &alice,
        doc::fetch_newsletter_pending_invites::DOC_ID,
        one.clone(),
    )
    .await;
    assert_eq!(
        pending["data"]["xwa2_newsletter_admin"]["pending_admin_invites"][0]["user"]["pn"],
        bob.jid().to_string()
    );
    query(
        &bob,
        doc::accept_newsletter_admin_invite::DOC_ID,
        one.clone(),
    )
    .await;
    let info = query(&bob, doc::fetch_newsletter_admin_info::DOC_ID, one.clone()).await;
    assert_eq!(info["data"]["xwa2_newsletter_admin"]["admin_count"], 2);
    bob.send_message(jid.clone(), text("from an admin"))
        .await
        .expect("the stanza goes out");
    alice.text("from an admin").await;
    let refused = query(&bob, doc::delete_newsletter::DOC_ID, one.clone()).await;
    assert_eq!(refused["errors"][0]["extensions"]["error_code"], 403);
    query(&alice, doc::change_newsletter_owner::DOC_ID, both).await;
    let seen = bob
        .newsletter()
        .get_metadata(&jid)
        .await
        .expect("it is there");
    assert_eq!(seen.role, Some(NewsletterRole::Owner));
    let followers = query(
        &bob,
        doc::fetch_newsletter_followers::DOC_ID,
        serde_json::json!({ "input": { "newsletter_id": jid.to_string(), "count": 10 } }),
    )
    .await;
    assert_eq!(
        followers["data"]["xwa2_newsletter_followers"]["followers"]["edges"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    query(&bob, doc::delete_newsletter::DOC_ID, one.clone()).await;
    let gone = query(&alice, doc::delete_newsletter::DOC_ID, one).await;
    assert_eq!(gone["errors"][0]["extensions"]["error_code"], 410);
    assert!(
        alice
            .newsletter()
            .list_subscribed()
            .await
            .expect("an answer")
            .is_empty()
    );
    let error = alice.newsletter().get_messages(&jid, 1, None).await;
    assert!(matches!(error, Err(NewsletterError::Iq(error)) if code(&error) == 410));
    simulator.assert_clean();
}

/// The document ids and shapes of Baileys, which are not those of the web client.
#[tokio::test]
async fn baileys_documents_are_answered() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let created = query(
        &alice,
        "8823471724422422",
        serde_json::json!({ "input": { "name": "News", "description": null } }),
    )
    .await;
    let created = &created["data"]["xwa2_newsletter_create"];
    assert_eq!(created["thread_metadata"]["name"]["text"], "News");
    assert!(created["thread_metadata"]["picture"]["direct_path"].is_string());
    let id = serde_json::json!({ "newsletter_id": created["id"] });
    let followed = query(&bob, "7871414976211147", id.clone()).await;
    assert_eq!(
        followed["data"]["xwa2_newsletter_follow"]["id"],
        created["id"]
    );
    let muted = query(&bob, "29766401636284406", id.clone()).await;
    assert_eq!(
        muted["data"]["xwa2_newsletter_mute_v2"]["viewer_metadata"]["mute"],
        "ON"
    );
    let found = query(
        &bob,
        "6563316087068696",
        serde_json::json!({ "input": { "key": created["id"], "type": "JID" } }),
    )
    .await;
    assert_eq!(found["data"]["xwa2_newsletter"]["id"], created["id"]);
    let jid: Jid = created["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .expect("an address");
    alice
        .send_message(jid.clone(), text("hello"))
        .await
        .expect("the stanza goes out");
    bob.text("hello").await;
    let query_updates = whatsapp_rust::wacore::request::InfoQuery::get(
        "newsletter",
        jid,
        Some(wacore_binary::NodeContent::Nodes(vec![
            node("message_updates").attr("count", "5").build(),
        ])),
    );
    let answer = bob
        .send_iq(query_updates)
        .await
        .expect("an answer")
        .to_owned_node();
    let message = answer
        .get_optional_child_by_tag(&["message_updates", "messages", "message"])
        .expect("a post");
    assert!(!attribute(message, "server_id").is_empty());
    let limits = query(&bob, "24503548349331633", serde_json::json!({})).await;
    assert_eq!(
        limits["data"]["xwa2_message_capping_info"]["capping_status"],
        "NONE"
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn a_request_that_nobody_knows_is_reported() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let request = node("query")
        .attr("query_id", "1")
        .bytes(b"{\"variables\":{}}".to_vec())
        .build();
    let error = get(&alice, "w:mex", request)
        .await
        .expect_err("no such document");
    assert_eq!(code(&error), 501);
    let error = set(&alice, "w:weather", node("rain").build())
        .await
        .expect_err("no such name space");
    assert_eq!(code(&error), 501);
    assert_eq!(simulator.take_violations().len(), 2);
}
