//! The connection to the broker, and who waits for which PUBACK.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{ConnAck, Packet, PubAckReason, PublishProperties};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use tokio::sync::{Notify, oneshot};

use crate::link::Connect;

/// Messages that may wait for their turn; beyond, a delivery is tried again later.
const QUEUE: usize = 4096;
/// Room for a packet's head, topic aside.
const HEAD: usize = 256;

/// Makes connections, each with a session of its own: what one lost, the next does not send again behind our back.
pub(super) struct Connector(pub(super) MqttOptions);

impl Connect for Connector {
    type Connection = Broker;
    const BROKER: &'static str = "MQTT";

    async fn connect(&self) -> Result<(Broker, BoxFuture<'static, String>), String> {
        let (client, mut events) = AsyncClient::new(self.0.clone(), QUEUE);
        let greeting = loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(greeting))) => break greeting,
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        };
        let waiting = Arc::new(Waiting::default());
        let broker = Broker {
            client,
            waiting: Arc::clone(&waiting),
            largest: largest(&greeting),
        };
        Ok((broker, drive(events, waiting).boxed()))
    }
}

fn largest(greeting: &ConnAck) -> usize {
    let told = greeting
        .properties
        .as_ref()
        .and_then(|properties| properties.max_packet_size);
    told.and_then(|bytes| usize::try_from(bytes).ok())
        .unwrap_or(usize::MAX)
}

/// Reads and writes until the connection is lost; whoever still waits then learns it by the end of its channel.
async fn drive(mut events: EventLoop, waiting: Arc<Waiting>) -> String {
    let reason = loop {
        let event = tokio::select! {
            event = events.poll() => event,
            () = waiting.hopeless.notified() => break "no PUBACK in time".to_owned(),
        };
        match event {
            Ok(Event::Outgoing(Outgoing::Publish(id))) => waiting.sent(id),
            Ok(Event::Incoming(Packet::PubAck(ack))) => waiting.acknowledged(ack.pkid, ack.reason),
            Ok(Event::Incoming(Packet::Disconnect(told))) => {
                break format!("the broker ended it: {:?}", told.reason_code);
            }
            Ok(_) => {}
            Err(error) => break error.to_string(),
        }
    };
    waiting.end();
    reason
}

type Answer = oneshot::Sender<PubAckReason>;

/// The library sends in order but says only packet ids: the first in the queue is the next that is sent.
#[derive(Default)]
struct Waiting {
    state: Mutex<WaitingState>,
    hopeless: Notify,
}

#[derive(Default)]
struct WaitingState {
    ended: bool,
    queued: VecDeque<Answer>,
    sent: HashMap<u16, Answer>,
}

impl Waiting {
    fn sent(&self, id: u16) {
        let mut state = self.state();
        if let Some(answer) = state.queued.pop_front() {
            state.sent.insert(id, answer);
        }
    }

    fn acknowledged(&self, id: u16, reason: PubAckReason) {
        if let Some(answer) = self.state().sent.remove(&id) {
            // Who no longer waits need not know.
            answer.send(reason).ok();
        }
    }

    fn end(&self) {
        *self.state() = WaitingState {
            ended: true,
            ..WaitingState::default()
        };
    }

    fn state(&self) -> std::sync::MutexGuard<'_, WaitingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The broker did not take a message.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("{size} bytes: the broker takes no more than {largest}")]
    TooLarge { size: usize, largest: usize },
    #[error("the broker refused the message: {0:?}")]
    Refused(PubAckReason),
    #[error("too many messages wait for the broker")]
    Full,
    #[error("the connection was lost")]
    Lost,
}

/// One connection.
pub(super) struct Broker {
    client: AsyncClient,
    waiting: Arc<Waiting>,
    largest: usize,
}

impl Broker {
    /// Publishes and waits for the PUBACK.
    pub(super) async fn publish(
        &self,
        topic: &str,
        retain: bool,
        body: Vec<u8>,
        properties: PublishProperties,
    ) -> Result<(), PublishError> {
        let size = body.len() + topic.len() + HEAD;
        if size > self.largest {
            return Err(PublishError::TooLarge {
                size,
                largest: self.largest,
            });
        }
        let acknowledged = {
            // Under one lock, so that the order of those who wait is the order of what is sent.
            let mut state = self.waiting.state();
            if state.ended {
                return Err(PublishError::Lost);
            }
            let sent = self.client.try_publish_with_properties(
                topic,
                QoS::AtLeastOnce,
                retain,
                body,
                properties,
            );
            sent.map_err(|_| PublishError::Full)?;
            let (answer, acknowledged) = oneshot::channel();
            state.queued.push_back(answer);
            acknowledged
        };
        match acknowledged.await {
            Ok(PubAckReason::Success | PubAckReason::NoMatchingSubscribers) => Ok(()),
            Ok(reason) => Err(PublishError::Refused(reason)),
            Err(_) => Err(PublishError::Lost),
        }
    }

    /// A PUBACK did not come in time: the connection is given up.
    pub(super) fn give_up(&self) {
        self.waiting.hopeless.notify_one();
    }
}
