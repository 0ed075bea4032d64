//! What a WhatsApp channel sees becomes rows and events.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use pombo_core::{Entry, NewInstance, SettingsChange};
use pombo_domain::channel::{
    Acknowledgement, CallChange, CallNews, ChannelError, ChannelEvent, ChatChange, ChatNews,
    ContactNews, Edit, GroupChange, GroupNews, HistoryChat, HistoryChunk, HistoryKind,
    IncomingMessage, LabelNews, PollVote, PresenceNews, PresenceState, Receipt, ReceiptKind,
    Revocation, SentMessage, Undecryptable, WhoKnows,
};
use pombo_domain::group::{Group, GroupPatch, Participant};
use pombo_domain::instance::ChannelKind;
use pombo_domain::label::Label;
use pombo_domain::message::{MessageKey, MessageStatus, Outgoing, SendAction};
use pombo_domain::port::{
    Calls, Channel, ChannelFactory, ChannelInbox, ChannelOpening, PlacedCall,
};
use pombo_store::{Backend, chat, contact, label, message};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::kit::{Bench, new, until};

const ANN: &str = "5511900000001@s.whatsapp.net";
const GROUP: &str = "120363000000000001@g.us";

/// A channel that remembers where its events go, and which calls it refused.
#[derive(Clone, Default)]
struct Fake {
    inbox: Arc<Mutex<Option<Arc<dyn ChannelInbox>>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl ChannelFactory for Fake {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp
    }

    async fn open(&self, opening: ChannelOpening) -> Result<Arc<dyn Channel>, ChannelError> {
        *self.inbox.lock().unwrap() = Some(opening.inbox);
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Channel for Fake {
    fn supports(&self, _: SendAction) -> bool {
        false
    }

    async fn send(&self, _: &str, _: &str, _: &Outgoing) -> Result<SentMessage, ChannelError> {
        Err(ChannelError::NotConnected)
    }

    fn calls(&self) -> Option<&dyn Calls> {
        Some(self)
    }
}

#[async_trait]
impl Calls for Fake {
    async fn reject(&self, call: &CallNews) -> Result<(), ChannelError> {
        self.refused.lock().unwrap().push(call.id.clone());
        Ok(())
    }

    async fn offer(&self, _: &str, _: bool) -> Result<PlacedCall, ChannelError> {
        Err(ChannelError::NotConnected)
    }

    async fn end(&self, _: &PlacedCall) -> Result<(), ChannelError> {
        Err(ChannelError::NotConnected)
    }
}

struct Scene {
    bench: Bench,
    entry: Arc<Entry>,
    fake: Fake,
    from: i64,
}

impl Scene {
    async fn start() -> Self {
        let fake = Fake::default();
        let bench =
            Bench::with_channel(Backend::SqliteMemory, |_| {}, Arc::new(fake.clone())).await;
        let instance = NewInstance {
            channel: ChannelKind::Whatsapp,
            ..new("wa")
        };
        let entry = bench.gateway.create(instance).await.unwrap();
        let from = bench.gateway.history().head();
        Self {
            bench,
            entry,
            fake,
            from,
        }
    }

    /// Brings events the way a channel does, and gives what was told: names and data.
    async fn see(
        &mut self,
        events: impl IntoIterator<Item = ChannelEvent>,
    ) -> Vec<(String, Value)> {
        let inbox = self.fake.inbox.lock().unwrap().clone().unwrap();
        inbox.accept(events.into_iter().collect()).await.unwrap();
        self.told().await
    }

    async fn told(&mut self) -> Vec<(String, Value)> {
        let id = &self.entry.state().instance.id;
        let history = self.bench.gateway.history();
        let page = history.after(Some(id), self.from, 1000).await.unwrap();
        self.from = history.head();
        page.events
            .iter()
            .map(|(event, _)| {
                let data = serde_json::from_str(event.event.data.get()).unwrap();
                (event.event.kind.as_str().to_owned(), data)
            })
            .collect()
    }

    async fn stored(&self, id: &str) -> pombo_domain::message::Message {
        let instance = &self.entry.state().instance.id;
        let found = message::by_key_id(self.bench.gateway.store(), instance, id).await;
        found.unwrap().expect("it is stored")
    }
}

fn names(told: &[(String, Value)]) -> Vec<&str> {
    told.iter().map(|(name, _)| name.as_str()).collect()
}

fn text(id: &str, chat: &str, from_me: bool) -> IncomingMessage {
    let mut key = MessageKey::new(id, chat, from_me);
    key.participant = Some(if chat.ends_with("@g.us") { "1@lid" } else { "" }.to_owned());
    IncomingMessage {
        push_name: Some("Ann".to_owned()),
        status: Some(if from_me {
            MessageStatus::ServerAck
        } else {
            MessageStatus::DeliveryAck
        }),
        timestamp: Some(1_795_000_000),
        ..IncomingMessage::new(key, json!({"conversation": id}))
    }
}

fn receipt(
    id: &str,
    chat: &str,
    participant: Option<&str>,
    from_me: bool,
    kind: ReceiptKind,
) -> ChannelEvent {
    ChannelEvent::Receipt(Receipt {
        chat: chat.to_owned(),
        chat_alt: None,
        participant: participant.map(str::to_owned),
        participant_alt: None,
        ids: vec![id.to_owned()],
        from_me,
        kind,
        timestamp: 1_795_000_001,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_told_as_the_original_tells_it() {
    let mut scene = Scene::start().await;
    let told = scene
        .see([ChannelEvent::Message(text("A", ANN, false))])
        .await;
    assert_eq!(
        names(&told),
        ["chats.upsert", "messages.upsert", "contacts.upsert"]
    );
    assert_eq!(told[0].1[0]["remoteJid"], ANN);
    assert_eq!(told[0].1[0]["unreadMessages"], 1);
    assert_eq!(told[1].1["status"], "DELIVERY_ACK");
    assert_eq!(told[1].1["key"]["participant"], "");
    assert_eq!(told[2].1["pushName"], "Ann");
    let told = scene
        .see([
            ChannelEvent::Message(text("B", ANN, false)),
            ChannelEvent::Message(text("A", ANN, false)),
            ChannelEvent::Message(text("C", ANN, true)),
            ChannelEvent::Message(text("G", GROUP, false)),
        ])
        .await;
    assert_eq!(
        names(&told),
        [
            "chats.update",
            "messages.upsert",
            "contacts.update", // B; A is known
            "chats.update",
            "messages.upsert", // our own
            "chats.upsert",
            "messages.upsert",
            "contacts.upsert",
        ]
    );
    assert_eq!(
        told[7].1["remoteJid"], "1@lid",
        "the sender is the contact, not the group"
    );
    let instance = &scene.entry.state().instance.id;
    let found = chat::by_remote_jid(scene.bench.gateway.store(), instance, ANN)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.unread_messages, found.name.as_deref()),
        (2, Some("Ann"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statuses_move_forward_once_each() {
    let mut scene = Scene::start().await;
    scene
        .see([
            ChannelEvent::Message(text("A", ANN, true)),
            ChannelEvent::Message(text("G", GROUP, true)),
        ])
        .await;
    for (kind, status, events) in [
        (ReceiptKind::Delivered, "DELIVERY_ACK", 1),
        (ReceiptKind::Delivered, "DELIVERY_ACK", 0),
        (ReceiptKind::Played, "PLAYED", 1),
        (ReceiptKind::Read, "PLAYED", 0),
    ] {
        let told = scene.see([receipt("A", ANN, None, true, kind)]).await;
        assert_eq!(told.len(), events, "{kind:?}");
        if let Some((name, data)) = told.first() {
            assert_eq!(
                (name.as_str(), data["status"].as_str()),
                ("messages.update", Some(status))
            );
            assert_eq!(data["messageId"], scene.stored("A").await.id.as_str());
            assert!(data.get("participant").is_none());
        }
        assert_eq!(scene.stored("A").await.status.unwrap().as_str(), status);
    }
    let told = scene
        .see([
            receipt("G", GROUP, Some("1@lid"), true, ReceiptKind::Read),
            receipt("G", GROUP, Some("2@lid"), true, ReceiptKind::Delivered),
            receipt("G", GROUP, Some("2@lid"), true, ReceiptKind::Delivered),
        ])
        .await;
    let who: Vec<_> = told
        .iter()
        .map(|(_, data)| {
            (
                data["participant"].as_str().unwrap(),
                data["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        who,
        [("1@lid", "READ"), ("2@lid", "DELIVERY_ACK")],
        "each member once"
    );
    assert_eq!(scene.stored("G").await.status, Some(MessageStatus::Read));
    let refused = ChannelEvent::Acknowledgement(Acknowledgement {
        chat: None,
        id: "A".into(),
        error: Some("479".into()),
        timestamp: None,
    });
    assert_eq!(scene.see([refused]).await[0].1["status"], "ERROR");
    let unknown = receipt("NOBODY", ANN, None, true, ReceiptKind::Read);
    assert!(scene.see([unknown]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_on_another_device_reads_what_is_older() {
    let mut scene = Scene::start().await;
    for (id, time) in [("A", 1), ("B", 2), ("C", 3)] {
        let mut message = text(id, ANN, false);
        message.timestamp = Some(time);
        scene.see([ChannelEvent::Message(message)]).await;
    }
    let told = scene
        .see([receipt("B", ANN, None, false, ReceiptKind::ReadSelf)])
        .await;
    assert_eq!(names(&told), ["messages.update", "chats.upsert"]);
    assert_eq!(told[1].1[0]["unreadMessages"], 1);
    assert_eq!(scene.stored("A").await.status, Some(MessageStatus::Read));
    assert_eq!(
        scene.stored("C").await.status,
        Some(MessageStatus::DeliveryAck)
    );
    let all = ChannelEvent::Chat(ChatNews {
        jid: ANN.into(),
        alt: None,
        change: ChatChange::Read(None),
    });
    assert_eq!(scene.see([all]).await[0].1[0]["unreadMessages"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_author_edits_and_a_deletion_is_told_once() {
    let mut scene = Scene::start().await;
    scene
        .see([ChannelEvent::Message(text("G", GROUP, false))])
        .await;
    let edit = |participant: &str| {
        let mut target = MessageKey::new("G", GROUP, false);
        target.participant = Some(participant.to_owned());
        ChannelEvent::Edited(Edit {
            protocol: json!({"key": target, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": "new"}, "timestampMs": "5"}),
            target,
            content: json!({"conversation": "new"}),
            timestamp: 5,
        })
    };
    assert!(
        scene.see([edit("2@lid")]).await.is_empty(),
        "somebody else's"
    );
    assert_eq!(scene.stored("G").await.message["conversation"], "G");
    let told = scene.see([edit("1@lid")]).await;
    assert_eq!(
        (names(&told), told[0].1["type"].as_str()),
        (vec!["messages.edited"], Some("MESSAGE_EDIT"))
    );
    let stored = scene.stored("G").await;
    assert_eq!(
        (stored.message["conversation"].as_str(), stored.status),
        (Some("new"), Some(MessageStatus::Edited))
    );
    let revoke = || {
        ChannelEvent::Revoked(Revocation {
            target: MessageKey::new("G", GROUP, false),
            by: Some("9@lid".into()),
            timestamp: 6,
        })
    };
    let told = scene.see([revoke(), revoke(), edit("1@lid")]).await;
    assert_eq!(names(&told), ["messages.delete"]);
    assert_eq!(told[0].1["id"], "G");
    assert_eq!(scene.stored("G").await.status, Some(MessageStatus::Deleted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_decrypted_is_announced_once_and_resolved_once() {
    let mut scene = Scene::start().await;
    let lost = || {
        ChannelEvent::Undecryptable(Undecryptable {
            key: text("U", ANN, false).key,
            push_name: None,
            timestamp: 5,
            unavailable: false,
        })
    };
    let told = scene.see([lost(), lost()]).await;
    assert_eq!(names(&told), ["messages.update"]);
    assert_eq!(
        (told[0].1["status"].as_str(), told[0].1["reason"].as_str()),
        (Some("ERROR"), Some("undecryptable"))
    );
    let told = scene
        .see([
            ChannelEvent::Message(text("U", ANN, false)),
            ChannelEvent::Message(text("U", ANN, false)),
            lost(),
        ])
        .await;
    assert_eq!(
        names(&told),
        ["chats.upsert", "messages.upsert", "contacts.upsert"]
    );
    let stored = scene.stored("U").await;
    assert_eq!(
        (stored.message_type.as_str(), stored.status),
        ("conversation", Some(MessageStatus::DeliveryAck))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_give_running_results() {
    let mut scene = Scene::start().await;
    let mut poll = text("P", GROUP, true);
    poll.message = json!({"pollCreationMessageV3": {"name": "?", "options": [{"optionName": "Yes"}, {"optionName": "No"}]}});
    scene.see([ChannelEvent::Message(poll)]).await;
    let vote = |voter: &str, option: &str, at: i64| {
        ChannelEvent::PollVote(PollVote {
            poll: MessageKey::new("P", GROUP, true),
            key: MessageKey::new("V", GROUP, false),
            voter: Some(voter.to_owned()),
            options: vec![Sha256::digest(option).to_vec()],
            timestamp_ms: at,
        })
    };
    let told = scene
        .see([
            vote("1@lid", "Yes", 1),
            vote("2@lid", "Yes", 2),
            vote("1@lid", "No", 3),
            vote("1@lid", "No", 3),
        ])
        .await;
    assert_eq!(told.len(), 3, "the same vote is counted once");
    assert_eq!(
        told[2].1["pollUpdates"],
        json!([{"name": "Yes", "voters": ["2@lid"]}, {"name": "No", "voters": ["1@lid"]}])
    );
    assert_eq!(told[2].1["status"], "SERVER_ACK", "the status stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_is_told_once() {
    let mut scene = Scene::start().await;
    let chunk = || {
        ChannelEvent::History(HistoryChunk {
            kind: HistoryKind::Initial,
            progress: Some(100),
            chats: vec![HistoryChat {
                jid: ANN.into(),
                name: Some("Ann".into()),
                unread: Some(3),
                ..HistoryChat::default()
            }],
            contacts: vec![ContactNews {
                jid: ANN.into(),
                alt: None,
                name: Some("Ann".into()),
                picture_url: None,
                removed: false,
                source: WhoKnows::Themselves,
            }],
            messages: (0..450)
                .map(|n| IncomingMessage {
                    status: None,
                    ..text(&format!("H{n}"), ANN, n % 2 == 0)
                })
                .collect(),
        })
    };
    let told = scene.see([chunk()]).await;
    assert_eq!(
        names(&told),
        [
            "chats.set",
            "messages.set",
            "messages.set",
            "messages.set",
            "contacts.upsert"
        ]
    );
    let counts: Vec<_> = told[1..4]
        .iter()
        .map(|(_, data)| data.as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [200, 200, 50]);
    assert_eq!(told[1].1[0]["status"], "DELIVERY_ACK");
    assert_eq!(names(&scene.see([chunk()]).await), ["contacts.update"]);
    let instance = &scene.entry.state().instance.id;
    let found = chat::by_remote_jid(scene.bench.gateway.store(), instance, ANN)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.unread_messages, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_chats_labels_and_groups_are_told() {
    let mut scene = Scene::start().await;
    let news = |name: Option<&str>, picture: Option<Option<String>>, removed| {
        ChannelEvent::Contacts(vec![ContactNews {
            jid: ANN.into(),
            alt: None,
            name: name.map(str::to_owned),
            picture_url: picture,
            removed,
            source: WhoKnows::AddressBook,
        }])
    };
    let told = scene
        .see([
            news(Some("Ann"), Some(Some("http://p".into())), false),
            news(None, Some(None), true),
        ])
        .await;
    assert_eq!(names(&told), ["contacts.upsert", "contacts.update"]);
    assert_eq!(
        told[1].1[0],
        json!({"remoteJid": ANN, "pushName": "5511900000001", "profilePicUrl": null, "instanceId": scene.entry.state().instance.id})
    );
    let instance = scene.entry.state().instance.id.clone();
    let stored = contact::of_addresses(scene.bench.gateway.store(), &instance, &[ANN.to_owned()])
        .await
        .unwrap();
    assert_eq!(stored[ANN].profile_pic_url, None);

    let change = |change| {
        ChannelEvent::Chat(ChatNews {
            jid: ANN.into(),
            alt: None,
            change,
        })
    };
    let told = scene
        .see([
            change(ChatChange::Archived(true)),
            change(ChatChange::Deleted),
        ])
        .await;
    assert_eq!(told[0].1[0]["archived"], true);
    assert_eq!(told[1], ("chats.delete".to_owned(), json!([ANN])));

    let edited = Label {
        color: "3".into(),
        name: "New".into(),
        id: "5".into(),
        predefined_id: None,
    };
    let told = scene
        .see([
            ChannelEvent::Label(LabelNews::Edited(edited.clone(), false)),
            ChannelEvent::Label(LabelNews::Chat {
                label: "5".into(),
                jid: ANN.into(),
                labeled: true,
            }),
        ])
        .await;
    assert_eq!(
        told[0].1,
        json!({"id": "5", "name": "New", "color": 3, "deleted": false, "instance": "wa"})
    );
    assert_eq!(
        told[1].1,
        json!({"instance": "wa", "type": "add", "chatId": ANN, "labelId": "5"})
    );
    assert_eq!(
        label::all(scene.bench.gateway.store(), &instance)
            .await
            .unwrap(),
        [edited]
    );
    let found = chat::by_remote_jid(scene.bench.gateway.store(), &instance, ANN)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.labels, Some(json!(["5"])));

    let member = Participant {
        id: "7@lid".into(),
        phone_number: Some(ANN.into()),
        lid: None,
        admin: None,
    };
    let group = Group {
        id: GROUP.into(),
        subject: "Team".into(),
        participants: vec![member.clone()],
        ..Group::default()
    };
    let changed = |change| {
        ChannelEvent::GroupChanged(GroupNews {
            group: GROUP.into(),
            author: Some("1@lid".into()),
            author_pn: None,
            change,
            timestamp: 1,
        })
    };
    let patch = GroupPatch {
        subject: Some("Crew".into()),
        ..GroupPatch::default()
    };
    let told = scene
        .see([
            ChannelEvent::Groups(vec![group]),
            changed(GroupChange::Metadata(Box::new(patch))),
            changed(GroupChange::Participants {
                action: "add",
                participants: vec![member],
            }),
        ])
        .await;
    assert_eq!(
        names(&told),
        [
            "groups.upsert",
            "groups.update",
            "group-participants.update"
        ]
    );
    assert_eq!(
        told[1].1,
        json!([{"subject": "Crew", "id": GROUP, "author": "1@lid"}])
    );
    assert_eq!(told[2].1["participants"], json!(["7@lid"]));
    assert_eq!(told[2].1["participantsData"][0]["name"], "5511900000001");
    let found = chat::by_remote_jid(scene.bench.gateway.store(), &instance, GROUP)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.name.as_deref(), Some("Crew"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_presence_is_logged_only_for_those_who_asked() {
    let mut scene = Scene::start().await;
    let typing = || {
        ChannelEvent::Presence(PresenceNews {
            chat: ANN.into(),
            participant: ANN.into(),
            state: PresenceState::Composing,
            last_seen: None,
        })
    };
    let told = scene.see([typing()]).await;
    assert_eq!(
        told[0].1,
        json!({"id": ANN, "presences": {ANN: {"lastKnownPresence": "composing"}}}),
        "the webhook wants everything"
    );
    let nothing = pombo_core::SubscriptionChange {
        enabled: true,
        events: Some(vec!["CALL".into()]),
        options: serde_json::Map::new(),
    };
    scene
        .bench
        .gateway
        .set_subscription(
            &scene.entry,
            pombo_domain::subscription::TransportKind::Webhook,
            nothing,
        )
        .await
        .unwrap();
    let before = scene.bench.clients.shown.lock().unwrap().len();
    assert!(scene.see([typing()]).await.is_empty());
    until("connected clients see it", || async {
        scene.bench.clients.shown.lock().unwrap().len() > before
    })
    .await;
    let shown = scene
        .bench
        .clients
        .shown
        .lock()
        .unwrap()
        .last()
        .cloned()
        .unwrap();
    assert_eq!((shown.0, shown.1.as_str()), (0, "presence.update"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_ignore_groups_and_refuse_calls_at_once() {
    let mut scene = Scene::start().await;
    let change = SettingsChange {
        groups_ignore: true,
        reject_call: true,
        ..SettingsChange::default()
    };
    scene
        .bench
        .gateway
        .set_settings(&scene.entry, change)
        .await
        .unwrap();
    let call = |change, offline| {
        ChannelEvent::Call(CallNews {
            chat: ANN.into(),
            from: ANN.into(),
            from_alt: None,
            id: "CALL".into(),
            timestamp: 1_795_000_000,
            offline,
            change,
            video: Some(false),
            group: Some(false),
        })
    };
    let told = scene
        .see([
            ChannelEvent::Message(text("G", GROUP, false)),
            ChannelEvent::Groups(vec![Group {
                id: GROUP.into(),
                ..Group::default()
            }]),
            call(CallChange::Offer, true),
            call(CallChange::Offer, false),
        ])
        .await;
    assert_eq!(names(&told), ["call", "call"]);
    assert_eq!(told[1].1["date"], "2026-11-18T11:06:40.000Z");
    until("the call is refused", || async {
        !scene.fake.refused.lock().unwrap().is_empty()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        *scene.fake.refused.lock().unwrap(),
        ["CALL"],
        "not the one that rang while we were away"
    );
}
