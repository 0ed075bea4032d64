//! A virtual phone in a test's hands: what its user can do with it, and what its user sees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use wacore::secret_enc_addon::ModificationType;
use wacore::stanza::call::{
    OfferDeviceKey, OfferParams, TerminateParams, build_offer, build_reject, build_terminate,
};
use wacore_binary::{Jid, Node};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::app_state::Change;
use super::app_state::change::{Message, Range};
use super::content;
use super::error::PhoneError;
use super::habits::Habits;
use super::handset::{Phone, chat_of};
use super::history::{self, HistorySettings, InventedPast};
use super::identity::PhoneIdentity;
use super::media::{self, FileKind, UploadedFile, file_of};
use super::send::{SendOptions, SentBy};
use super::signal::{PeerAddress, Signal};
use super::view::secrets::seal;
use super::view::{CallState, Chat, ShownCall, ShownMessage, View};
use crate::network::{AccountId, Addressing, Network};
use crate::node::{NodeExt as _, node, service};
use crate::stanza::{companion, link_code, pair_device};

/// A handle to the phone of one account. Clones are handles to the same phone.
///
/// Chats are named by address (`5511999990000@s.whatsapp.net`, `...@g.us`, `status@broadcast`) or, for people, by number
/// alone. What it does has reached the network when the call returns; what it causes there comes later, so wait for it.
#[derive(Clone)]
pub struct VirtualPhone {
    network: Arc<Network>,
    account: AccountId,
    phone: Arc<Mutex<Phone>>,
}

impl std::fmt::Debug for VirtualPhone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualPhone")
            .field("number", &self.number())
            .finish_non_exhaustive()
    }
}

/// Who the phone is, and what it is linked with.
impl VirtualPhone {
    /// The phone of an account; `None` when there is no such account. Not to be called with the state in hand.
    pub(crate) fn of(network: &Arc<Network>, account: AccountId) -> Option<Self> {
        let phone = network.with(|state| {
            let account = state.account(account)?;
            Some(Arc::clone(&account.phone))
        })?;
        Some(Self {
            network: Arc::clone(network),
            account,
            phone,
        })
    }

    /// Its number, digits only.
    pub fn number(&self) -> String {
        self.network.with(|state| {
            let account = state.account(self.account);
            account
                .map(|account| account.phone_number.clone())
                .unwrap_or_default()
        })
    }

    /// Its address by phone number.
    pub fn jid(&self) -> String {
        self.jid_by(Addressing::Pn).to_string()
    }

    /// Its hidden address.
    pub fn lid(&self) -> String {
        self.jid_by(Addressing::Lid).to_string()
    }

    fn jid_by(&self, addressing: Addressing) -> Jid {
        self.network.with(|state| {
            let account = state.account(self.account);
            account
                .map(|account| account.jid(addressing))
                .unwrap_or_default()
        })
    }

    /// Scans the QR code of a client: links it. Returns the new companion's number.
    pub fn scan(&self, qr: &str) -> Result<u16, PhoneError> {
        self.online()?;
        Ok(self
            .network
            .with(|state| pair_device::scan(state, self.account, qr))?)
    }

    /// Types the 8-character code that a client shows: links it. Only the client notices that a code is wrong.
    pub async fn type_code(&self, code: &str) -> Result<(), PhoneError> {
        self.online()?;
        Ok(link_code::type_code(&self.network, &self.number(), code).await?)
    }

    /// The numbers of the linked companions.
    pub fn companions(&self) -> Vec<u16> {
        self.network
            .with(|state| state.companion_numbers(self.account))
    }

    /// Unlinks a companion. False when there is no such companion.
    pub fn unlink(&self, companion: u16) -> Result<bool, PhoneError> {
        self.online()?;
        Ok(self
            .network
            .with(|state| companion::unlink(state, self.account, companion)))
    }

    /// What it does by itself.
    pub fn habits(&self) -> Habits {
        self.lock().habits.clone()
    }

    /// Changes what it does by itself.
    pub fn set_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.lock().habits);
    }

    /// Loses its network: it neither gets nor sends anything until [`VirtualPhone::go_online`].
    pub fn go_offline(&self) {
        self.lock().online = false;
    }

    /// Has a network again, and gets what has waited.
    pub fn go_online(&self) {
        self.lock().come_online(&self.network);
    }

    /// Whether it has a network.
    pub fn is_online(&self) -> bool {
        self.lock().online
    }

    /// The app is installed anew: new keys, no companions, and everybody who knows the account is told that its security code
    /// changed. What it shows stays, as after restoring a backup.
    pub fn reinstall(&self) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        self.network.with(|state| {
            for companion in state.companion_numbers(self.account) {
                companion::unlink(state, self.account, companion);
            }
            let now = state.clock.now();
            let identity = PhoneIdentity::generate(&mut state.random);
            phone.signal = Signal::new(&identity, now, state.random.below(u64::MAX));
            let device = phone.published(identity.registration_id);
            if let Some(account) = state.account_mut(self.account) {
                account.identity = identity;
                account.devices.insert(0, device);
                account.devices_changed_at = now;
            }
            let Some(from) = state
                .account(self.account)
                .map(|account| account.jid(Addressing::Pn))
            else {
                return;
            };
            for other in state.acquaintances(self.account) {
                let notification = node("notification")
                    .attr("from", from.clone())
                    .attr("type", "encrypt")
                    .attr("id", state.stanza_id())
                    .attr("t", now)
                    .children([node("identity").build()])
                    .build();
                let notification = Arc::new(notification);
                state.deliver_to_companions(other, None, Arc::clone(&notification));
                state.deliver(other, 0, notification);
            }
        });
        phone.changed();
        Ok(())
    }

    fn online(&self) -> Result<(), PhoneError> {
        if self.is_online() {
            Ok(())
        } else {
            Err(PhoneError::Offline)
        }
    }

    /// The phone's memory. Never to be taken with the network's state in hand.
    fn lock(&self) -> MutexGuard<'_, Phone> {
        self.phone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Messages.
impl VirtualPhone {
    /// Sends a message to a chat: of one person, of a group, or `status@broadcast`.
    pub async fn send(&self, chat: &str, content: wa::Message) -> Result<SentBy, PhoneError> {
        self.send_with(chat, content, SendOptions::default()).await
    }

    /// The same, not as usual.
    pub async fn send_with(
        &self,
        chat: &str,
        content: wa::Message,
        options: SendOptions,
    ) -> Result<SentBy, PhoneError> {
        let to = address(chat)?;
        self.lock().send(&self.network, &to, content, options)
    }

    /// Sends a text.
    pub async fn send_text(&self, chat: &str, text: &str) -> Result<SentBy, PhoneError> {
        self.send(chat, content::text(text)).await
    }

    /// Reacts to a message; with an empty text takes the reaction back.
    pub async fn react(&self, chat: &str, id: &str, emoji: &str) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::reaction(key, emoji, self.now_ms()))
            .await
    }

    /// Replaces what one of its own messages says.
    pub async fn edit(
        &self,
        chat: &str,
        id: &str,
        edited: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::edit(key, edited, self.now_ms()))
            .await
    }

    /// Deletes a message for everybody: one of its own, or as an admin of a group that of somebody else.
    pub async fn revoke(&self, chat: &str, id: &str) -> Result<SentBy, PhoneError> {
        let key = self.key(chat, id)?;
        self.send(chat, content::revoke(key)).await
    }

    /// Votes in a poll: for these options, or for none.
    pub async fn vote(&self, chat: &str, id: &str, options: &[&str]) -> Result<SentBy, PhoneError> {
        let vote = wa::message::PollVoteMessage {
            selected_options: options
                .iter()
                .map(|option| wacore::poll::compute_option_hash(option).to_vec())
                .collect(),
        };
        let (key, payload, iv) =
            self.seal(chat, id, ModificationType::PollVote, &vote.encode_to_vec())?;
        let now_ms = self.now_ms();
        let update = wa::message::PollUpdateMessage {
            poll_creation_message_key: key.into(),
            vote: wa::message::PollEncValue {
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            sender_timestamp_ms: Some(now_ms),
            ..Default::default()
        };
        let content = wa::Message {
            poll_update_message: update.into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Answers an event.
    pub async fn respond(
        &self,
        chat: &str,
        id: &str,
        response: wa::message::event_response_message::EventResponseType,
    ) -> Result<SentBy, PhoneError> {
        let answer = wa::message::EventResponseMessage {
            response: Some(response),
            timestamp_ms: Some(self.now_ms()),
            ..Default::default()
        };
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EventResponse,
            &answer.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_event_response_message: wa::message::EncEventResponseMessage {
                event_creation_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Reacts under the secret of the message, as in announcement groups of communities.
    pub async fn react_encrypted(
        &self,
        chat: &str,
        id: &str,
        emoji: &str,
    ) -> Result<SentBy, PhoneError> {
        let reaction = wa::message::ReactionMessage {
            text: Some(emoji.to_owned()),
            sender_timestamp_ms: Some(self.now_ms()),
            ..Default::default()
        };
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EncReaction,
            &reaction.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_reaction_message: wa::message::EncReactionMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Comments on a message, under its secret.
    pub async fn comment(
        &self,
        chat: &str,
        id: &str,
        comment: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::EncComment,
            &comment.encode_to_vec(),
        )?;
        let content = wa::Message {
            enc_comment_message: wa::message::EncCommentMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Replaces what one of its own messages says, under the message's secret, as newer phones do.
    pub async fn edit_encrypted(
        &self,
        chat: &str,
        id: &str,
        edited: wa::Message,
    ) -> Result<SentBy, PhoneError> {
        use wa::message::secret_encrypted_message::SecretEncType;
        let inner = content::edit_plain(self.key(chat, id)?, edited, self.now_ms());
        let (key, payload, iv) = self.seal(
            chat,
            id,
            ModificationType::MessageEdit,
            &inner.encode_to_vec(),
        )?;
        let content = wa::Message {
            secret_encrypted_message: wa::message::SecretEncryptedMessage {
                target_message_key: key.into(),
                enc_payload: Some(payload),
                enc_iv: Some(iv),
                secret_enc_type: Some(SecretEncType::MESSAGE_EDIT),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        };
        self.send(chat, content).await
    }

    /// Names a message that is on the screen, for what refers to it.
    pub fn key(&self, chat: &str, id: &str) -> Result<wa::MessageKey, PhoneError> {
        let chat = self.chat_name(chat)?;
        let is_lid = self.is_lid_group(&chat);
        let phone = self.lock();
        let message = phone.shown(&chat, id)?;
        let mut key = message.key(&chat);
        if is_lid && key.participant.is_some() {
            key.participant = Some(message.sender_lid.clone());
        }
        Ok(key)
    }

    /// "Read", for all messages of others in a chat that are not read yet.
    pub async fn read(&self, chat: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        let mut phone = self.lock();
        let Some(shown) = phone.view.chat(&chat) else {
            return Ok(());
        };
        let unread = usize::try_from(shown.unread).unwrap_or(usize::MAX);
        let others = shown
            .messages
            .iter()
            .rev()
            .filter(|message| !message.from_me);
        let ids: Vec<String> = others
            .take(unread)
            .map(|message| message.id.clone())
            .collect();
        phone.mark_read(&self.network, &chat, &ids, "read")
    }

    /// "Read", for one message.
    pub async fn read_message(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        self.lock()
            .mark_read(&self.network, &chat, &[id.to_owned()], "read")
    }

    /// "Played", for a voice note or a round video.
    pub async fn play(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let chat = self.chat_name(chat)?;
        self.lock()
            .mark_read(&self.network, &chat, &[id.to_owned()], "played")
    }

    /// Uploads a file, for a message that will carry it.
    pub async fn upload(&self, kind: FileKind, bytes: &[u8]) -> Result<UploadedFile, PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        let file = media::upload(&self.network, phone.signal.random(), kind, bytes);
        phone.keep_file(&self.network, &file.direct_path, &file.file_enc_sha256);
        Ok(file)
    }

    /// The file of a message, downloaded and decrypted.
    pub async fn download(&self, message: &wa::Message) -> Result<Vec<u8>, PhoneError> {
        self.online()?;
        let path = {
            let (_, file) = file_of(message).ok_or(PhoneError::NoFile)?;
            file.direct_path().ok_or(PhoneError::NoFile)?.to_owned()
        };
        let path = path.split('?').next().unwrap_or_default();
        let sealed = self.network.media.read(path).await;
        let sealed = sealed.map_err(|error| PhoneError::FileGone(error.to_string()))?;
        let (_, file) = file_of(message).ok_or(PhoneError::NoFile)?;
        media::open(&sealed, file)
    }

    /// Types, then sends a text.
    pub(crate) async fn answer(
        &self,
        chat: &str,
        text: &str,
        typing: Duration,
    ) -> Result<(), PhoneError> {
        if !typing.is_zero() {
            self.typing(chat).await?;
            tokio::time::sleep(typing).await;
            self.paused(chat).await?;
        }
        self.send_text(chat, text).await.map(drop)
    }

    fn seal(
        &self,
        chat: &str,
        id: &str,
        kind: ModificationType,
        plaintext: &[u8],
    ) -> Result<(wa::MessageKey, Vec<u8>, Vec<u8>), PhoneError> {
        let key = self.key(chat, id)?;
        let chat = self.chat_name(chat)?;
        let is_lid = self.is_lid_group(&chat);
        let phone = self.lock();
        let own = phone.own_addresses(&self.network);
        let message = phone.shown(&chat, id)?;
        let (payload, iv) = seal(message, &own, is_lid, kind, plaintext)
            .ok_or_else(|| PhoneError::NoSecret(id.to_owned()))?;
        Ok((key, payload, iv))
    }

    fn is_lid_group(&self, chat: &str) -> bool {
        let Some(id) = chat.strip_suffix("@g.us") else {
            return false;
        };
        self.network.with(|state| {
            let group = state.groups.get(id);
            group.is_some_and(|group| group.addressing == Addressing::Lid)
        })
    }

    fn chat_name(&self, chat: &str) -> Result<String, PhoneError> {
        let jid = address(chat)?;
        Ok(self.network.with(|state| chat_of(state, &jid)))
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.network.clock.now_ms()).unwrap_or(i64::MAX)
    }
}

/// What others see of it at once: presence, typing, calls.
impl VirtualPhone {
    /// Shows that its user is looking.
    pub async fn available(&self) -> Result<(), PhoneError> {
        let stanza = node("presence").attr("type", "available").build();
        self.lock().tell(&self.network, stanza).map(drop)
    }

    /// Shows that its user looks away.
    pub async fn unavailable(&self) -> Result<(), PhoneError> {
        let stanza = node("presence").attr("type", "unavailable").build();
        self.lock().tell(&self.network, stanza).map(drop)
    }

    /// Wants to know whether somebody is looking: see [`View::presences`].
    pub async fn watch(&self, person: &str) -> Result<(), PhoneError> {
        let stanza = node("presence")
            .attr("type", "subscribe")
            .attr("to", address(person)?)
            .build();
        self.lock().tell(&self.network, stanza).map(drop)
    }

    /// Shows that its user types.
    pub async fn typing(&self, chat: &str) -> Result<(), PhoneError> {
        self.chat_state(chat, node("composing").build())
    }

    /// Shows that its user records a voice note.
    pub async fn recording(&self, chat: &str) -> Result<(), PhoneError> {
        self.chat_state(chat, node("composing").attr("media", "audio").build())
    }

    /// Shows that its user has stopped.
    pub async fn paused(&self, chat: &str) -> Result<(), PhoneError> {
        self.chat_state(chat, node("paused").build())
    }

    fn chat_state(&self, chat: &str, state: Node) -> Result<(), PhoneError> {
        let stanza = node("chatstate")
            .attr("to", address(chat)?)
            .children([state])
            .build();
        self.lock().tell(&self.network, stanza).map(drop)
    }

    /// Calls somebody. Returns the call's id.
    pub async fn call(&self, person: &str, video: bool) -> Result<String, PhoneError> {
        use rand::RngExt as _;
        let to = address(person)?;
        let mut phone = self.lock();
        let callee = self
            .network
            .with(|state| state.resolve(&to))
            .ok_or_else(|| PhoneError::Unknown(person.to_owned()))?;
        let devices: Vec<(PeerAddress, Jid)> = self.network.with(|state| {
            let account = state.account(callee);
            let devices = account.into_iter().flat_map(|account| {
                let listed = account.devices.values().filter(|device| device.is_listed());
                listed.map(|device| {
                    let jid = account.device_jid(Addressing::of(&to), device.number);
                    (PeerAddress::new(callee, device.number), jid)
                })
            });
            devices.collect()
        });
        phone.ensure_sessions(&self.network, devices.iter().map(|(device, _)| *device))?;
        let key: [u8; 32] = phone.signal.random().random();
        let content = wa::Message {
            call: wa::message::Call {
                call_key: Some(key.to_vec()),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        }
        .encode_to_vec();
        let mut device_keys = Vec::new();
        for (device, jid) in devices {
            if phone.signal.has_session(&device) {
                let sealed = phone.signal.encrypt(&device, &content)?;
                device_keys.push(OfferDeviceKey {
                    device_jid: jid,
                    ciphertext: sealed.bytes,
                    enc_type: sealed.kind.as_str().into(),
                });
            }
        }
        let id: [u8; 16] = phone.signal.random().random();
        let call_id: String = id.iter().map(|byte| format!("{byte:02X}")).collect();
        let stanza_id = phone.new_id();
        let offer = build_offer(&OfferParams {
            call_id: &call_id,
            to: &to.to_non_ad(),
            call_creator: &self.jid_by(Addressing::of(&to)),
            device_keys: &device_keys,
            privacy_token: None,
            capability: None,
            device_identity: None,
            id: Some(&stanza_id),
            multi_device: true,
            video,
            audio_rates: &["8000", "16000"],
        });
        phone.tell(&self.network, offer)?;
        let peer = self.network.with(|state| chat_of(state, &to));
        phone.view.calls.push(ShownCall {
            id: call_id.clone(),
            peer,
            incoming: false,
            video,
            state: CallState::Ringing,
        });
        phone.changed();
        Ok(call_id)
    }

    /// Ends a call; one that still rings is missed by the other side.
    pub async fn hang_up(&self, call_id: &str) -> Result<(), PhoneError> {
        let (mut phone, to, creator) = self.ringing(call_id)?;
        let stanza_id = phone.new_id();
        let was = phone.view.call(call_id).map(|call| call.state);
        let reason = (was == Some(CallState::Ringing)).then_some("timeout");
        let stanza = build_terminate(&TerminateParams {
            call_id,
            to: &to,
            id: Some(&stanza_id),
            call_creator: &creator,
            reason,
        });
        let state = if was == Some(CallState::Accepted) {
            CallState::Ended
        } else {
            CallState::Missed
        };
        self.signal_call(&mut phone, call_id, stanza, state)
    }

    /// Takes a call.
    pub async fn accept(&self, call_id: &str) -> Result<(), PhoneError> {
        let (mut phone, to, creator) = self.ringing(call_id)?;
        let stanza = node("call")
            .attr("to", to)
            .attr("id", phone.new_id())
            .children([node("accept")
                .attr("call-id", call_id)
                .attr("call-creator", creator)
                .children([
                    node("audio")
                        .attr("enc", "opus")
                        .attr("rate", "16000")
                        .build(),
                    node("net").attr("medium", "3").build(),
                    node("encopt").attr("keygen", "2").build(),
                ])
                .build()])
            .build();
        self.signal_call(&mut phone, call_id, stanza, CallState::Accepted)
    }

    /// Refuses a call.
    pub async fn reject(&self, call_id: &str) -> Result<(), PhoneError> {
        let (mut phone, to, creator) = self.ringing(call_id)?;
        let stanza_id = phone.new_id();
        let stanza = build_reject(call_id, &to, &creator, &stanza_id);
        self.signal_call(&mut phone, call_id, stanza, CallState::Rejected)
    }

    fn ringing(&self, call_id: &str) -> Result<(MutexGuard<'_, Phone>, Jid, Jid), PhoneError> {
        let own = self.jid_by(Addressing::Pn);
        let phone = self.lock();
        let call = phone
            .view
            .call(call_id)
            .ok_or_else(|| PhoneError::NoCall(call_id.to_owned()))?;
        let peer = address(&call.peer)?;
        let creator = if call.incoming { peer.clone() } else { own };
        Ok((phone, peer, creator))
    }

    fn signal_call(
        &self,
        phone: &mut Phone,
        call_id: &str,
        stanza: Node,
        state: CallState,
    ) -> Result<(), PhoneError> {
        phone.tell(&self.network, stanza)?;
        if let Some(call) = phone.view.call_mut(call_id) {
            call.state = state;
        }
        phone.changed();
        Ok(())
    }
}

/// Groups. People are named by number or address; the network's answer counts, so a group must exist.
impl VirtualPhone {
    /// Makes a group. Returns its address.
    pub async fn create_group(&self, subject: &str, people: &[&str]) -> Result<String, PhoneError> {
        let key = self.lock().new_id();
        let mut members = Vec::new();
        for person in people {
            let person = self.known(person)?;
            members.push(node("participant").attr("jid", person).build());
        }
        let create = node("create")
            .attr("subject", subject)
            .attr("key", key)
            .children(members)
            .build();
        let answer = self.group_request("set", Jid::group(""), create)?;
        let id = answer
            .child("group")
            .map(|group| group.text("id").into_owned());
        let id = id.filter(|id| !id.is_empty()).ok_or(PhoneError::NoAnswer)?;
        let id = id.split('@').next().unwrap_or_default().to_owned();
        Ok(format!("{id}@g.us"))
    }

    /// Takes people into a group.
    pub async fn add_members(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "add", people)
    }

    /// Throws people out of a group.
    pub async fn remove_members(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "remove", people)
    }

    /// Makes members of a group admins.
    pub async fn promote(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "promote", people)
    }

    /// Makes admins of a group ordinary members.
    pub async fn demote(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "demote", people)
    }

    fn change_members(
        &self,
        group: &str,
        change: &'static str,
        people: &[&str],
    ) -> Result<(), PhoneError> {
        let mut members = Vec::new();
        for person in people {
            let person = self.known(person)?;
            members.push(node("participant").attr("jid", person).build());
        }
        let answer = self.group_request(
            "set",
            address(group)?,
            node(change).children(members).build(),
        )?;
        let refused = answer
            .child(change)
            .into_iter()
            .flat_map(|change| change.nodes())
            .find_map(|member| member.parsed("error"));
        match refused {
            Some(code) => Err(PhoneError::Refused {
                code,
                text: change.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Renames a group.
    pub async fn set_subject(&self, group: &str, subject: &str) -> Result<(), PhoneError> {
        let change = node("subject").bytes(subject.as_bytes().to_vec()).build();
        self.group_request("set", address(group)?, change).map(drop)
    }

    /// Describes a group.
    pub async fn set_description(&self, group: &str, text: &str) -> Result<(), PhoneError> {
        let id = self.lock().new_id();
        let change = node("description")
            .attr("id", id)
            .children([node("body").bytes(text.as_bytes().to_vec()).build()])
            .build();
        self.group_request("set", address(group)?, change).map(drop)
    }

    /// Only admins may write, or everybody.
    pub async fn set_announcement(&self, group: &str, only_admins: bool) -> Result<(), PhoneError> {
        let change = if only_admins {
            "announcement"
        } else {
            "not_announcement"
        };
        self.group_request("set", address(group)?, node(change).build())
            .map(drop)
    }

    /// Only admins may change the group, or everybody.
    pub async fn set_locked(&self, group: &str, only_admins: bool) -> Result<(), PhoneError> {
        let change = if only_admins { "locked" } else { "unlocked" };
        self.group_request("set", address(group)?, node(change).build())
            .map(drop)
    }

    /// The code of a group's invitation link.
    pub async fn invite_code(&self, group: &str) -> Result<String, PhoneError> {
        let answer = self.group_request("get", address(group)?, node("invite").build())?;
        let code = answer
            .child("invite")
            .map(|invite| invite.text("code").into_owned());
        code.ok_or(PhoneError::NoAnswer)
    }

    /// Joins a group by the code of its invitation link.
    pub async fn join(&self, code: &str) -> Result<(), PhoneError> {
        let join = node("invite").attr("code", code).build();
        self.group_request("set", Jid::group(""), join).map(drop)
    }

    /// Leaves a group.
    pub async fn leave(&self, group: &str) -> Result<(), PhoneError> {
        let group = address(group)?;
        let leave = node("leave")
            .children([node("group").attr("id", group).build()])
            .build();
        self.group_request("set", Jid::group(""), leave).map(drop)
    }

    fn group_request(&self, kind: &'static str, to: Jid, change: Node) -> Result<Node, PhoneError> {
        self.lock()
            .ask(&self.network, "w:g2", kind, to, vec![change])
    }

    fn known(&self, person: &str) -> Result<Jid, PhoneError> {
        let jid = address(person)?;
        Ok(jid.to_non_ad())
    }
}

/// The account: its name, its picture, its address book, its chats. Companions are told.
impl VirtualPhone {
    /// Renames the account.
    pub async fn set_name(&self, name: &str) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        let stanza = node("presence").attr("name", name).build();
        phone.tell(&self.network, stanza)?;
        phone.change_settings(&self.network, &[Change::PushName(name.to_owned())]);
        Ok(())
    }

    /// Changes the "about" text.
    pub async fn set_about(&self, text: &str) -> Result<(), PhoneError> {
        let about = node("status").bytes(text.as_bytes().to_vec()).build();
        self.lock()
            .ask(&self.network, "status", "set", service(), vec![about])
            .map(drop)
    }

    /// Changes the profile picture (JPEG), or takes it away.
    pub async fn set_picture(&self, picture: Option<&[u8]>) -> Result<(), PhoneError> {
        let own = self.jid_by(Addressing::Pn);
        self.picture(None, own, picture)
    }

    /// Changes the picture of a group, or takes it away.
    pub async fn set_group_picture(
        &self,
        group: &str,
        picture: Option<&[u8]>,
    ) -> Result<(), PhoneError> {
        let group = address(group)?;
        self.picture(Some(group), service(), picture)
    }

    fn picture(
        &self,
        target: Option<Jid>,
        to: Jid,
        picture: Option<&[u8]>,
    ) -> Result<(), PhoneError> {
        let content = picture.map(|jpeg| {
            node("picture")
                .attr("type", "image")
                .bytes(jpeg.to_vec())
                .build()
        });
        let mut phone = self.lock();
        let id = phone.new_id();
        let content = content.into_iter().collect();
        let namespace = "w:profile:picture";
        phone
            .request(&self.network, namespace, "set", to, target, content, &id)
            .map(drop)
    }

    /// Blocks somebody, or no longer.
    pub async fn block(&self, person: &str, blocked: bool) -> Result<(), PhoneError> {
        let jid = address(person)?;
        let lid = self.network.with(|state| {
            let account = state.account(state.resolve(&jid)?)?;
            Some((account.jid(Addressing::Lid), account.jid(Addressing::Pn)))
        });
        let (lid, pn) = lid.ok_or_else(|| PhoneError::Unknown(person.to_owned()))?;
        let action = if blocked { "block" } else { "unblock" };
        let mut item = node("item").attr("action", action).attr("jid", lid);
        if blocked {
            item = item.attr("pn_jid", pn);
        }
        self.lock()
            .ask(
                &self.network,
                "blocklist",
                "set",
                service(),
                vec![item.build()],
            )
            .map(drop)
    }

    /// Puts somebody into the address book.
    pub async fn save_contact(&self, person: &str, full_name: &str) -> Result<(), PhoneError> {
        let jid = self.chat_name(person)?;
        let parsed = address(&jid)?;
        let lid = self.network.with(|state| {
            let account = state.account(state.resolve(&parsed)?)?;
            Some(account.jid(Addressing::Lid).to_string())
        });
        let first_name = full_name.split(' ').next().unwrap_or_default().to_owned();
        self.change(Change::Contact {
            jid,
            lid,
            full_name: full_name.to_owned(),
            first_name,
        })
        .await
    }

    /// Takes somebody out of the address book.
    pub async fn remove_contact(&self, person: &str) -> Result<(), PhoneError> {
        let jid = self.chat_name(person)?;
        self.change(Change::RemoveContact { jid }).await
    }

    /// Makes a label, or changes it.
    pub async fn save_label(&self, id: &str, name: &str, color: i32) -> Result<(), PhoneError> {
        self.change(Change::Label {
            id: id.to_owned(),
            name: name.to_owned(),
            color,
            deleted: false,
        })
        .await
    }

    /// Deletes a label.
    pub async fn delete_label(&self, id: &str) -> Result<(), PhoneError> {
        let label = self
            .look(|view| view.labels.get(id).cloned())
            .unwrap_or_default();
        self.change(Change::Label {
            id: id.to_owned(),
            name: label.name,
            color: label.color,
            deleted: true,
        })
        .await
    }

    /// Puts a label on a chat, or takes it off.
    pub async fn label_chat(&self, id: &str, chat: &str, labelled: bool) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::LabelChat {
            id: id.to_owned(),
            jid,
            labelled,
        })
        .await
    }

    /// Puts a chat away, or brings it back.
    pub async fn archive(&self, chat: &str, archived: bool) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::Archive {
            jid,
            archived,
            range,
        })
        .await
    }

    /// Keeps a chat on top, or no longer.
    pub async fn pin_chat(&self, chat: &str, pinned: bool) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::Pin { jid, pinned }).await
    }

    /// Silences a chat until then (milliseconds, -1: for ever), or no longer.
    pub async fn mute(&self, chat: &str, until: Option<i64>) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::Mute { jid, until }).await
    }

    /// Marks a message with a star, or no longer.
    pub async fn star(&self, chat: &str, id: &str, starred: bool) -> Result<(), PhoneError> {
        let message = self.named(chat, id)?;
        self.change(Change::Star { message, starred }).await
    }

    /// Makes a chat look read or unread.
    pub async fn mark_chat(&self, chat: &str, read: bool) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::MarkChatAsRead { jid, read, range })
            .await
    }

    /// Deletes a chat on the account's own devices.
    pub async fn delete_chat(&self, chat: &str) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::DeleteChat { jid, range }).await
    }

    /// Empties a chat on the account's own devices.
    pub async fn clear_chat(&self, chat: &str) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::ClearChat { jid, range }).await
    }

    /// Deletes a message on the account's own devices.
    pub async fn delete_for_me(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let message = self.named(chat, id)?;
        let chat = self.chat_name(chat)?;
        let timestamp = self.lock().shown(&chat, id)?.timestamp;
        let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
        self.change(Change::DeleteForMe { message, timestamp })
            .await
    }

    /// Gives the account a salt for the tokens of strangers, in history and settings.
    pub async fn set_nct_salt(&self, salt: &[u8]) -> Result<(), PhoneError> {
        self.lock().nct_salt = Some(salt.to_vec());
        self.change(Change::NctSalt(salt.to_vec())).await
    }

    /// Any change of the account's shared settings.
    pub async fn change(&self, change: Change) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        phone.change_settings(&self.network, &[change]);
        Ok(())
    }

    /// How much of its past it gives to companions that are linked from now on.
    pub fn set_history(&self, settings: HistorySettings) {
        self.lock().history = settings;
    }

    /// Fills the screen with an invented past: what a companion gets as history.
    pub fn invent_past(&self, past: InventedPast) {
        let mut phone = self.lock();
        let own = phone.own_addresses(&self.network);
        let now = self.network.clock.now();
        let Phone { view, signal, .. } = &mut *phone;
        history::invent(view, past, &own, now, signal.random());
        phone.changed();
    }

    fn named(&self, chat: &str, id: &str) -> Result<Message, PhoneError> {
        let key = self.key(chat, id)?;
        Ok(Message {
            chat: self.chat_name(chat)?,
            id: id.to_owned(),
            from_me: key.from_me.unwrap_or(false),
            participant: key.participant,
        })
    }

    fn range(&self, chat: &str) -> Result<(String, Range), PhoneError> {
        let jid = self.chat_name(chat)?;
        let last = self.look(|view| view.chat(&jid)?.last().cloned());
        let range = last.map(|message| {
            let time = i64::try_from(message.timestamp).unwrap_or(i64::MAX);
            Range {
                last: Some(time),
                messages: vec![(message.key(&jid), time)],
            }
        });
        Ok((jid, range.unwrap_or_default()))
    }
}

/// What its user sees.
impl VirtualPhone {
    /// Looks at the screen.
    pub fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.lock().view)
    }

    /// A chat as it is now; `None` while nothing has happened in it.
    pub fn chat(&self, chat: &str) -> Option<Chat> {
        let chat = self.chat_name(chat).ok()?;
        self.look(|view| view.chat(&chat).cloned())
    }

    /// The next message of somebody else that has not been asked for yet, in the order in which they came.
    pub async fn next_message(&self, deadline: Duration) -> Result<ShownMessage, PhoneError> {
        self.wait(deadline, |phone| phone.arrivals.pop_front())
            .await
    }

    /// Waits until there is something on the screen.
    pub async fn wait_for<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&View) -> Option<T>,
    ) -> Result<T, PhoneError> {
        self.wait(deadline, |phone| find(&phone.view)).await
    }

    async fn wait<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&mut Phone) -> Option<T>,
    ) -> Result<T, PhoneError> {
        let mut changes: watch::Receiver<u64> = self.lock().changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                let found = find(&mut self.lock());
                if let Some(found) = found {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(deadline, search)
            .await
            .map_err(|_| PhoneError::TimedOut(deadline))
    }
}

/// The address of a chat: as it is written, or of a person's number.
fn address(text: &str) -> Result<Jid, PhoneError> {
    let not_an_address = || PhoneError::NotAnAddress(text.to_owned());
    if text.contains('@') {
        return text.parse().map_err(|_| not_an_address());
    }
    let number = text.trim_start_matches('+');
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_an_address());
    }
    Ok(Jid::pn(number))
}
