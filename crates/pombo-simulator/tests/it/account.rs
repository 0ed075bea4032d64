//! What an account shows of itself, and what a client asks about itself.

use whatsapp_rust::spam_report::{SpamFlow, SpamReportRequest};
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::query::{attribute, code, get, node, set};
use crate::kit::{ALICE, BOB, Client, simulator, text};

/// The smallest thing that passes for a picture.
fn jpeg(number: u8) -> Vec<u8> {
    vec![0xff, 0xd8, 0xff, 0xe0, number]
}

async fn picture_event(client: &Client, what: &str, removed: bool) -> Option<String> {
    client
        .wait(what, |event| match event {
            Event::PictureUpdate(update) if update.removed == removed => {
                Some(update.picture_id.clone())
            }
            _ => None,
        })
        .await
}

#[tokio::test]
async fn a_picture_is_set_seen_changed_and_removed() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let second = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    // From now on they know each other.
    bob.send_message(alice.jid(), text("hello"))
        .await
        .expect("a message");
    alice.text("hello").await;
    let none = bob
        .contacts()
        .get_profile_picture(&alice.jid(), true)
        .await
        .expect("an answer");
    assert!(none.is_none());

    let set = alice
        .profile()
        .set_profile_picture(jpeg(1))
        .await
        .expect("a picture");
    for device in [&alice, &second, &bob] {
        let id = picture_event(device, "the picture", false).await;
        assert_eq!(id.as_deref(), Some(set.id.as_str()));
    }
    for preview in [true, false] {
        let seen = bob
            .contacts()
            .get_profile_picture(&alice.jid(), preview)
            .await
            .expect("an answer")
            .expect("a picture");
        assert_eq!(seen.id, set.id);
        let image = reqwest::get(seen.url).await.expect("it is there");
        assert_eq!(image.bytes().await.expect("bytes").as_ref(), jpeg(1));
    }
    let again = alice
        .profile()
        .set_profile_picture(jpeg(1))
        .await
        .expect("a picture");
    assert_ne!(again.id, set.id, "each has an id of its own");
    alice
        .profile()
        .remove_profile_picture()
        .await
        .expect("there is one");
    for device in [&alice, &second, &bob] {
        assert_eq!(picture_event(device, "no picture", true).await, None);
    }
    let none = bob
        .contacts()
        .get_profile_picture(&alice.jid(), false)
        .await
        .expect("an answer");
    assert!(none.is_none());
    let error = alice
        .profile()
        .set_profile_picture(b"a text".to_vec())
        .await;
    assert!(error.is_err(), "not a JPEG");
    simulator.assert_clean();
}

#[tokio::test]
async fn an_about_text_may_be_anything_that_fits() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.send_message(alice.jid(), text("hello"))
        .await
        .expect("a message");
    alice.text("hello").await;
    for about in ["Busy", "", &"x".repeat(139), "🎉 two\nlines", "שלום"] {
        alice
            .profile()
            .set_status_text(about)
            .await
            .expect("it fits");
        bob.wait("the text", |event| match event {
            Event::UserAboutUpdate(update) => {
                (update.status == about && update.jid == alice.jid()).then_some(())
            }
            _ => None,
        })
        .await;
    }
    let info = bob
        .contacts()
        .get_user_info(&[alice.jid()])
        .await
        .expect("an answer");
    assert_eq!(info[&alice.jid()].status.as_deref(), Some("שלום"));
    let error = alice.profile().set_status_text(&"x".repeat(140)).await;
    assert!(error.is_err(), "too long");
    simulator.assert_clean();
}

#[tokio::test]
async fn the_default_timer_is_told_and_asked_for() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    bob.send_message(alice.jid(), text("hello"))
        .await
        .expect("a message");
    alice.text("hello").await;
    alice
        .set_default_disappearing_mode(86_400)
        .await
        .expect("a duration");
    bob.wait("the timer", |event| match event {
        Event::DisappearingModeChanged(change) => {
            (change.from == alice.jid() && change.duration == 86_400).then_some(())
        }
        _ => None,
    })
    .await;
    simulator.assert_clean();
}

#[tokio::test]
async fn props_are_those_that_were_set() {
    let simulator = simulator().await;
    simulator.set_prop(10_518, Some("1"));
    let alice = Client::linked(&simulator, ALICE).await;
    let request = || node("props").attr("protocol", "1");
    let answer = get(&alice, "abt", request().build()).await.expect("props");
    let props = answer.get_optional_child("props").expect("props");
    let prop = props
        .get_optional_child("prop")
        .expect("the one that was set");
    assert_eq!(attribute(prop, "config_code"), "10518");
    assert_eq!(attribute(prop, "config_value"), "1");
    let hash = attribute(props, "hash");
    let known = get(&alice, "abt", request().attr("hash", hash.as_str()).build())
        .await
        .expect("props");
    let known = known.get_optional_child("props").expect("props");
    assert!(known.get_optional_child("prop").is_none(), "nothing new");
    assert_eq!(attribute(known, "delta_update"), "true");
    simulator.set_prop(10_518, None);
    let changed = get(&alice, "abt", request().attr("hash", hash.as_str()).build())
        .await
        .expect("props");
    let changed = changed.get_optional_child("props").expect("props");
    assert_eq!(attribute(changed, "delta_update"), "false");
    alice.fetch_props().await.expect("props");
    // Older clients ask under another name.
    get(&alice, "w", node("props").attr("protocol", "2").build())
        .await
        .expect("props");
    simulator.assert_clean();
}

#[tokio::test]
async fn what_clients_ask_besides_is_answered() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let bots = get(&alice, "bot", node("bot").attr("v", "2").build())
        .await
        .expect("bots");
    let bot = bots
        .get_optional_child_by_tag(&["bot", "section", "bot"])
        .expect("an assistant");
    assert!(attribute(bot, "jid").ends_with("@bot"));
    set(
        &alice,
        "w:stats",
        node("add").attr("t", "1").bytes(vec![1, 2]).build(),
    )
    .await
    .expect("measurements are taken");
    let report = alice
        .send_spam_report(SpamReportRequest {
            message_id: "3EB0".to_owned(),
            message_timestamp: 1,
            from_jid: Some(bob.jid()),
            spam_flow: SpamFlow::MessageMenu,
            ..Default::default()
        })
        .await
        .expect("a report");
    let reports = simulator.spam_reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(
        report.report_id.as_deref(),
        Some(reports[0].report_id.as_str())
    );
    assert_eq!(
        (reports[0].by.as_str(), &reports[0].messages),
        (ALICE, &vec!["3EB0".to_owned()])
    );
    let lock = alice
        .mex()
        .fetch_reachout_timelock()
        .await
        .expect("an answer");
    assert_eq!(lock.is_active, Some(false));
    simulator.assert_clean();
    let error = get(&alice, "bot", node("bot").attr("v", "1").build())
        .await
        .expect_err("too old");
    assert_eq!(code(&error), 400);
}
