//! From the library's events to channel events. One file per family.
//!
//! The connection's own events (linking codes, connected, closed) are not here: `session` lives by them.

mod call;
mod chat;
mod group;
mod history;
pub(crate) mod key;
mod label;
mod message;
mod people;
mod poll;
mod receipt;

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::{ChannelEvent, HistoryChunk};
use tokio::sync::mpsc;
use tracing::{debug, warn};
use wacore::types::events::{Event, InboundMessage, LazyHistorySync, PictureUpdate};
use wacore::types::message::MessageInfo;
use wacore_binary::{Jid, Server};
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

use crate::channel::WhatsappChannel;
use crate::json;
pub(crate) use call::{CallKinds, is_signalling};
use key::Me;

/// How long a new picture's address is asked for: what comes behind it waits.
const PICTURE_PATIENCE: Duration = Duration::from_secs(3);
/// How often a part of the history is offered to the store, and how long in between.
const OFFERS: u32 = 10;
const BETWEEN_OFFERS: Duration = Duration::from_secs(1);

impl WhatsappChannel {
    /// What the rules should hear of an event. Called for one event after the other, in the order in which the library told
    /// them. Messages come here only when they did not go through the durability hook ([`Self::translate_messages`]).
    pub(crate) async fn translate(&self, client: &Arc<Client>, event: &Event) -> Vec<ChannelEvent> {
        let me = Me::of(client);
        let told = match event {
            Event::Messages(batch) => {
                return self.translate_messages(client, &batch.messages).await;
            }
            Event::HistorySync(sync) => {
                self.tell_history(sync).await;
                None
            }
            Event::UndecryptableMessage(event) => {
                let source = &event.info.source;
                let alt = chat_alt(client, source.is_from_me, source.is_group, &source.chat).await;
                message::undecryptable(event, alt.as_ref())
            }
            Event::Receipt(event) => receipt::receipt(event, &me),
            Event::ServerAck(event) => receipt::server_ack(event),
            Event::ChatPresence(event) => Some(people::chat_presence(event)),
            Event::Presence(event) => Some(people::presence(event)),
            Event::PictureUpdate(event) => {
                if people::is_groups(&event.jid) {
                    self.groups.forget_picture(&event.jid.to_non_ad_string());
                }
                picture(client, event, &me).await
            }
            Event::ContactUpdate(event) => Some(people::contact(event)),
            Event::ContactNumberChanged(event) => Some(people::number_changed(event)),
            Event::PushNameUpdate(event) => Some(people::push_name(event, &me)),
            Event::SelfPushNameUpdated(event) => Some(people::own_name(event.new_name.clone())),
            Event::GroupUpdate(event) => {
                self.groups.forget(&event.group_jid.to_non_ad_string());
                let mut told = group::update(event);
                if let Some(told) = &mut told {
                    group::complete(client, told).await;
                }
                told
            }
            Event::IncomingCall(event) => {
                call::incoming(event).map(|event| self.calls.complete(event))
            }
            Event::MissedCall(event) => call::missed(event),
            Event::PinUpdate(event) => Some(chat::pinned(event)),
            Event::MuteUpdate(event) => Some(chat::muted(event)),
            Event::ArchiveUpdate(event) => Some(chat::archived(event)),
            Event::StarUpdate(event) => Some(chat::starred(event)),
            Event::MarkChatAsReadUpdate(event) => Some(chat::read(event)),
            Event::DeleteChatUpdate(event) => Some(chat::deleted(event)),
            Event::ClearChatUpdate(event) => Some(chat::cleared(event)),
            Event::DeleteMessageForMeUpdate(event) => Some(chat::message_deleted(event)),
            Event::DisappearingModeChanged(event) => Some(chat::timer(event)),
            Event::LabelEditUpdate(event) => Some(label::edited(event)),
            Event::LabelAssociationUpdate(event) => Some(label::associated(event)),
            Event::RawNode(node) if is_signalling(node) => Some(ChannelEvent::RawNode {
                tag: node.tag().to_owned(),
                node: json::node::show(node.get()),
            }),
            _ => None,
        };
        told.into_iter().collect()
    }

    /// What the rules should hear of messages. Called inside the durability hook: the network gets its acknowledgement after
    /// the answer was stored, so nothing here may wait for the network.
    pub(crate) async fn translate_messages(
        &self,
        client: &Arc<Client>,
        messages: &[InboundMessage],
    ) -> Vec<ChannelEvent> {
        let me = Me::of(client);
        let mut told = Vec::with_capacity(messages.len());
        for inbound in messages {
            let (content, info) = (&*inbound.message, &*inbound.info);
            let source = &info.source;
            let alt = chat_alt(client, source.is_from_me, source.is_group, &source.chat).await;
            if let Some(update) = content.poll_update_message.as_option() {
                let vote = poll::vote(client, update, info, &me, alt.as_ref()).await;
                told.extend(vote.map(ChannelEvent::PollVote));
            } else {
                told.extend(message::translate(content, info, &me, alt.as_ref()));
            }
        }
        told
    }

    /// Offers a part of the history to the store, slice by slice. A slice that is not taken in the end is given up: the history
    /// is not worth stopping everything behind it.
    async fn tell_history(&self, sync: &LazyHistorySync) {
        let slices = history::Slices::new(sync);
        let (give, mut take) = mpsc::channel::<HistoryChunk>(1);
        let reading = tokio::task::spawn_blocking(move || {
            slices.each(|slice| give.blocking_send(slice).is_ok())
        });
        while let Some(slice) = take.recv().await {
            let mut offers = 0;
            let event = ChannelEvent::History(slice);
            while let Err(error) = self.opening.inbox.accept(vec![event.clone()]).await {
                offers += 1;
                if offers == OFFERS {
                    warn!("a part of the history was not stored: {error}");
                    break;
                }
                tokio::time::sleep(BETWEEN_OFFERS).await;
            }
        }
        if let Err(error) = reading.await {
            warn!("a part of the history could not be read: {error}");
        }
    }
}

/// A post that was asked for, in the words in which it would have come by itself.
pub(crate) fn post(
    client: &Client,
    content: &wa::Message,
    info: &MessageInfo,
) -> Option<ChannelEvent> {
    message::translate(content, info, &Me::of(client), None)
}

/// The other identity of the chat of an own message: the stanza does not tell it.
async fn chat_alt(client: &Client, from_me: bool, grouped: bool, chat: &Jid) -> Option<Jid> {
    if !from_me || grouped {
        return None;
    }
    other_identity(client, chat).await
}

/// The other identity of a person, as far as it is known here; asks nobody.
pub(crate) async fn other_identity(client: &Client, jid: &Jid) -> Option<Jid> {
    if !(jid.is_pn() || jid.is_lid()) {
        return None;
    }
    let entry = match client.get_lid_pn_entry(jid).await {
        Ok(entry) => entry?,
        Err(error) => {
            debug!("an identity could not be looked up: {error}");
            return None;
        }
    };
    Some(if jid.is_lid() {
        Jid::new(&*entry.phone_number, Server::Pn)
    } else {
        Jid::new(&*entry.lid, Server::Lid)
    })
}

/// A picture changed: for a new one its address is asked for.
async fn picture(client: &Arc<Client>, event: &PictureUpdate, me: &Me) -> Option<ChannelEvent> {
    if people::is_groups(&event.jid) {
        return Some(group::picture(event));
    }
    if event.removed {
        return people::picture_removed(event, me);
    }
    let asked = client.contacts();
    let asked = asked.get_profile_picture_with_timeout(&event.jid, false, Some(PICTURE_PATIENCE));
    match tokio::time::timeout(PICTURE_PATIENCE, asked).await {
        Ok(Ok(picture)) => Some(people::picture(
            &event.jid,
            picture.map(|picture| picture.url),
            me,
        )),
        Ok(Err(error)) => {
            debug!("a new picture's address was not told: {error}");
            None
        }
        Err(_) => None,
    }
}
