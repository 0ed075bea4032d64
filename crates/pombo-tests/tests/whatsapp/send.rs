//! Every content: what Bob's phone shows of it, and what the answer says.

use pombo_domain::channel::{ChannelEvent, ReceiptKind};
use pombo_domain::media::{MediaFile, PreparedMedia};
use pombo_domain::message::{
    Card, ContactCard, ListRow, ListSection, Media, MediaKind, MediaSource, MessageKey,
    OutgoingContent, Quoted, Resolved, StatusContent, StatusPost,
};
use pombo_simulator::phone::protobuf as wa;
use serde_json::json;

use crate::kit::{CAROL, DEADLINE, Linked, alice_and_bob};

async fn shown(bob: &pombo_simulator::VirtualPhone, id: &str) -> wa::Message {
    let found = bob
        .wait_for(DEADLINE, |view| {
            view.chats
                .values()
                .find_map(|chat| chat.message(id).map(|message| message.content.clone()))
        })
        .await;
    found.unwrap_or_else(|error| panic!("the phone does not show {id}: {error}"))
}

fn with_file(file: PreparedMedia) -> Resolved {
    Resolved {
        files: vec![file],
        ..Resolved::default()
    }
}

fn media(kind: MediaKind, caption: Option<&str>) -> Media {
    Media {
        kind,
        source: MediaSource::Base64(std::sync::Arc::default()),
        mimetype: None,
        caption: caption.map(str::to_owned),
        file_name: Some("file.bin".to_owned()),
    }
}

#[tokio::test]
async fn a_text_with_a_quote_is_shown_and_confirmed() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    bob.set_habits(|habits| habits.delivery_receipts = true);
    let first = alice
        .text("3EB000000000000000001A", &bob.jid(), "first")
        .await;
    assert_eq!(first.key.id, "3EB000000000000000001A");
    assert_eq!(first.message, json!({"conversation": "first"}));
    assert_eq!(first.source.as_str(), "web");
    assert_eq!(
        shown(&bob, "3EB000000000000000001A")
            .await
            .extended_text_message
            .text
            .as_deref(),
        Some("first")
    );

    let quoted = Quoted {
        key: first.key,
        message: first.message,
    };
    let resolved = Resolved {
        quoted: Some(quoted),
        ..Resolved::default()
    };
    let content = OutgoingContent::Text {
        text: "second".to_owned(),
    };
    let second = alice
        .send("3EB000000000000000002B", &bob.jid(), content, resolved)
        .await
        .expect("it is sent");
    assert_eq!(
        second.context_info.expect("a context")["stanzaId"],
        "3EB000000000000000001A"
    );
    let context = shown(&bob, "3EB000000000000000002B")
        .await
        .extended_text_message
        .context_info
        .clone();
    assert_eq!(context.stanza_id.as_deref(), Some("3EB000000000000000001A"));
    assert_eq!(
        context.quoted_message.conversation.as_deref(),
        Some("first")
    );

    let receipt = alice
        .wait("a receipt", |event| match event {
            ChannelEvent::Receipt(receipt)
                if receipt.ids.contains(&"3EB000000000000000002B".to_owned()) =>
            {
                Some(receipt.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(receipt.kind, ReceiptKind::Delivered);
    assert!(receipt.from_me);
    assert!(
        [bob.jid(), bob.lid()].contains(&receipt.chat),
        "{}",
        receipt.chat
    );
    alice
        .wait("the network's acknowledgement", |event| match event {
            ChannelEvent::Acknowledgement(ack) if ack.id == "3EB000000000000000002B" => {
                assert_eq!(ack.error, None);
                Some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn files_small_and_large_arrive_whole() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let large: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    for (id, kind, bytes) in [
        ("3EB0000000000000000A01", MediaKind::Image, vec![7; 3000]),
        ("3EB0000000000000000A02", MediaKind::Video, large.clone()),
        ("3EB0000000000000000A03", MediaKind::Audio, vec![9; 100]),
        ("3EB0000000000000000A04", MediaKind::Document, large.clone()),
    ] {
        let mut file = PreparedMedia::new(MediaFile::in_memory(bytes.clone()), "a/b");
        file.width = Some(3);
        file.height = Some(4);
        let content = OutgoingContent::Media(media(kind, Some("words")));
        let sent = alice
            .send(id, &bob.jid(), content, with_file(file))
            .await
            .expect("it is sent");
        assert_eq!(sent.message_type, kind.message_type());
        let message = shown(&bob, id).await;
        assert_eq!(
            bob.download(&message).await.expect("the phone gets it"),
            bytes,
            "{kind:?}"
        );

        // What was answered can be downloaded as well.
        let file = alice
            .actions()
            .download(&sent.key, &sent.message, DEADLINE)
            .await
            .expect("it is there")
            .file;
        assert_eq!(file.len(), bytes.len() as u64);
    }
}

#[tokio::test]
async fn voice_notes_round_films_and_stickers_are_shown_as_such() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let source = || MediaSource::Base64(std::sync::Arc::default());
    let file = |mimetype: &str| PreparedMedia::new(MediaFile::in_memory(vec![1; 50]), mimetype);

    let mut voice = file("audio/ogg; codecs=opus");
    voice.waveform = Some([5; 64]);
    voice.seconds = Some(2);
    let content = OutgoingContent::Audio {
        source: source(),
        mimetype: None,
        untouched: false,
    };
    alice
        .send(
            "3EB0000000000000000B01",
            &bob.jid(),
            content,
            with_file(voice),
        )
        .await
        .expect("it is sent");
    let audio = shown(&bob, "3EB0000000000000000B01")
        .await
        .audio_message
        .clone();
    assert_eq!((audio.ptt, audio.seconds), (Some(true), Some(2)));

    let content = OutgoingContent::Ptv { source: source() };
    alice
        .send(
            "3EB0000000000000000B02",
            &bob.jid(),
            content,
            with_file(file("video/mp4")),
        )
        .await
        .expect("it is sent");
    assert!(
        shown(&bob, "3EB0000000000000000B02")
            .await
            .ptv_message
            .is_set()
    );

    let content = OutgoingContent::Sticker {
        source: source(),
        finished: true,
    };
    alice
        .send(
            "3EB0000000000000000B03",
            &bob.jid(),
            content,
            with_file(file("image/webp")),
        )
        .await
        .expect("it is sent");
    assert!(
        shown(&bob, "3EB0000000000000000B03")
            .await
            .sticker_message
            .is_set()
    );
}

#[tokio::test]
async fn places_cards_lists_and_buttons_are_shown() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let to = bob.jid();
    let none = Resolved::default;

    let place = OutgoingContent::Location {
        latitude: -23.5,
        longitude: -46.6,
        name: Some("Here".to_owned()),
        address: None,
    };
    alice
        .send("3EB0000000000000000C01", &to, place, none())
        .await
        .expect("it is sent");
    assert_eq!(
        shown(&bob, "3EB0000000000000000C01")
            .await
            .location_message
            .degrees_latitude,
        Some(-23.5)
    );

    let card = ContactCard {
        full_name: "Dave".to_owned(),
        phone_number: "5511900000004".to_owned(),
        wuid: None,
        organization: None,
        email: None,
        url: None,
    };
    alice
        .send(
            "3EB0000000000000000C02",
            &to,
            OutgoingContent::Contacts(vec![card]),
            none(),
        )
        .await
        .expect("it is sent");
    assert_eq!(
        shown(&bob, "3EB0000000000000000C02")
            .await
            .contact_message
            .display_name
            .as_deref(),
        Some("Dave")
    );

    let list = OutgoingContent::List {
        title: "T".to_owned(),
        description: None,
        footer: "F".to_owned(),
        button: "Open".to_owned(),
        sections: vec![ListSection {
            title: "S".to_owned(),
            rows: vec![ListRow {
                title: "R".to_owned(),
                description: None,
                id: "r".to_owned(),
            }],
        }],
    };
    let sent = alice
        .send("3EB0000000000000000C03", &to, list, none())
        .await
        .expect("it is sent");
    assert_eq!(sent.message_type, "listMessage");
    assert_eq!(
        shown(&bob, "3EB0000000000000000C03")
            .await
            .list_message
            .sections
            .len(),
        1
    );

    let reply = json!({"type": "reply", "displayText": "One", "id": "1"});
    let buttons = OutgoingContent::Buttons {
        title: Some("T".to_owned()),
        description: Some("D".to_owned()),
        footer: None,
        thumbnail_url: None,
        buttons: vec![reply.clone()],
    };
    let sent = alice
        .send("3EB0000000000000000C04", &to, buttons, none())
        .await
        .expect("it is sent");
    assert_eq!(sent.message_type, "viewOnceMessage");
    assert!(
        shown(&bob, "3EB0000000000000000C04")
            .await
            .interactive_message
            .is_set()
    );

    let card = || Card {
        title: Some("A".to_owned()),
        body: "b".to_owned(),
        footer: None,
        header: None,
        buttons: vec![reply.clone()],
    };
    let carousel = OutgoingContent::Carousel {
        body: Some("both".to_owned()),
        cards: vec![card(), card()],
    };
    alice
        .send("3EB0000000000000000C05", &to, carousel, none())
        .await
        .expect("it is sent");
    assert!(
        shown(&bob, "3EB0000000000000000C05")
            .await
            .interactive_message
            .is_set()
    );

    let event = OutgoingContent::Raw {
        message: json!({"eventMessage": {"name": "Party", "startTime": "1795401809"}}),
        nodes: Vec::new(),
    };
    alice
        .send("3EB0000000000000000C06", &to, event, none())
        .await
        .expect("it is sent");
    assert_eq!(
        shown(&bob, "3EB0000000000000000C06")
            .await
            .event_message
            .name
            .as_deref(),
        Some("Party")
    );

    let passed = OutgoingContent::Forward {
        message: json!({"conversation": "pass it on"}),
    };
    alice
        .send("3EB0000000000000000C07", &to, passed, none())
        .await
        .expect("it is sent");
    let text = shown(&bob, "3EB0000000000000000C07")
        .await
        .extended_text_message
        .clone();
    assert_eq!(text.context_info.is_forwarded, Some(true));
}

#[tokio::test]
async fn votes_in_a_poll_are_told_decrypted() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let poll = OutgoingContent::Poll {
        name: "Q".to_owned(),
        values: vec!["Yes".to_owned(), "No".to_owned()],
        selectable: 1,
    };
    let id = "3EB0000000000000000D01";
    alice
        .send(id, &bob.jid(), poll, Resolved::default())
        .await
        .expect("it is sent");
    shown(&bob, id).await;
    let chat = simulated_chat(&bob, id).await;
    bob.vote(&chat, id, &["Yes"]).await.expect("he votes");
    let vote = alice
        .wait("a vote", |event| match event {
            ChannelEvent::PollVote(vote) if vote.poll.id == id => Some(vote.clone()),
            _ => None,
        })
        .await;
    assert_eq!(vote.options.len(), 1);
    assert!(vote.poll.from_me);
    let voter = vote.voter.expect("somebody voted");
    assert!([bob.jid(), bob.lid()].contains(&voter), "{voter}");
}

/// In which chat the phone shows a message.
pub(crate) async fn simulated_chat(phone: &pombo_simulator::VirtualPhone, id: &str) -> String {
    phone
        .wait_for(DEADLINE, |view| {
            view.chats
                .iter()
                .find_map(|(jid, chat)| chat.message(id).map(|_| jid.clone()))
        })
        .await
        .expect("it is shown")
}

#[tokio::test]
async fn a_reaction_is_shown_on_its_message() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    let sent = bob
        .send_text(crate::kit::ALICE, "react to me")
        .await
        .expect("he writes");
    let message = alice.message(&sent.id).await;
    let target = MessageKey::new(
        message.key.id.clone(),
        message.key.remote_jid.clone(),
        false,
    );
    let content = OutgoingContent::Reaction {
        target,
        emoji: "👍".to_owned(),
    };
    let answer = alice
        .send(
            "3EB0000000000000000E01",
            &message.key.remote_jid,
            content,
            Resolved::default(),
        )
        .await
        .expect("it is sent");
    assert_eq!(answer.message["reactionMessage"]["text"], "👍");
    bob.wait_for(DEADLINE, |view| {
        let shown = view
            .chats
            .values()
            .find_map(|chat| chat.message(&sent.id))?;
        (!shown.reactions.is_empty()).then_some(())
    })
    .await
    .expect("the phone shows the reaction");
}

#[tokio::test]
async fn a_group_gets_texts_with_mentions() {
    let (simulator, alice, bob) = alice_and_bob().await;
    simulator.add_account(CAROL, "Carol");
    let group = bob
        .create_group("Team", &[crate::kit::ALICE, CAROL])
        .await
        .expect("a group");
    alice
        .wait("the group", |event| match event {
            ChannelEvent::Groups(groups) => {
                groups.iter().any(|made| made.id == group).then_some(())
            }
            _ => None,
        })
        .await;
    let content = OutgoingContent::Text {
        text: "@5511900000002 hi".to_owned(),
    };
    let resolved = Resolved {
        mentioned: vec![bob.lid()],
        ..Resolved::default()
    };
    let sent = alice
        .send("3EB0000000000000000F01", &group, content, resolved)
        .await
        .expect("it is sent");
    assert_eq!(
        sent.context_info.expect("a context")["mentionedJid"],
        json!([bob.lid()])
    );
    assert_eq!(sent.key.remote_jid, group);
    let text = shown(&bob, "3EB0000000000000000F01")
        .await
        .extended_text_message
        .clone();
    assert_eq!(text.context_info.mentioned_jid, [bob.lid()]);
    shown(&simulator.phone(CAROL), "3EB0000000000000000F01").await;
}

#[tokio::test]
async fn status_posts_reach_their_audience_and_can_be_deleted() {
    let (_simulator, alice, bob) = alice_and_bob().await;
    // The two know each other.
    let hello = bob
        .send_text(crate::kit::ALICE, "hello")
        .await
        .expect("he writes");
    alice.message(&hello.id).await;
    let post = |content| {
        OutgoingContent::Status(StatusPost {
            content,
            all_contacts: false,
            recipients: Vec::new(),
        })
    };
    let words = StatusContent::Text {
        text: "my status".to_owned(),
        background: "#00ff00".to_owned(),
        font: 1,
    };
    let audience = || Resolved {
        recipients: vec![bob.jid()],
        ..Resolved::default()
    };
    let sent = alice
        .send(
            "3EB000000000000000AA01",
            "status@broadcast",
            post(words),
            audience(),
        )
        .await
        .expect("it is posted");
    assert_eq!(sent.key.remote_jid, "status@broadcast");
    assert_eq!(sent.message, json!({"conversation": "my status"}));
    shown(&bob, "3EB000000000000000AA01").await;

    let picture = PreparedMedia::new(MediaFile::in_memory(vec![3; 10]), "image/jpeg");
    let resolved = Resolved {
        files: vec![picture],
        ..audience()
    };
    let content = post(StatusContent::File(media(MediaKind::Image, Some("words"))));
    alice
        .send(
            "3EB000000000000000AA02",
            "status@broadcast",
            content,
            resolved,
        )
        .await
        .expect("it is posted");
    assert!(
        shown(&bob, "3EB000000000000000AA02")
            .await
            .image_message
            .is_set()
    );

    alice
        .actions()
        .revoke(&sent.key)
        .await
        .expect("it is deleted");
    bob.wait_for(DEADLINE, |view| {
        let post = view
            .chats
            .values()
            .find_map(|chat| chat.message("3EB000000000000000AA01"))?;
        post.deleted.then_some(())
    })
    .await
    .expect("the phone shows that it is gone");
}

#[tokio::test]
async fn nothing_is_sent_without_a_connection() {
    let (_simulator, alice, bob): (_, Linked, _) = alice_and_bob().await;
    alice.channel.close().await;
    let content = OutgoingContent::Text {
        text: "too late".to_owned(),
    };
    let refused = alice
        .send(
            "3EB000000000000000BB01",
            &bob.jid(),
            content,
            Resolved::default(),
        )
        .await;
    assert!(matches!(
        refused,
        Err(pombo_domain::channel::ChannelError::NotConnected)
    ));
}
