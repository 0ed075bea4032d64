//! Messages between virtual phones and real clients, in both directions and of every kind.

use std::time::Duration;

use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::content::{self, PollVersion, ViewOnce};
use pombo_simulator::phone::media::FileKind;
use pombo_simulator::phone::protobuf as wa;
use pombo_simulator::phone::view::MessageStatus;
use whatsapp_rust::Jid;

use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The next message that a client gets with this id.
pub(crate) async fn message(client: &Client, id: &str) -> wa::Message {
    client
        .wait(&format!("the message {id}"), |event| {
            let found = event.messages().find(|message| message.info.id == id);
            found.map(|message| (*message.message).clone())
        })
        .await
}

pub(crate) fn jid(phone: &VirtualPhone) -> Jid {
    phone.jid().parse().expect("an address")
}

/// Without what is about the message and not its content.
fn bare(mut message: wa::Message) -> wa::Message {
    message.message_context_info = Default::default();
    message
}

#[tokio::test]
async fn a_text_goes_both_ways_and_its_ticks_are_shown() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    bob.set_habits(|habits| habits.delivery_receipts = true);

    alice
        .send_message(jid(&bob), text("hello phone"))
        .await
        .expect("sent");
    let got = bob.next_message(DEADLINE).await.expect("a message");
    assert_eq!(got.text(), "hello phone");
    assert_eq!(got.sender, alice.jid().to_string());
    assert!(!got.from_me);

    let sent = bob.send_text(ALICE, "hello client").await.expect("sent");
    let received = alice.text("hello client").await;
    assert_eq!(received.sender, jid(&bob).to_string());
    bob.wait_for(DEADLINE, |view| {
        let message = view.message(&sent.chat, &sent.id)?;
        (message.status >= MessageStatus::Delivered).then_some(())
    })
    .await
    .expect("the client confirms");
    let chat = bob.chat(ALICE).expect("the chat");
    assert_eq!(chat.texts(), ["hello phone", "hello client"]);
}

#[tokio::test]
async fn the_own_phone_shows_what_a_companion_has_sent_and_the_other_way_round() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let own = simulator.phone(ALICE);
    let bob = simulator.phone(BOB);

    alice
        .send_message(jid(&bob), text("from the companion"))
        .await
        .expect("sent");
    let shown = own
        .wait_for(DEADLINE, |view| {
            view.with_text("from the companion").next().cloned()
        })
        .await
        .expect("the own phone has it");
    assert!(shown.from_me);
    assert_eq!(shown.chat, bob.jid());

    own.send_text(BOB, "from the phone").await.expect("sent");
    let received = alice.text("from the phone").await;
    assert!(received.from_me);
    assert_eq!(received.chat, bob.jid());
    let got = bob
        .wait_for(DEADLINE, |view| {
            view.with_text("from the phone").next().cloned()
        })
        .await
        .expect("bob has it");
    assert_eq!(got.sender, own.jid());
}

#[tokio::test]
async fn phones_without_companions_write_to_each_other() {
    let simulator = simulator().await;
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
    for number in 0..3 {
        let there = format!("there {number}");
        bob.send_text(CAROL, &there).await.expect("sent");
        assert_eq!(
            carol.next_message(DEADLINE).await.expect("got").text(),
            there
        );
        let back = format!("back {number}");
        carol.send_text(BOB, &back).await.expect("sent");
        assert_eq!(bob.next_message(DEADLINE).await.expect("got").text(), back);
    }
    assert!(bob.send_text("5511999999999", "nobody").await.is_err());
}

#[tokio::test]
async fn every_kind_of_message_arrives_as_it_was_sent() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let first = bob.send_text(ALICE, "first").await.expect("sent");
    message(&alice, &first.id).await;
    let quoted = bob
        .look(|view| view.message(&first.chat, &first.id).cloned())
        .expect("shown");
    let key = bob.key(ALICE, &first.id).expect("a key");

    let file = |kind| {
        let bob = bob.clone();
        async move {
            bob.upload(kind, b"the content of a file")
                .await
                .expect("uploaded")
        }
    };
    let picture = content::Picture {
        caption: Some("a caption".to_owned()),
        thumbnail: Some(vec![0xff, 0xd8]),
        width: 4,
        height: 3,
        seconds: 2,
    };
    let place = content::Place {
        latitude: -23.5,
        longitude: -46.6,
        name: Some("Somewhere".to_owned()),
        address: Some("Some street 1".to_owned()),
    };
    let link = content::LinkPreview {
        title: "Title".to_owned(),
        description: "Description".to_owned(),
        thumbnail: Some(vec![0xff, 0xd8]),
        large: Some(file(FileKind::LinkThumbnail).await),
    };
    let section = content::ListSection {
        title: "Section",
        rows: &[("1", "One", "The first"), ("2", "Two", "The second")],
    };
    let rows: &[(&str, &str)] = &[("1", "One"), ("2", "Two")];
    let album = content::album(1, 1);
    let messages = vec![
        content::plain("longer"),
        content::styled("coloured", 0xff00_8000, 2),
        content::link("look: https://example.com/", "https://example.com/", link),
        content::quoting(content::text("an answer"), &quoted),
        content::mentioning(
            content::text("hello @you"),
            &["5511900000003@s.whatsapp.net"],
        ),
        content::forwarded(content::text("heard"), 3),
        content::ephemeral(content::text("gone soon"), 86_400),
        content::image(file(FileKind::Image).await, picture.clone()),
        content::video(file(FileKind::Video).await, picture.clone()),
        content::gif(file(FileKind::Video).await, picture.clone()),
        content::ptv(file(FileKind::Video).await, picture.clone()),
        content::audio(file(FileKind::Audio).await, "audio/mpeg", 7),
        content::voice_note(file(FileKind::Audio).await, 7, vec![3; 64]),
        content::document(file(FileKind::Document).await, "a.pdf", "application/pdf"),
        content::document_with_caption(
            file(FileKind::Document).await,
            "a.pdf",
            "application/pdf",
            "read this",
        ),
        content::sticker(file(FileKind::Sticker).await, false),
        content::lottie_sticker(file(FileKind::Sticker).await),
        content::sticker_pack(
            file(FileKind::StickerPack).await,
            file(FileKind::StickerPackThumbnail).await,
            "Cats",
            "Somebody",
            &[("a.webp", &["cat"])],
        ),
        content::view_once(
            content::image(file(FileKind::Image).await, picture.clone()),
            ViewOnce::V1,
        ),
        content::view_once(
            content::video(file(FileKind::Video).await, picture.clone()),
            ViewOnce::V2,
        ),
        content::view_once(
            content::voice_note(file(FileKind::Audio).await, 7, vec![3; 64]),
            ViewOnce::V2Extension,
        ),
        content::contact("Anna", "5511900000009"),
        content::contacts(&[("Anna", "5511900000009"), ("Bert", "5511900000008")]),
        content::location(place.clone()),
        content::live_location(place.clone(), Some("on my way"), 1),
        content::event("A party", Some("bring cake"), Some(place), 1_800_000_000),
        content::poll(PollVersion::V1, "Which?", &["red", "blue"], 0),
        content::poll(PollVersion::V2, "Which?", &["red", "blue"], 1),
        content::poll(PollVersion::V3, "Which?", &["red", "blue"], 1),
        album,
        content::in_album(
            content::image(file(FileKind::Image).await, picture),
            key.clone(),
        ),
        content::list("List", "choose", "open", &[section]),
        content::list_response("One", "1"),
        content::buttons("choose", "footer", rows),
        content::button_response("1", "One"),
        content::template("choose", "footer", rows),
        content::template_reply("1", "One", 0),
        content::native_flow("choose", "footer", &[("quick_reply", r#"{"id":"1"}"#)]),
        content::interactive_response("One", "quick_reply", r#"{"id":"1"}"#),
        content::group_invite(
            "120363000000000001@g.us",
            "Team",
            "CODE",
            1_800_000_000,
            "come",
        ),
        content::newsletter_invite(
            "120363000000000002@newsletter",
            "News",
            "help",
            1_800_000_000,
        ),
        content::newsletter_follower_invite("120363000000000002@newsletter", "News", "read"),
        content::product(
            "5511900000002@s.whatsapp.net",
            content::Product {
                id: "P1".to_owned(),
                title: "Bread".to_owned(),
                description: "Fresh".to_owned(),
                currency: "BRL".to_owned(),
                price_1000: 5000,
            },
            "good bread",
        ),
        content::order("O1", "token", "5511900000002@s.whatsapp.net", 2, "please"),
        content::request_phone_number(),
        content::placeholder(),
    ];
    for sent in messages {
        let kind = format!("{sent:?}");
        let kind = kind.chars().take(200).collect::<String>();
        let id = bob.send(ALICE, sent.clone()).await.expect(&kind).id;
        let got = message(&alice, &id).await;
        let (got, sent) = (bare(got), bare(sent));
        // Clients take the wrapper for disappearing messages off.
        let sent = match sent.ephemeral_message.as_option() {
            Some(wrapper) if !got.ephemeral_message.is_set() => {
                wrapper.message.as_option().cloned().expect("a message")
            }
            _ => sent,
        };
        assert_eq!(got, sent, "{kind}");
    }
}

#[tokio::test]
async fn files_can_be_downloaded_on_both_sides() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let bytes: Vec<u8> = (0..60_000u32).map(|index| (index % 251) as u8).collect();

    let file = bob.upload(FileKind::Image, &bytes).await.expect("uploaded");
    let picture = content::image(file, content::Picture::default());
    let sent = bob.send(ALICE, picture).await.expect("sent");
    let got = message(&alice, &sent.id).await;
    let image = got.image_message.as_option().expect("an image");
    assert_eq!(alice.download(image).await.expect("downloaded"), bytes);

    let uploaded = alice
        .upload(
            bytes.clone(),
            whatsapp_rust::wacore::download::MediaType::Document,
            Default::default(),
        )
        .await
        .expect("uploaded");
    let document = whatsapp_rust::media::document_message(uploaded, Default::default());
    alice.send_message(jid(&bob), document).await.expect("sent");
    let shown = bob.next_message(DEADLINE).await.expect("a message");
    assert_eq!(shown.kind(), "document_message");
    assert_eq!(
        bob.download(&shown.content).await.expect("downloaded"),
        bytes
    );
}

#[tokio::test]
async fn what_a_client_does_to_messages_is_shown_on_the_phone() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let chat = alice.jid().to_string();

    let sent = alice
        .send_message(jid(&bob), text("frist"))
        .await
        .expect("sent");
    let id = sent.message_id.clone();
    bob.next_message(DEADLINE).await.expect("a message");
    alice
        .edit_message(jid(&bob), id.clone(), text("first"))
        .await
        .expect("edited");
    bob.wait_for(DEADLINE, |view| {
        let message = view.message(&chat, &id)?;
        (message.text() == "first" && message.previous_texts == ["frist"]).then_some(())
    })
    .await
    .expect("the edit is shown");

    let mine = bob.send_text(ALICE, "react to this").await.expect("sent");
    message(&alice, &mine.id).await;
    let key = wa::MessageKey {
        remote_jid: Some(bob.jid()),
        from_me: Some(false),
        id: Some(mine.id.clone()),
        ..Default::default()
    };
    for (emoji, expected) in [("👍", Some("👍")), ("", None)] {
        alice
            .send_reaction(jid(&bob), key.clone(), emoji)
            .await
            .expect("reacted");
        bob.wait_for(DEADLINE, |view| {
            let reaction = view.message(&chat, &mine.id)?.reactions.get(&chat);
            (reaction.map(|reaction| reaction.text.as_str()) == expected).then_some(())
        })
        .await
        .expect("the reaction is shown");
    }

    alice
        .revoke_message(jid(&bob), id.clone(), whatsapp_rust::RevokeType::Sender)
        .await
        .expect("revoked");
    bob.wait_for(DEADLINE, |view| {
        view.message(&chat, &id)?.deleted.then_some(())
    })
    .await
    .expect("the deletion is shown");

    let (poll, _) = alice
        .polls()
        .create(
            jid(&bob),
            "colour?",
            &["red".to_owned(), "blue".to_owned()],
            1,
        )
        .await
        .expect("a poll");
    bob.next_message(DEADLINE).await.expect("the poll");
    bob.vote(ALICE, &poll.message_id, &["blue"])
        .await
        .expect("voted");
    let shown = bob
        .look(|view| view.message(&chat, &poll.message_id).cloned())
        .expect("the poll");
    assert_eq!(
        shown.results(),
        [("red".to_owned(), 0), ("blue".to_owned(), 1)]
    );
}

#[tokio::test]
async fn what_a_phone_does_to_messages_reaches_clients() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);

    let sent = bob.send_text(ALICE, "frist").await.expect("sent");
    message(&alice, &sent.id).await;
    let edit = bob
        .edit(ALICE, &sent.id, content::text("first"))
        .await
        .expect("edited");
    let got = message(&alice, &edit.id).await;
    let inner = got
        .edited_message
        .as_option()
        .and_then(|edit| edit.message.as_option());
    let protocol = inner
        .unwrap_or(&got)
        .protocol_message
        .as_option()
        .expect("an edit");
    assert_eq!(
        protocol.edited_message.conversation.as_deref(),
        Some("first")
    );

    let revoke = bob.revoke(ALICE, &sent.id).await.expect("revoked");
    let got = message(&alice, &revoke.id).await;
    let protocol = got.protocol_message.as_option().expect("a deletion");
    assert_eq!(protocol.key.id.as_deref(), Some(sent.id.as_str()));
    assert!(bob.look(|view| {
        view.message(&sent.chat, &sent.id)
            .is_some_and(|message| message.deleted)
    }));

    let theirs = alice
        .send_message(jid(&bob), text("hello"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("a message");
    let reaction = bob
        .react(ALICE, &theirs.message_id, "❤")
        .await
        .expect("reacted");
    let got = message(&alice, &reaction.id).await;
    assert_eq!(got.reaction_message.text.as_deref(), Some("❤"));

    let secret = content::with_secret(content::text("with a secret"), [7; 32]);
    let sent = bob.send(ALICE, secret).await.expect("sent");
    message(&alice, &sent.id).await;
    let edit = bob
        .edit_encrypted(ALICE, &sent.id, content::text("edited in secret"))
        .await
        .expect("edited");
    let got = message(&alice, &edit.id).await;
    let printed = format!("{got:?}");
    assert!(printed.contains("edited in secret"), "{printed}");
}

#[tokio::test]
async fn reading_and_typing_are_seen_on_both_sides() {
    use whatsapp_rust::wacore::types::events::Event;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    let chat = alice.jid().to_string();

    let sent = alice
        .send_message(jid(&bob), text("read me"))
        .await
        .expect("sent");
    bob.next_message(DEADLINE).await.expect("a message");
    assert!(
        !alice.has_seen(|event| matches!(event, Event::Receipt(receipt) if receipt.message_ids.contains(&sent.message_id))),
        "a phone that is not switched on confirms nothing"
    );
    assert_eq!(bob.chat(ALICE).expect("the chat").unread, 1);
    bob.read(ALICE).await.expect("read");
    assert_eq!(bob.chat(ALICE).expect("the chat").unread, 0);
    alice
        .wait("a read receipt", |event| match event {
            Event::Receipt(receipt) if receipt.message_ids.contains(&sent.message_id) => {
                format!("{:?}", receipt.r#type)
                    .contains("Read")
                    .then_some(())
            }
            _ => None,
        })
        .await;

    let mine = bob.send_text(ALICE, "and you me").await.expect("sent");
    message(&alice, &mine.id).await;
    alice
        .mark_as_read(&jid(&bob), None, &[mine.id.as_str()])
        .await
        .expect("read");
    bob.wait_for(DEADLINE, |view| {
        (view.message(&chat, &mine.id)?.status == MessageStatus::Read).then_some(())
    })
    .await
    .expect("the blue ticks");

    alice
        .chatstate()
        .send_composing(&jid(&bob))
        .await
        .expect("typing");
    bob.wait_for(DEADLINE, |view| {
        (view.chat(&chat)?.typing.get(&chat)? == "composing").then_some(())
    })
    .await
    .expect("typing is shown");
    bob.recording(ALICE).await.expect("recording");
    alice
        .wait("a recording phone", |event| match event {
            Event::ChatPresence(presence) => {
                format!("{presence:?}").contains("Audio").then_some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_phone_that_answers_types_and_echoes() {
    use pombo_simulator::phone::Answer;
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    bob.set_habits(|habits| {
        habits.reads = true;
        habits.answers = Answer::Echo("echo: ".to_owned());
        habits.typing = Duration::from_millis(20);
    });
    alice
        .send_message(jid(&bob), text("hello"))
        .await
        .expect("sent");
    alice.text("echo: hello").await;
    assert_eq!(bob.chat(ALICE).expect("the chat").unread, 0);
}

#[tokio::test]
async fn a_status_reaches_those_who_may_see_it() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
    bob.save_contact(ALICE, "Alice A").await.expect("saved");
    let first = bob
        .send("status@broadcast", content::plain("my day"))
        .await
        .expect("sent");
    let got = message(&alice, &first.id).await;
    assert_eq!(got.extended_text_message.text.as_deref(), Some("my day"));
    // The second time everybody has the key.
    let second = bob
        .send("status@broadcast", content::plain("my evening"))
        .await
        .expect("sent");
    message(&alice, &second.id).await;
    assert!(carol.chat("status@broadcast").is_none());

    alice
        .status()
        .send_raw(
            text("a status of a client"),
            &[jid(&bob)],
            Default::default(),
        )
        .await
        .expect("sent");
    let shown = bob
        .wait_for(DEADLINE, |view| {
            view.with_text("a status of a client").next().cloned()
        })
        .await
        .expect("the status");
    assert_eq!(shown.chat, "status@broadcast");
    assert_eq!(shown.sender, alice.jid().to_string());
}

#[tokio::test]
async fn a_phone_can_write_to_hidden_addresses() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    bob.set_habits(|habits| habits.writes_to_lids = true);
    bob.send_text(ALICE, "from a hidden address")
        .await
        .expect("sent");
    let received = alice.text("from a hidden address").await;
    assert_eq!(received.sender, bob.lid());
    assert_eq!(received.alternative, Some(bob.jid()));
    let lid: Jid = bob.lid().parse().expect("an address");
    alice
        .send_message(lid, text("to a hidden address"))
        .await
        .expect("sent");
    let got = bob.next_message(DEADLINE).await.expect("a message");
    assert_eq!(got.text(), "to a hidden address");
    assert_eq!(got.chat, alice.jid().to_string());
}

#[tokio::test]
async fn what_an_account_shows_of_itself_can_be_changed_from_its_phone() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = simulator.phone(BOB);
    bob.set_picture(Some(&[0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]))
        .await
        .expect("set");
    let picture = alice
        .contacts()
        .get_profile_picture(&jid(&bob), false)
        .await;
    assert!(picture.expect("an answer").is_some());
    bob.set_picture(None).await.expect("removed");
    let picture = alice
        .contacts()
        .get_profile_picture(&jid(&bob), false)
        .await;
    assert!(picture.expect("an answer").is_none());
    bob.set_about("at the beach").await.expect("set");
    bob.block(ALICE, true).await.expect("blocked");
    bob.block(ALICE, false).await.expect("unblocked");
}

#[tokio::test]
async fn strangers_need_a_token_and_devices_with_a_salt_make_one() {
    use pombo_simulator::phone::PhoneError;
    let simulator = simulator().await;
    let bob = simulator.phone(BOB);
    simulator.require_tokens(BOB, true).expect("bob exists");
    let carol = simulator.phone(CAROL);
    assert!(matches!(
        carol.send_text(BOB, "a stranger").await,
        Err(PhoneError::Refused { code: 463, .. })
    ));
    carol.set_nct_salt(&[3; 32]).await.expect("set");
    carol.send_text(BOB, "no stranger").await.expect("sent");
    assert_eq!(
        bob.next_message(DEADLINE).await.expect("got").text(),
        "no stranger"
    );

    // A client has the salt from its phone's history.
    simulator.set_prop(24941, Some("1"));
    simulator
        .phone(ALICE)
        .set_nct_salt(&[5; 32])
        .await
        .expect("set");
    let alice = Client::linked(&simulator, ALICE).await;
    alice
        .contacts()
        .is_on_whatsapp(&[jid(&bob)])
        .await
        .expect("asked");
    alice
        .send_message(jid(&bob), text("from a client"))
        .await
        .expect("sent");
    assert_eq!(
        bob.next_message(DEADLINE).await.expect("got").text(),
        "from a client"
    );
}

#[tokio::test]
async fn a_phone_posts_in_the_newsletter_of_its_account() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let own = simulator.phone(ALICE);
    let newsletter = alice.newsletter().create("News", None).await.expect("made");
    own.send(&newsletter.jid.to_string(), content::plain("a post"))
        .await
        .expect("posted");
    let posts = alice
        .newsletter()
        .get_messages(&newsletter.jid, 10, None)
        .await
        .expect("fetched");
    assert_eq!(posts.len(), 1);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_phones() {
    use pombo_simulator::Simulator;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let simulator = Simulator::builder()
            .seed(11)
            .start()
            .await
            .expect("started");
        let (bob, carol) = (simulator.phone(BOB), simulator.phone(CAROL));
        let poll = bob
            .send(
                CAROL,
                content::poll(PollVersion::V3, "which?", &["a", "b"], 1),
            )
            .await
            .expect("sent");
        let got = carol.next_message(DEADLINE).await.expect("got");
        ids.push((
            bob.lid(),
            poll.id,
            got.content.message_context_info.message_secret.clone(),
        ));
    }
    assert_eq!(ids[0], ids[1]);
}
