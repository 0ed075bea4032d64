//! The hub behind `/ws`, as the HTTP side sees it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use pombo_domain::event::EventKind;
use pombo_domain::instance::InstanceRef;
use pombo_domain::port::{
    Access, FeedRequest, Frame, LiveEvent, LiveFeed, LiveSession, LiveTransport, SessionCommand,
};
use pombo_transports::websocket::{Hub, WebSocketConfig};
use serde_json::{Value, json};

use crate::support::fakes::{Keys, Log};
use crate::support::soon;

struct World {
    hub: Hub,
    keys: Keys,
    log: Arc<Log>,
}

impl World {
    fn start() -> Self {
        Self::with(WebSocketConfig::default())
    }

    fn with(config: WebSocketConfig) -> Self {
        let log = Arc::new(Log::default());
        Self {
            hub: Hub::new(config, log.clone()),
            keys: Keys::default(),
            log,
        }
    }

    fn instance(&self, name: &str) -> InstanceRef {
        self.keys.add(name, &format!("token-of-{name}"))
    }

    fn open(&self, instance: Option<&InstanceRef>, access: Access, offset: Option<i64>) -> Client {
        Client(self.hub.open(FeedRequest {
            instance: instance.cloned(),
            access,
            offset,
            peer: None,
        }))
    }

    async fn emit(&self, instance: &InstanceRef, kind: EventKind, data: &str) -> Bytes {
        let (event, envelope) = self.log.append(instance, kind, data);
        let live = LiveEvent {
            event,
            envelope: envelope.clone(),
            to_instance: true,
            to_all: true,
        };
        self.hub.emit(&live).await;
        envelope
    }
}

struct Client(LiveSession);

impl Client {
    async fn frame(&mut self) -> Option<Frame> {
        soon("a frame", self.0.frames.next()).await
    }

    async fn json(&mut self) -> Value {
        match self.frame().await {
            Some(Frame::Text(text)) => serde_json::from_slice(&text).unwrap(),
            other => panic!("not a text frame: {other:?}"),
        }
    }

    async fn ready(&mut self) -> Value {
        let ready = self.json().await;
        assert_eq!(ready["event"], "ready");
        ready
    }

    fn say(&self, text: &str) {
        (self.0.commands)(SessionCommand::Text(text.to_owned()));
    }

    /// Reads to the end: the close code.
    async fn close(&mut self) -> u16 {
        loop {
            match self.frame().await {
                Some(Frame::Close { code, .. }) => {
                    assert_eq!(self.frame().await, None);
                    return code;
                }
                Some(_) => {}
                None => panic!("ended without a close frame"),
            }
        }
    }
}

fn only(instance: &InstanceRef) -> Access {
    Access::Instances(vec![instance.id.clone()])
}

#[tokio::test]
async fn ready_comes_first_then_envelopes() {
    let world = World::start();
    let acme = world.instance("acme");
    world.emit(&acme, EventKind::Call, "1").await;
    let mut one = world.open(Some(&acme), Access::Global, None);
    let mut all = world.open(None, Access::Global, None);
    assert_eq!(
        one.json().await,
        json!({"event": "ready", "instance": "acme", "offset": 1})
    );
    assert_eq!(
        all.json().await,
        json!({"event": "ready", "instance": null, "offset": 1})
    );
    let envelope = world.emit(&acme, EventKind::Call, "2").await;
    assert_eq!(one.frame().await, Some(Frame::Text(envelope.clone())));
    assert_eq!(all.frame().await, Some(Frame::Text(envelope)));
    assert_eq!(world.hub.clients(), 2);
}

#[tokio::test]
async fn a_token_follows_its_own_instances() {
    let world = World::start();
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    let mut client = world.open(None, only(&acme), None);
    client.ready().await;
    world.emit(&other, EventKind::Call, "1").await;
    world.emit(&acme, EventKind::Call, "2").await;
    assert_eq!(client.json().await["data"], 2);
}

#[tokio::test]
async fn subscribing_narrows_and_widens() {
    let world = World::start();
    let acme = world.instance("acme");
    let mut client = world.open(Some(&acme), Access::Global, None);
    client.ready().await;
    client.say(r#"{"action":"subscribe","events":["MESSAGES_UPSERT","send.message"]}"#);
    assert_eq!(
        client.json().await,
        json!({"event": "subscribed", "events": ["messages.upsert", "send.message"]})
    );
    world.emit(&acme, EventKind::Call, "1").await;
    world.emit(&acme, EventKind::SendMessage, "2").await;
    assert_eq!(client.json().await["data"], 2);
    client.say(r#"{"action":"subscribe","events":["nonsense"]}"#);
    assert_eq!(
        client.json().await,
        json!({"event": "error", "message": "unknown event \"nonsense\""})
    );
    client.say(r#"{"action":"subscribe","events":[]}"#);
    assert_eq!(client.json().await["events"].as_array().unwrap().len(), 31);
    world.emit(&acme, EventKind::Call, "3").await;
    assert_eq!(client.json().await["data"], 3);
}

#[tokio::test]
async fn pings_are_answered_and_nonsense_is_forgiven() {
    let world = World::start();
    let mut client = world.open(None, Access::Global, None);
    client.ready().await;
    client.say("ping");
    assert_eq!(
        client.frame().await,
        Some(Frame::Text(Bytes::from_static(b"pong")))
    );
    client.say(r#"{"action":"ping"}"#);
    assert_eq!(client.json().await, json!({"event": "pong"}));
    client.say("{");
    assert_eq!(client.json().await["event"], "error");
}

#[tokio::test]
async fn a_client_that_comes_back_catches_up() {
    let world = World::start();
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    for number in 0..6 {
        world
            .emit(
                if number % 2 == 0 { &acme } else { &other },
                EventKind::Call,
                "1",
            )
            .await;
    }
    let mut client = world.open(Some(&acme), Access::Global, Some(2));
    client.ready().await;
    assert_eq!(client.json().await["seq"], 3);
    assert_eq!(client.json().await["seq"], 5);
    assert_eq!(
        client.json().await,
        json!({"event": "replay.end", "from": 2, "to": 6, "complete": true})
    );
    world.emit(&acme, EventKind::Call, "1").await;
    let envelope = client.json().await;
    assert_eq!(envelope["seq"], 7);
    assert!(envelope["id"].as_str().unwrap().starts_with("evt_"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_repeated_or_overtaken_under_load() {
    let world = World::with(WebSocketConfig {
        queue_frames: 256,
        ..WebSocketConfig::default()
    });
    let acme = world.instance("acme");
    for _ in 0..3000 {
        world.log.append(&acme, EventKind::Call, "1");
    }
    let emitting = async {
        for _ in 0..1500 {
            world.emit(&acme, EventKind::Call, "1").await;
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
    };
    let following = async |offset: i64| {
        let mut client = world.open(Some(&acme), Access::Global, Some(offset));
        client.ready().await;
        let (mut last, mut ended) = (offset, false);
        while last < 4500 || !ended {
            let frame = client.json().await;
            if frame["event"] == "replay.end" {
                ended = true;
                continue;
            }
            assert_eq!(frame["seq"], last + 1);
            last += 1;
        }
    };
    tokio::join!(emitting, following(0), following(2500), following(2999));
}

#[tokio::test]
async fn who_falls_behind_is_closed_with_1013() {
    let world = World::with(WebSocketConfig {
        queue_frames: 8,
        ..WebSocketConfig::default()
    });
    let acme = world.instance("acme");
    let mut slow = world.open(Some(&acme), Access::Global, None);
    let mut healthy = world.open(Some(&acme), Access::Global, None);
    healthy.ready().await;
    for _ in 0..10 {
        world.emit(&acme, EventKind::Call, "1").await;
        healthy.json().await;
    }
    assert_eq!(slow.close().await, 1013);
    assert_eq!(world.hub.metrics().dropped_slow(), 1);
    drop(slow);
    assert_eq!(world.hub.clients(), 1);
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let world = World::with(WebSocketConfig {
        queue_bytes: 10_000,
        ..WebSocketConfig::default()
    });
    let acme = world.instance("acme");
    let mut slow = world.open(Some(&acme), Access::Global, None);
    for _ in 0..3 {
        world
            .emit(&acme, EventKind::Call, &json!("x".repeat(6000)).to_string())
            .await;
    }
    assert_eq!(slow.close().await, 1013);
}

#[tokio::test]
async fn close_codes() {
    let world = World::start();
    let (acme, other) = (world.instance("acme"), world.instance("other"));
    let mut deleted = world.open(Some(&acme), Access::Global, None);
    let mut rekeyed = world.open(Some(&other), only(&other), None);
    let both = Access::Instances(vec![acme.id.clone(), other.id.clone()]);
    let mut everything = world.open(None, both, None);
    let mut global = world.open(Some(&other), Access::Global, None);
    world.emit(&acme, EventKind::RemoveInstance, "null").await;
    world.hub.instance_removed(&acme).await;
    deleted.ready().await;
    assert_eq!(deleted.json().await["event"], "remove.instance");
    assert_eq!(deleted.close().await, 1008);
    world.hub.keys_changed(&other).await;
    assert_eq!(rekeyed.close().await, 1008);
    assert_eq!(everything.close().await, 1008);
    drop((deleted, rekeyed, everything));
    let (code, ()) = tokio::join!(
        async { (global.close().await, drop(global)).0 },
        world.hub.close()
    );
    assert_eq!(code, 1001);
    assert_eq!(world.hub.clients(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_is_forgotten() {
    let world = World::start();
    let acme = world.instance("acme");
    let told = world.open(Some(&acme), Access::Global, Some(0));
    let dropped = world.open(None, Access::Global, None);
    (told.0.commands)(SessionCommand::Closed);
    assert_eq!(world.hub.clients(), 1);
    drop(dropped);
    assert_eq!(world.hub.clients(), 0);
    drop(told);
    assert_eq!(world.hub.clients(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_session() {
    let world = World::start();
    let mut client = world.open(None, Access::Global, None);
    client.0.frames.next().await;
    let started = tokio::time::Instant::now();
    assert_eq!(client.0.frames.next().await, Some(Frame::Ping));
    assert_eq!(started.elapsed().as_secs(), 25);
    (client.0.commands)(SessionCommand::Alive);
    assert_eq!(client.0.frames.next().await, Some(Frame::Ping));
    assert_eq!(started.elapsed().as_secs(), 50);
    assert!(matches!(
        client.0.frames.next().await,
        Some(Frame::Close { code: 1002, .. })
    ));
    assert_eq!(started.elapsed().as_secs(), 70);
    assert_eq!(client.0.frames.next().await, None);
}

#[tokio::test]
async fn a_broken_log_closes_with_1011() {
    let world = World::start();
    world
        .log
        .broken
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let mut client = world.open(None, Access::Global, Some(0));
    assert_eq!(client.close().await, 1011);
}
