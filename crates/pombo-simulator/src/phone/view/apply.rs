//! Applying what arrives, or what the account itself sends, to the screen.

use wacore::poll::compute_option_hash;
use wacore::secret_enc_addon::ModificationType;
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::View;
use super::message::{MessageStatus, Reaction, ShownMessage, base, poll_of};
use super::secrets::{Addresses, Sealed, open};

/// A decrypted message with its surroundings.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) chat: String,
    pub(crate) id: String,
    pub(crate) from_me: bool,
    pub(crate) sender: Addresses,
    pub(crate) device: u16,
    pub(crate) name: String,
    pub(crate) timestamp: u64,
    pub(crate) content: wa::Message,
    pub(crate) status: MessageStatus,
    pub(crate) has_biz_node: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is a message of its own.
    Shown,
    /// It changed something that was there.
    Changed,
    /// It is not for the screen.
    Nothing,
}

impl View {
    /// Shows a message, or changes what it is about.
    pub(crate) fn apply(&mut self, arrival: Arrival) -> Applied {
        let content = base(&arrival.content);
        self.waiting_for
            .retain(|waiting| (&waiting.chat, &waiting.id) != (&arrival.chat, &arrival.id));
        if let Some(edited) = content.edited_message.as_option() {
            let inner = edited.message.as_option();
            let protocol = inner.and_then(|inner| inner.protocol_message.as_option());
            return protocol.map_or(Applied::Nothing, |protocol| {
                self.apply_protocol(&arrival, protocol)
            });
        }
        if let Some(protocol) = content.protocol_message.as_option() {
            return self.apply_protocol(&arrival, protocol);
        }
        if let Some(reaction) = content.reaction_message.as_option() {
            let key = reaction.key.as_option();
            return self.react(&arrival, key, reaction.text.as_deref().unwrap_or_default());
        }
        if let Some(pin) = content.pin_in_chat_message.as_option() {
            let pinned = pin.r#type == Some(wa::message::pin_in_chat_message::Type::PIN_FOR_ALL);
            return self.change(&arrival, pin.key.as_option(), |target| {
                target.pinned = pinned;
                Some(())
            });
        }
        if let Some(keep) = content.keep_in_chat_message.as_option() {
            let kept = keep.keep_type == Some(wa::KeepType::KEEP_FOR_ALL);
            return self.change(&arrival, keep.key.as_option(), |target| {
                target.kept = kept;
                Some(())
            });
        }
        if let Some(applied) = self.apply_sealed(&arrival, content) {
            return applied;
        }
        self.show(arrival)
    }

    /// A post of a newsletter says something else, or nothing any more.
    pub(crate) fn revise(&mut self, chat: &str, id: &str, content: Option<&wa::Message>) {
        let Some(post) = self.message_mut(chat, id) else {
            return;
        };
        match content {
            Some(content) => edit(post, content),
            None => {
                post.deleted = true;
                post.content = wa::Message::default();
                post.reactions.clear();
            }
        }
    }

    fn apply_protocol(
        &mut self,
        arrival: &Arrival,
        protocol: &wa::message::ProtocolMessage,
    ) -> Applied {
        use wa::message::protocol_message::Type;
        let key = protocol.key.as_option();
        match protocol.r#type {
            Some(Type::REVOKE) => self.change(arrival, key, |target| {
                target.deleted = true;
                target.content = wa::Message::default();
                target.reactions.clear();
                Some(())
            }),
            Some(Type::MESSAGE_EDIT) => {
                let edited = protocol.edited_message.as_option();
                self.change(arrival, key, |target| {
                    edit(target, edited?);
                    Some(())
                })
            }
            Some(Type::EPHEMERAL_SETTING) => {
                let expiration = protocol.ephemeral_expiration.filter(|seconds| *seconds > 0);
                self.chat_mut(&arrival.chat).expiration = expiration;
                Applied::Changed
            }
            _ => Applied::Nothing,
        }
    }

    /// What is encrypted with the secret of another message; `None` when it is not of that kind.
    fn apply_sealed(&mut self, arrival: &Arrival, content: &wa::Message) -> Option<Applied> {
        let by = &arrival.sender;
        if let Some(update) = content.poll_update_message.as_option() {
            let vote = update.vote.as_option()?;
            let sealed = sealed(&vote.enc_payload, &vote.enc_iv)?;
            let key = update.poll_creation_message_key.as_option();
            return Some(self.change(arrival, key, |target| {
                let opened = open(target, by, ModificationType::PollVote, &sealed)?;
                let vote = wa::message::PollVoteMessage::decode_from_slice(&opened).ok()?;
                let chosen = chosen_options(target, &vote);
                target.votes.insert(by.pn.clone(), chosen);
                Some(())
            }));
        }
        if let Some(reaction) = content.enc_reaction_message.as_option() {
            let sealed = sealed(&reaction.enc_payload, &reaction.enc_iv)?;
            let key = reaction.target_message_key.as_option();
            let target = self.target(arrival, key)?;
            let opened = open(target, by, ModificationType::EncReaction, &sealed)?;
            let opened = wa::message::ReactionMessage::decode_from_slice(&opened).ok()?;
            return Some(self.react(arrival, key, opened.text.as_deref().unwrap_or_default()));
        }
        if let Some(response) = content.enc_event_response_message.as_option() {
            let sealed = sealed(&response.enc_payload, &response.enc_iv)?;
            let key = response.event_creation_message_key.as_option();
            return Some(self.change(arrival, key, |target| {
                let opened = open(target, by, ModificationType::EventResponse, &sealed)?;
                let opened = wa::message::EventResponseMessage::decode_from_slice(&opened).ok()?;
                target
                    .responses
                    .insert(by.pn.clone(), format!("{:?}", opened.response?));
                Some(())
            }));
        }
        if let Some(secret) = content.secret_encrypted_message.as_option() {
            use wa::message::secret_encrypted_message::SecretEncType;
            let kind = match secret.secret_enc_type? {
                SecretEncType::MESSAGE_EDIT => ModificationType::MessageEdit,
                SecretEncType::EVENT_EDIT => ModificationType::EventEdit,
                SecretEncType::POLL_EDIT => ModificationType::PollEdit,
                SecretEncType::POLL_ADD_OPTION => ModificationType::PollAddOption,
                _ => return Some(Applied::Nothing),
            };
            let sealed = sealed(&secret.enc_payload, &secret.enc_iv)?;
            let key = secret.target_message_key.as_option();
            return Some(self.change(arrival, key, |target| {
                let opened = open(target, by, kind, &sealed)?;
                let opened = wa::Message::decode_from_slice(&opened).ok()?;
                let protocol = opened.protocol_message.as_option();
                let edited = protocol.and_then(|protocol| protocol.edited_message.as_option());
                edit(target, edited.unwrap_or(&opened));
                Some(())
            }));
        }
        if let Some(comment) = content.enc_comment_message.as_option() {
            let sealed = sealed(&comment.enc_payload, &comment.enc_iv)?;
            let key = comment.target_message_key.clone();
            let target = self.target(arrival, key.as_option())?;
            let opened = open(target, by, ModificationType::EncComment, &sealed)?;
            let opened = wa::Message::decode_from_slice(&opened).ok()?;
            let plain = wa::Message {
                comment_message: wa::message::CommentMessage {
                    message: opened.into(),
                    target_message_key: key,
                }
                .into(),
                ..Default::default()
            };
            return Some(self.show(Arrival {
                content: plain,
                ..arrival.clone()
            }));
        }
        None
    }

    fn show(&mut self, arrival: Arrival) -> Applied {
        if is_empty(&arrival.content) {
            return Applied::Nothing;
        }
        let target = base(&arrival.content).comment_message.as_option();
        let target = target.and_then(|comment| comment.target_message_key.id.clone());
        if let Some(target) = target
            && let Some(target) = self.message_mut(&arrival.chat, &target)
        {
            target.comments.insert(arrival.id.clone());
        }
        let chat = self.chat_mut(&arrival.chat);
        chat.typing.remove(&arrival.sender.pn);
        if chat.message(&arrival.id).is_some() {
            return Applied::Nothing;
        }
        if !arrival.from_me {
            chat.unread += 1;
        }
        chat.messages.push(ShownMessage {
            id: arrival.id,
            chat: arrival.chat,
            from_me: arrival.from_me,
            sender: arrival.sender.pn,
            sender_lid: arrival.sender.lid,
            device: arrival.device,
            name: arrival.name,
            timestamp: arrival.timestamp,
            content: arrival.content,
            previous_texts: Vec::new(),
            deleted: false,
            status: arrival.status,
            receipts: Default::default(),
            reactions: Default::default(),
            votes: Default::default(),
            responses: Default::default(),
            comments: Default::default(),
            pinned: false,
            kept: false,
            starred: false,
            has_biz_node: arrival.has_biz_node,
        });
        Applied::Shown
    }

    fn react(&mut self, arrival: &Arrival, key: Option<&wa::MessageKey>, text: &str) -> Applied {
        self.change(arrival, key, |target| {
            if text.is_empty() {
                target.reactions.remove(&arrival.sender.pn);
            } else {
                let reaction = Reaction {
                    text: text.to_owned(),
                    id: arrival.id.clone(),
                };
                target.reactions.insert(arrival.sender.pn.clone(), reaction);
            }
            Some(())
        })
    }

    fn target(
        &mut self,
        arrival: &Arrival,
        key: Option<&wa::MessageKey>,
    ) -> Option<&mut ShownMessage> {
        self.message_mut(&arrival.chat, key?.id.as_deref()?)
    }

    fn change(
        &mut self,
        arrival: &Arrival,
        key: Option<&wa::MessageKey>,
        change: impl FnOnce(&mut ShownMessage) -> Option<()>,
    ) -> Applied {
        match self.target(arrival, key).and_then(change) {
            Some(()) => Applied::Changed,
            None => Applied::Nothing,
        }
    }
}

fn sealed<'a>(payload: &'a Option<Vec<u8>>, iv: &'a Option<Vec<u8>>) -> Option<Sealed<'a>> {
    Some(Sealed {
        payload: payload.as_deref()?,
        iv: iv.as_deref()?,
    })
}

/// Replaces what a message says; its secret stays, so that it can be edited again.
fn edit(target: &mut ShownMessage, edited: &wa::Message) {
    target.previous_texts.push(target.text().to_owned());
    let mut content = edited.clone();
    if !content.message_context_info.is_set() {
        content.message_context_info = target.content.message_context_info.clone();
    }
    target.content = content;
}

fn chosen_options(poll: &ShownMessage, vote: &wa::message::PollVoteMessage) -> Vec<String> {
    let Some(poll) = poll_of(&poll.content) else {
        return Vec::new();
    };
    let names = poll
        .options
        .iter()
        .filter_map(|option| option.option_name.clone());
    names
        .filter(|name| {
            let hash = compute_option_hash(name);
            vote.selected_options
                .iter()
                .any(|chosen| chosen.as_slice() == hash)
        })
        .collect()
}

/// Nothing but a sender key, or what only belongs to the message around it.
fn is_empty(message: &wa::Message) -> bool {
    let mut rest = message.clone();
    rest.sender_key_distribution_message = Default::default();
    rest.message_context_info = Default::default();
    rest == wa::Message::default()
}
