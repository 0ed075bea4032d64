//! A real `whatsapp-rust` client.

use std::collections::VecDeque;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pombo_simulator::Simulator;
use whatsapp_rust::async_channel::Receiver;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::wacore::runtime::AbortHandle;
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::Backend;
use whatsapp_rust::wacore::types::events::{ChannelEventHandler, Event};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Jid, Runtime, TokioRuntime};
use whatsapp_rust_tokio_transport::TokioWebSocketTransportFactory;

use super::http::LoopbackHttp;

/// What every wait ends after, at the latest.
const DEADLINE: Duration = Duration::from_secs(30);

/// A client, and the events that it has reported.
pub(crate) struct Client {
    client: Arc<whatsapp_rust::Client>,
    events: Receiver<Arc<Event>>,
    /// Events that came before somebody asked for them.
    earlier: Mutex<VecDeque<Arc<Event>>>,
    handle: BotHandle,
}

/// How a client is to be.
pub(crate) struct ClientOptions {
    pub(crate) store: Arc<dyn Backend>,
    /// Without a name a client waits for the one that its phone sets.
    pub(crate) name: Option<&'static str>,
    /// All pauses of the client are shorter by this factor.
    pub(crate) hurry: u32,
    pub(crate) pre_keys: Option<usize>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            store: store(),
            name: Some("Test"),
            hurry: 1,
            pre_keys: None,
        }
    }
}

/// An empty store: a client that is not linked yet.
pub(crate) fn store() -> Arc<dyn Backend> {
    Arc::new(InMemoryBackend::new())
}

/// A text message.
pub(crate) fn text(text: &str) -> wa::Message {
    wa::Message {
        conversation: Some(text.to_owned()),
        ..Default::default()
    }
}

impl Client {
    /// Starts a client against the simulator.
    pub(crate) async fn start(simulator: &Simulator, options: ClientOptions) -> Self {
        let (handler, events) = ChannelEventHandler::new();
        let mut builder = Bot::builder()
            .with_backend_arc(options.store)
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(simulator.url()))
            .with_http_client(LoopbackHttp::new())
            .with_runtime(Hurried {
                factor: options.hurry,
            })
            .with_version((2, 3000, 1_030_000_000));
        if let Some(name) = options.name {
            builder = builder.with_push_name(name);
        }
        if let Some(count) = options.pre_keys {
            builder = builder.with_wanted_pre_key_count(count);
        }
        let bot = builder.build().await.expect("the client can be built");
        let client = bot.client();
        client.subscribe_handler(handler).detach();
        Self {
            client,
            events,
            earlier: Mutex::default(),
            handle: bot.spawn(),
        }
    }

    /// A client that is linked to the account of that number, which is made if need be, and connected.
    pub(crate) async fn linked(simulator: &Simulator, number: &str) -> Self {
        Self::linked_with(simulator, number, ClientOptions::default()).await
    }

    /// The same, with options.
    pub(crate) async fn linked_with(
        simulator: &Simulator,
        number: &str,
        options: ClientOptions,
    ) -> Self {
        simulator.add_account(number, "Test");
        let client = Self::start(simulator, options).await;
        let qr = client.qr_code().await;
        simulator.scan(number, &qr).expect("the code is valid");
        client.connected().await;
        client
    }

    /// The next QR code that it shows.
    pub(crate) async fn qr_code(&self) -> String {
        self.wait("a QR code", |event| match event {
            Event::PairingQrCode(qr) => Some(qr.code.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn connected(&self) {
        self.wait("being connected", |event| {
            matches!(event, Event::Connected(_)).then_some(())
        })
        .await;
    }

    /// Waits for an event, also among those that have come already; each is found once.
    pub(crate) async fn wait<T>(&self, what: &str, mut find: impl FnMut(&Event) -> Option<T>) -> T {
        {
            let mut earlier = self.earlier.lock().expect("no test panicked here");
            let found = earlier
                .iter()
                .enumerate()
                .find_map(|(index, event)| find(event).map(|value| (index, value)));
            if let Some((index, value)) = found {
                earlier.remove(index);
                return value;
            }
        }
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the client runs");
                if let Some(value) = find(&event) {
                    return value;
                }
                self.earlier
                    .lock()
                    .expect("no test panicked here")
                    .push_back(event);
            }
        };
        match tokio::time::timeout(DEADLINE, search).await {
            Ok(value) => value,
            Err(_) => {
                let earlier = self.earlier.lock().expect("no test panicked here");
                panic!("waited in vain for {what}; there were {earlier:?}");
            }
        }
    }

    /// Waits for a text message: chat, sender, and whether it had waited for us.
    pub(crate) async fn text(&self, expected: &str) -> Received {
        self.wait(&format!("the message {expected:?}"), |event| {
            event.messages().find_map(|message| {
                let body = message.message.conversation.as_deref();
                (body == Some(expected)).then(|| Received {
                    chat: message.info.source.chat.to_string(),
                    sender: message.info.source.sender.to_string(),
                    alternative: message
                        .info
                        .source
                        .sender_alt
                        .as_ref()
                        .map(ToString::to_string),
                    from_me: message.info.source.is_from_me,
                    offline: message.info.is_offline,
                    name: message.info.push_name.clone(),
                })
            })
        })
        .await
    }

    /// True when an event of that kind has been seen, and none waits in between.
    pub(crate) fn has_seen(&self, mut find: impl FnMut(&Event) -> bool) -> bool {
        let mut earlier = self.earlier.lock().expect("no test panicked here");
        while let Ok(event) = self.events.try_recv() {
            earlier.push_back(event);
        }
        earlier.iter().any(|event| find(event))
    }

    pub(crate) fn jid(&self) -> Jid {
        self.client.pn().expect("the client is linked").to_non_ad()
    }

    pub(crate) fn lid(&self) -> Jid {
        self.client.lid().expect("the client is linked").to_non_ad()
    }

    /// Stops it in an orderly way.
    pub(crate) async fn stop(self) {
        self.client.disconnect().await;
        self.handle.abort();
    }
}

impl Deref for Client {
    type Target = Arc<whatsapp_rust::Client>;

    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

/// A message that a client has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) chat: String,
    pub(crate) sender: String,
    pub(crate) alternative: Option<String>,
    pub(crate) from_me: bool,
    pub(crate) offline: bool,
    pub(crate) name: String,
}

/// Tokio, with shorter pauses.
struct Hurried {
    factor: u32,
}

impl Runtime for Hurried {
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()> + Send + 'static>>) -> AbortHandle {
        TokioRuntime.spawn(future)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration / self.factor))
    }

    fn spawn_blocking(
        &self,
        work: Box<dyn FnOnce() + Send + 'static>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        TokioRuntime.spawn_blocking(work)
    }

    fn yield_now(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        TokioRuntime.yield_now()
    }
}
