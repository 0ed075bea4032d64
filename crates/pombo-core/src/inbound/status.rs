//! How far messages have got.

use std::sync::Arc;

use pombo_domain::channel::{Acknowledgement, Receipt, ReceiptKind};
use pombo_domain::event::EventKind;
use pombo_domain::id::RowId;
use pombo_domain::instance::Instance;
use pombo_domain::jid;
use pombo_domain::message::{Message, MessageStatus, MessageUpdate};
use pombo_store::{StoreError, Tx, chat, message, message_update};
use serde_json::{Value, json};
use tracing::debug;

use super::ignores;
use crate::bus::new_event;
use crate::config::SaveSwitches;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// One step of one message: the data of `messages.update`.
pub(crate) struct StatusNews<'a> {
    key_id: &'a str,
    remote_jid: &'a str,
    from_me: bool,
    participant: Option<&'a str>,
    status: MessageStatus,
    instance_id: &'a str,
    message_id: Option<&'a RowId>,
}

impl<'a> StatusNews<'a> {
    /// A step of a message; `stored`: its row can be found.
    pub(crate) fn of(message: &'a Message, status: MessageStatus, stored: bool) -> Self {
        Self {
            key_id: &message.key.id,
            remote_jid: &message.key.remote_jid,
            from_me: message.key.from_me,
            participant: message
                .key
                .participant
                .as_deref()
                .filter(|jid| !jid.is_empty()),
            status,
            instance_id: message.instance_id.as_str(),
            message_id: stored.then_some(&message.id),
        }
    }

    fn by(self, participant: Option<&'a str>) -> Self {
        Self {
            participant,
            ..self
        }
    }

    /// `{keyId, remoteJid, fromMe, participant?, status, instanceId, messageId?}`
    pub(crate) fn data(&self) -> Value {
        let mut data =
            json!({"keyId": self.key_id, "remoteJid": self.remote_jid, "fromMe": self.from_me});
        if let Value::Object(members) = &mut data {
            if let Some(participant) = self.participant {
                members.insert("participant".to_owned(), participant.into());
            }
            members.insert("status".to_owned(), self.status.as_str().into());
            members.insert("instanceId".to_owned(), self.instance_id.into());
            if let Some(id) = self.message_id {
                members.insert("messageId".to_owned(), id.as_str().into());
            }
        }
        data
    }
}

/// The step as `findStatusMessage` lists it.
pub(crate) fn step(
    message: &Message,
    status: MessageStatus,
    participant: Option<&str>,
    now: pombo_domain::clock::Timestamp,
) -> MessageUpdate {
    MessageUpdate {
        id: RowId::new(now),
        key_id: message.key.id.clone(),
        remote_jid: message.key.remote_jid.clone(),
        from_me: message.key.from_me,
        participant: participant.map(str::to_owned),
        poll_updates: None,
        status: status.as_str().to_owned(),
        message_id: message.id.clone(),
        instance_id: message.instance_id.clone(),
    }
}

/// What the transaction needs to know of the world.
#[derive(Clone)]
struct Scene {
    instance: Arc<Instance>,
    save: SaveSwitches,
    now: pombo_domain::clock::Timestamp,
}

impl Scene {
    /// Moves one message on and tells it. `by`: who got or read it, where several people can.
    async fn advance(
        &self,
        tx: &mut Tx,
        key_id: &str,
        from_me: bool,
        status: MessageStatus,
        by: Option<&str>,
    ) -> Result<Option<Message>, StoreError> {
        let found = message::in_tx(tx, &self.instance.id, key_id, Some(from_me)).await?;
        let Some(mut found) = found else {
            debug!(instance = %self.instance.name, message.id = key_id, "a status of a message that is not stored");
            return Ok(None);
        };
        let news = match by {
            Some(participant) => {
                let (id, name) = (&self.instance.id, status.as_str());
                let news = !self.save.message_updates
                    || !message_update::is_known(tx, id, &found.id, participant, name).await?;
                message::advance(tx, &mut found, status).await?;
                news
            }
            None => message::advance(tx, &mut found, status).await?,
        };
        if !news {
            return Ok(None);
        }
        if self.save.message_updates {
            message_update::insert(tx, &step(&found, status, by, self.now)).await?;
        }
        let data = StatusNews::of(&found, status, true).by(by).data();
        tx.append_event(new_event(
            &self.instance,
            EventKind::MessagesUpdate,
            self.now,
            &data,
        ));
        Ok(Some(found))
    }

    /// Everything older in the chat of what was just read is read too; tells the chat's unread messages.
    async fn read_older(&self, tx: &mut Tx, read: &Message) -> Result<(), StoreError> {
        let (id, chat) = (&self.instance.id, read.key.remote_jid.as_str());
        message::read_up_to(tx, id, chat, read.timestamp).await?;
        let unread = message::unread(tx, id, chat, read.timestamp).await?;
        if chat::set_unread(tx, id, chat, unread, self.now).await? {
            let data = json!([{"remoteJid": chat, "instanceId": id, "unreadMessages": unread}]);
            tx.append_event(new_event(
                &self.instance,
                EventKind::ChatsUpsert,
                self.now,
                &data,
            ));
        }
        Ok(())
    }
}

impl Gateway {
    fn scene(&self, entry: &Entry) -> Scene {
        Scene {
            instance: Arc::clone(&entry.state().instance),
            save: self.config.save,
            now: self.now(),
        }
    }

    pub(super) async fn accept_receipt(
        &self,
        entry: &Arc<Entry>,
        receipt: Receipt,
    ) -> Result<(), StoreError> {
        if ignores(&entry.state(), &receipt.chat) {
            return Ok(());
        }
        let status = match receipt.kind {
            // That we got somebody's message is told by the message.
            ReceiptKind::Delivered if !receipt.from_me => return Ok(()),
            ReceiptKind::Delivered => MessageStatus::DeliveryAck,
            ReceiptKind::Sender => MessageStatus::ServerAck,
            ReceiptKind::Read | ReceiptKind::ReadSelf => MessageStatus::Read,
            ReceiptKind::Played | ReceiptKind::PlayedSelf => MessageStatus::Played,
        };
        let scene = self.scene(entry);
        if !self.config.save.messages {
            return self.tell_unstored(&scene, &receipt, status).await;
        }
        let receipt = Arc::new(receipt);
        self.store
            .write(move |tx| {
                let (scene, receipt) = (scene.clone(), Arc::clone(&receipt));
                Box::pin(async move {
                    let several =
                        jid::is_group(&receipt.chat) || receipt.chat.ends_with("@broadcast");
                    let by = receipt
                        .participant
                        .as_deref()
                        .filter(|_| several && receipt.from_me);
                    let mut newest: Option<Message> = None;
                    for id in &receipt.ids {
                        let moved = scene.advance(tx, id, receipt.from_me, status, by).await?;
                        if let Some(moved) = moved
                            && newest
                                .as_ref()
                                .is_none_or(|newest| newest.timestamp < moved.timestamp)
                        {
                            newest = Some(moved);
                        }
                    }
                    if let Some(newest) = newest.filter(|_| !receipt.from_me) {
                        scene.read_older(tx, &newest).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Messages are not kept: what the receipt says is told as it is.
    async fn tell_unstored(
        &self,
        scene: &Scene,
        receipt: &Receipt,
        status: MessageStatus,
    ) -> Result<(), StoreError> {
        let events: Vec<_> = receipt
            .ids
            .iter()
            .map(|id| {
                let news = StatusNews {
                    key_id: id,
                    remote_jid: &receipt.chat,
                    from_me: receipt.from_me,
                    participant: receipt.participant.as_deref(),
                    status,
                    instance_id: scene.instance.id.as_str(),
                    message_id: None,
                };
                new_event(
                    &scene.instance,
                    EventKind::MessagesUpdate,
                    scene.now,
                    &news.data(),
                )
            })
            .collect();
        self.log(events).await
    }

    pub(super) async fn accept_acknowledgement(
        &self,
        entry: &Arc<Entry>,
        ack: Acknowledgement,
    ) -> Result<(), StoreError> {
        let status = match ack.error {
            None => MessageStatus::ServerAck,
            Some(_) => MessageStatus::Error,
        };
        let (scene, ack) = (self.scene(entry), Arc::new(ack));
        self.store
            .write(move |tx| {
                let (scene, ack) = (scene.clone(), Arc::clone(&ack));
                Box::pin(async move {
                    scene.advance(tx, &ack.id, true, status, None).await?;
                    Ok(())
                })
            })
            .await
    }
}
