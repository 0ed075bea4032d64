//! A channel that is linked to a simulated account, and everything that it has told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pombo_channel_whatsapp::{WhatsappConfig, WhatsappFactory};
use pombo_domain::channel::{
    ChannelError, ChannelEvent, ConnectionChange, IncomingMessage, SentMessage,
};
use pombo_domain::clock::{Clock as _, SystemClock};
use pombo_domain::id::InstanceId;
use pombo_domain::instance::{ChannelKind, ConnectionState, Instance, InstanceName};
use pombo_domain::message::{Outgoing, OutgoingContent, Resolved};
use pombo_domain::port::{
    AuthChange, AuthStore, AuthStoreError, Channel, ChannelFactory as _, ChannelInbox,
    ChannelOpening, Connecting, MessageActions, NotStored,
};
use pombo_domain::settings::Settings;
use pombo_simulator::{Simulator, VirtualPhone};
use tokio::sync::watch;

pub(crate) const ALICE: &str = "5511900000001";
pub(crate) const BOB: &str = "5511900000002";
pub(crate) const CAROL: &str = "5511900000003";
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

type Records = BTreeMap<(&'static str, String), (Bytes, i64)>;

/// Credentials in memory.
#[derive(Default)]
struct Memory(Mutex<Records>);

impl Memory {
    fn rows(&self) -> std::sync::MutexGuard<'_, Records> {
        self.0.lock().expect("no test panics in here")
    }
}

#[async_trait]
impl AuthStore for Memory {
    async fn get(&self, kind: &'static str, key: &str) -> Result<Option<Bytes>, AuthStoreError> {
        Ok(self
            .rows()
            .get(&(kind, key.to_owned()))
            .map(|row| row.0.clone()))
    }

    async fn get_many(
        &self,
        kind: &'static str,
        keys: &[String],
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let rows = self.rows();
        let found = keys.iter().filter_map(|key| {
            let row = rows.get(&(kind, key.clone()))?;
            Some((key.clone(), row.0.clone()))
        });
        Ok(found.collect())
    }

    async fn list(
        &self,
        kind: &'static str,
        prefix: &str,
    ) -> Result<Vec<(String, Bytes)>, AuthStoreError> {
        let rows = self.rows();
        let found = rows
            .iter()
            .filter(|((of, key), _)| *of == kind && key.starts_with(prefix))
            .map(|((_, key), row)| (key.clone(), row.0.clone()));
        Ok(found.collect())
    }

    async fn apply(&self, changes: Vec<AuthChange>) -> Result<(), AuthStoreError> {
        let mut rows = self.rows();
        for change in changes {
            match change {
                AuthChange::Put {
                    kind,
                    key,
                    value,
                    at_ms,
                } => drop(rows.insert((kind, key), (value, at_ms))),
                AuthChange::Delete { kind, key } => drop(rows.remove(&(kind, key))),
                AuthChange::DeletePrefix { kind, prefix } => {
                    rows.retain(|(of, key), _| *of != kind || !key.starts_with(&prefix));
                }
            }
        }
        Ok(())
    }

    async fn delete_older(
        &self,
        kind: &'static str,
        before_ms: i64,
    ) -> Result<u64, AuthStoreError> {
        let mut rows = self.rows();
        let before = rows.len();
        rows.retain(|(of, _), row| *of != kind || row.1 >= before_ms);
        Ok((before - rows.len()) as u64)
    }

    async fn clear(&self) -> Result<(), AuthStoreError> {
        self.rows().clear();
        Ok(())
    }
}

/// Keeps everything that the channel told.
struct Inbox(watch::Sender<Vec<ChannelEvent>>);

#[async_trait]
impl ChannelInbox for Inbox {
    async fn accept(&self, events: Vec<ChannelEvent>) -> Result<(), NotStored> {
        self.0.send_modify(|all| all.extend(events));
        Ok(())
    }
}

/// A linked channel.
pub(crate) struct Linked {
    pub(crate) channel: Arc<dyn Channel>,
    told: Arc<Inbox>,
}

impl Linked {
    /// Opens a channel, and has the phone scan its code.
    pub(crate) async fn new(simulator: &Simulator, number: &str, name: &str) -> Self {
        simulator.add_account(number, name);
        let factory = WhatsappFactory::new(WhatsappConfig {
            simulator: Some(simulator.url()),
            version: Some((2, 3000, 1_025_000_000)),
            ..WhatsappConfig::default()
        })
        .expect("a factory");
        let told = Arc::new(Inbox(watch::Sender::new(Vec::new())));
        let now = SystemClock.now();
        let instance = Instance {
            id: InstanceId::random(),
            name: InstanceName::new(name).expect("a name"),
            connection: ConnectionState::Close,
            owner_jid: None,
            profile_name: None,
            profile_pic_url: None,
            channel: ChannelKind::Whatsapp,
            number: None,
            business_id: None,
            token: "token".to_owned(),
            client_name: "tests".to_owned(),
            disconnection_reason_code: None,
            disconnection_object: None,
            disconnection_at: None,
            created_at: now,
            updated_at: now,
        };
        let opening = ChannelOpening {
            instance: Arc::new(instance),
            settings: Settings::default(),
            proxy: None,
            auth: Arc::new(Memory::default()),
            inbox: Arc::clone(&told) as Arc<dyn ChannelInbox>,
        };
        let channel = factory.open(opening).await.expect("a channel");
        let linked = Self { channel, told };
        let Connecting::Linking(code) = linked.channel.connect(None).await.expect("it connects")
        else {
            panic!("nobody is linked yet");
        };
        let qr = code.code.expect("a QR code");
        simulator.scan(number, &qr).expect("the phone scans it");
        linked
            .wait("being open", |event| {
                matches!(event, ChannelEvent::Connection(ConnectionChange::Open(_))).then_some(())
            })
            .await;
        linked
    }

    /// Waits until something was told, at whatever time.
    pub(crate) async fn wait<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&ChannelEvent) -> Option<T>,
    ) -> T {
        let mut told = self.told.0.subscribe();
        let search = async {
            loop {
                let found = told.borrow_and_update().iter().find_map(&mut find);
                if let Some(found) = found {
                    return found;
                }
                told.changed().await.expect("the inbox stays");
            }
        };
        match tokio::time::timeout(DEADLINE, search).await {
            Ok(found) => found,
            Err(_) => panic!(
                "not told in time: {what}; told: {:#?}",
                self.told.0.borrow()
            ),
        }
    }

    /// Whether something was told until now.
    pub(crate) fn was_told(&self, find: impl Fn(&ChannelEvent) -> bool) -> bool {
        self.told.0.borrow().iter().any(find)
    }

    /// The message with this id.
    pub(crate) async fn message(&self, id: &str) -> IncomingMessage {
        self.wait(&format!("the message {id}"), |event| match event {
            ChannelEvent::Message(message) if message.key.id == id => Some(message.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) fn actions(&self) -> &dyn MessageActions {
        self.channel.messages().expect("it has messages")
    }

    /// Sends a content under the id.
    pub(crate) async fn send(
        &self,
        id: &str,
        to: &str,
        content: OutgoingContent,
        resolved: Resolved,
    ) -> Result<SentMessage, ChannelError> {
        let outgoing = Outgoing {
            link_preview: true,
            resolved,
            ..Outgoing::new(to, content)
        };
        self.channel.send(id, to, &outgoing).await
    }

    /// Sends a text.
    pub(crate) async fn text(&self, id: &str, to: &str, text: &str) -> SentMessage {
        let content = OutgoingContent::Text {
            text: text.to_owned(),
        };
        self.send(id, to, content, Resolved::default())
            .await
            .expect("it is sent")
    }
}

/// A network with a linked Alice, and the phone of Bob.
pub(crate) async fn alice_and_bob() -> (Simulator, Linked, VirtualPhone) {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let alice = Linked::new(&simulator, ALICE, "Alice").await;
    simulator.add_account(BOB, "Bob");
    let bob = simulator.phone(BOB);
    (simulator, alice, bob)
}
