//! What a phone does for its own companions, always: keys, history, settings, and what they ask it for.

use std::sync::Arc;

use wacore::media_retry::decrypt_media_retry_notification;
use wacore_binary::{Jid, Node};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::protocol_message::Type;

use super::app_state::{Change, external};
use super::handset::{Phone, addresses, chat_named};
use super::history::{self, Blob, Owner};
use super::media::{self, file_of};
use super::view::secrets::Addresses;
use crate::network::{AccountId, Addressing, DeviceNumber, Network, State};
use crate::node::{NodeExt as _, node};
use crate::stanza::app_state::append_from_phone;

impl Phone {
    /// What a companion needs first: the keys of the shared settings, then the past.
    pub(super) fn bootstrap(&mut self, network: &Arc<Network>, device: DeviceNumber) {
        self.share_keys(network, device);
        let blobs = {
            let own = self.own_addresses(network);
            let owner = network.with(|state| self.owner(state, &own));
            history::blobs(&self.view, self.history, &owner)
        };
        for blob in &blobs {
            self.announce(network, device, blob, None);
        }
    }

    pub(super) fn share_keys(&mut self, network: &Arc<Network>, device: DeviceNumber) {
        let key = self.app_state.key().clone();
        let fingerprint = network.with(|state| {
            let account = state.account(self.account)?;
            Some(wa::message::AppStateSyncKeyFingerprint {
                raw_id: Some(account.identity.raw_id),
                current_index: Some(u32::from(account.next_device.saturating_sub(1))),
                device_indexes: account
                    .devices
                    .values()
                    .map(|device| device.key_index)
                    .collect(),
            })
        });
        let shared = wa::message::AppStateSyncKey {
            key_id: wa::message::AppStateSyncKeyId {
                key_id: Some(key.id.to_vec()),
            }
            .into(),
            key_data: wa::message::AppStateSyncKeyData {
                key_data: Some(key.data.to_vec()),
                fingerprint: fingerprint.into(),
                timestamp: Some(key.timestamp),
            }
            .into(),
        };
        let message = protocol(wa::message::ProtocolMessage {
            r#type: Some(Type::APP_STATE_SYNC_KEY_SHARE),
            app_state_sync_key_share: wa::message::AppStateSyncKeyShare { keys: vec![shared] }
                .into(),
            ..Default::default()
        });
        self.peer(network, device, message);
    }

    fn peer(&mut self, network: &Arc<Network>, device: DeviceNumber, message: wa::Message) {
        if let Err(error) = self.send_peer(network, device, message) {
            tracing::warn!(%error, device, "a phone cannot reach its companion");
        }
    }

    /// Uploads a blob of history and tells the companion where it is.
    fn announce(
        &mut self,
        network: &Arc<Network>,
        device: DeviceNumber,
        blob: &Blob,
        session: Option<String>,
    ) {
        let file = history::upload(network, self.signal.random(), blob);
        self.keep_file(network, &file.direct_path, &file.file_enc_sha256);
        let message = protocol(wa::message::ProtocolMessage {
            r#type: Some(Type::HISTORY_SYNC_NOTIFICATION),
            history_sync_notification: history::announcement(blob, file, session).into(),
            ..Default::default()
        });
        self.peer(network, device, message);
    }

    fn owner<'a>(&self, state: &State, own: &'a Addresses) -> Owner<'a> {
        let known: Vec<AccountId> = self
            .view
            .chats
            .keys()
            .chain(self.view.contacts.keys())
            .filter_map(|jid| state.resolve(&jid.parse().ok()?))
            .collect();
        let salt = state
            .account(self.account)
            .map(|account| account.privacy.nct_salt.clone());
        let mut owner = Owner {
            addresses: own,
            nct_salt: salt.filter(|salt| !salt.is_empty()),
            lids: Vec::new(),
            names: Vec::new(),
        };
        for account in known {
            let Addresses { pn, lid } = addresses(state, account);
            if owner.lids.iter().any(|(known, _)| *known == pn) {
                continue;
            }
            if let Some(account) = state.account(account) {
                owner.names.push((pn.clone(), account.name.clone()));
            }
            owner.lids.push((pn, lid));
        }
        for chat in self.view.chats.values() {
            let other = chat.messages.iter().find(|message| !message.from_me);
            if let Some(other) = other
                && !owner.names.iter().any(|(jid, _)| *jid == other.sender)
            {
                owner.names.push((other.sender.clone(), other.name.clone()));
            }
        }
        owner
    }

    /// A message of a companion about the account itself.
    pub(super) fn receive_peer(
        &mut self,
        network: &Arc<Network>,
        device: DeviceNumber,
        id: &str,
        content: &wa::Message,
    ) {
        let Some(protocol) = content.protocol_message.as_option() else {
            return;
        };
        match protocol.r#type {
            Some(Type::APP_STATE_SYNC_KEY_REQUEST) => self.share_keys(network, device),
            Some(Type::PEER_DATA_OPERATION_REQUEST_MESSAGE) => {
                if let Some(request) = protocol.peer_data_operation_request_message.as_option() {
                    self.answer_request(network, device, id, request);
                }
            }
            _ => {}
        }
    }

    fn answer_request(
        &mut self,
        network: &Arc<Network>,
        device: DeviceNumber,
        id: &str,
        request: &wa::message::PeerDataOperationRequestMessage,
    ) {
        use wa::message::PeerDataOperationRequestType as Kind;
        use wa::message::peer_data_operation_request_response_message::PeerDataOperationResult;
        use wa::message::peer_data_operation_request_response_message::peer_data_operation_result::PlaceholderMessageResendResponse;
        let kind = request.peer_data_operation_request_type;
        let mut results = Vec::new();
        match kind {
            Some(Kind::PLACEHOLDER_MESSAGE_RESEND) => {
                let own = self.own_addresses(network);
                for wanted in &request.placeholder_message_resend_request {
                    let Some(key) = wanted.message_key.as_option() else {
                        continue;
                    };
                    let remote = key.remote_jid.as_deref().unwrap_or_default();
                    let chat = network.with(|state| chat_named(state, remote));
                    let owner = network.with(|state| self.owner(state, &own));
                    let message = self
                        .view
                        .message(&chat, key.id.as_deref().unwrap_or_default());
                    let bytes = message
                        .map(|message| history::web_message(message, &owner).encode_to_vec());
                    results.push(PeerDataOperationResult {
                        placeholder_message_resend_response: PlaceholderMessageResendResponse {
                            web_message_info_bytes: bytes,
                        }
                        .into(),
                        ..Default::default()
                    });
                }
            }
            Some(Kind::HISTORY_SYNC_ON_DEMAND) => {
                let Some(wanted) = request.history_sync_on_demand_request.as_option() else {
                    return;
                };
                let own = self.own_addresses(network);
                let remote = wanted.chat_jid.as_deref().unwrap_or_default();
                let chat = network.with(|state| chat_named(state, remote));
                let owner = network.with(|state| self.owner(state, &own));
                let count = wanted.on_demand_msg_count.unwrap_or(50);
                let count = usize::try_from(count).unwrap_or(50);
                let oldest = wanted.oldest_msg_id.as_deref().unwrap_or_default();
                let blob = history::before(&self.view, &chat, oldest, count, &owner);
                self.announce(network, device, &blob, Some(id.to_owned()));
            }
            _ => tracing::debug!(?kind, "a request of a companion that phones do not answer"),
        }
        let message = protocol(wa::message::ProtocolMessage {
            r#type: Some(Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE),
            peer_data_operation_request_response_message:
                wa::message::PeerDataOperationRequestResponseMessage {
                    peer_data_operation_request_type: kind,
                    stanza_id: Some(id.to_owned()),
                    peer_data_operation_result: results,
                }
                .into(),
            ..Default::default()
        });
        self.peer(network, device, message);
    }

    /// A companion could not download a file: the phone uploads it once more and says where, or that it has not got it.
    pub(super) fn upload_again(
        &mut self,
        network: &Arc<Network>,
        receipt: &Node,
        device: DeviceNumber,
    ) {
        let id = receipt.text("id").into_owned();
        let place = receipt.child("rmr");
        let chat = place.and_then(|place| place.jid("jid"));
        let mut notification = node("notification")
            .attr("type", "mediaretry")
            .attr("id", id.as_str());
        let mut children = Vec::new();
        match self.uploaded_again(network, receipt, &id, chat.as_ref()) {
            Ok((key, path)) => {
                let answer = wa::MediaRetryNotification {
                    stanza_id: Some(id.clone()),
                    direct_path: Some(path),
                    result: Some(wa::media_retry_notification::ResultType::SUCCESS),
                    ..Default::default()
                };
                children.push(sealed_answer(&key, &id, &answer, self.signal.random()));
            }
            Err(code) => children.push(node("error").attr("code", code).build()),
        }
        children.extend(place.cloned());
        let now = network.clock.now();
        network.with(|state| {
            if let Some(account) = state.account(self.account) {
                notification = notification
                    .attr("from", account.jid(Addressing::Pn))
                    .attr("t", now);
                state.deliver(
                    self.account,
                    device,
                    notification.children(children).build(),
                );
            }
        });
    }

    /// The file's key and new path; else WhatsApp's number for the reason: 2 not found, 3 not decryptable.
    fn uploaded_again(
        &mut self,
        network: &Arc<Network>,
        receipt: &Node,
        id: &str,
        chat: Option<&Jid>,
    ) -> Result<(Vec<u8>, String), u32> {
        const NOT_FOUND: u32 = 2;
        const NOT_DECRYPTABLE: u32 = 3;
        let content = match chat {
            Some(chat) => {
                let chat = network.with(|state| chat_named(state, &chat.to_string()));
                self.view
                    .message(&chat, id)
                    .map(|message| message.content.clone())
            }
            // Without a place it is about history.
            None => {
                let sent = self.sent.iter().find(|sent| sent.id == id);
                sent.map(|sent| sent.content.clone())
            }
        }
        .ok_or(NOT_FOUND)?;
        let notification = content.protocol_message.as_option();
        let notification =
            notification.and_then(|protocol| protocol.history_sync_notification.as_option());
        let (kind, key, hash) = match notification {
            Some(blob) => (
                media::FileKind::History,
                blob.media_key.clone(),
                blob.file_enc_sha256.clone(),
            ),
            None => {
                let (kind, file) = file_of(&content).ok_or(NOT_FOUND)?;
                let key = file.media_key().map(<[u8]>::to_vec);
                (kind, key, file.file_enc_sha256().map(<[u8]>::to_vec))
            }
        };
        let (key, hash) = key.zip(hash).ok_or(NOT_FOUND)?;
        let sealed = receipt.child("encrypt").ok_or(NOT_DECRYPTABLE)?;
        let part = |tag| sealed.child(tag).map(|part| part.body().to_vec());
        let (payload, iv) = part("enc_p").zip(part("enc_iv")).ok_or(NOT_DECRYPTABLE)?;
        decrypt_media_retry_notification(&key, id, &iv, &payload).map_err(|_| NOT_DECRYPTABLE)?;
        let bytes = self.kept_file(&hash).ok_or(NOT_FOUND)?;
        let (path, _) = media::keep(network, kind, bytes.to_vec());
        Ok((key, path))
    }

    /// Reads what companions have changed in the account's settings since the phone last looked.
    pub(super) fn read_settings(&mut self, state: &mut State) {
        let Some(account) = state.account(self.account) else {
            return;
        };
        let mut newer = Vec::new();
        for (name, collection) in &account.collections {
            let known = self.app_state.version(name);
            for (version, patch) in &collection.patches {
                if *version > known {
                    newer.push((name.clone(), patch.clone()));
                }
            }
        }
        let mut renamed = None;
        for (name, bytes) in newer {
            let Ok(patch) = wa::SyncdPatch::decode_from_slice(&bytes) else {
                continue;
            };
            let patch = match external::resolve(&state.media, patch) {
                Ok(patch) => patch,
                Err(error) => {
                    let reason = format!("a patch of {name} that the phone cannot read: {error}");
                    state.violation(None, reason, &node("patch").build());
                    continue;
                }
            };
            match self.app_state.apply(&name, &patch) {
                Ok(mutations) => {
                    for mutation in mutations {
                        let value = mutation.action_value.as_ref();
                        renamed = value
                            .and_then(|value| value.push_name_setting.name.clone())
                            .or(renamed);
                        self.view
                            .apply_setting(&mutation, |jid| chat_named(state, jid));
                    }
                }
                Err(error) => {
                    let reason = format!("a patch of {name} that the phone cannot verify: {error}");
                    state.violation(None, reason, &node("patch").build());
                }
            }
        }
        if let Some(name) = renamed
            && let Some(account) = state.account_mut(self.account)
        {
            account.name = name;
        }
    }

    /// Changes settings of the account; companions are told.
    pub(super) fn change_settings(&mut self, network: &Arc<Network>, changes: &[Change]) {
        network.with(|state| {
            self.read_settings(state);
            let now_ms = i64::try_from(state.clock.now_ms()).unwrap_or(i64::MAX);
            let encoded: Vec<_> = changes.iter().map(Change::encode).collect();
            let mut names: Vec<&'static str> = encoded.iter().map(|one| one.collection).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let part: Vec<_> = encoded
                    .iter()
                    .filter(|one| one.collection == name)
                    .cloned()
                    .collect();
                let patch = self
                    .app_state
                    .patch(self.signal.random(), name, &part, now_ms);
                append_from_phone(state, self.account, name, patch);
            }
            for one in encoded {
                let mutation = wacore_appstate::Mutation {
                    action_value: Some(one.value),
                    index: one.index,
                    operation: one.operation,
                };
                self.view
                    .apply_setting(&mutation, |jid| chat_named(state, jid));
            }
        });
        self.changed();
    }
}

fn protocol(message: wa::message::ProtocolMessage) -> wa::Message {
    wa::Message {
        protocol_message: message.into(),
        ..Default::default()
    }
}

/// `<encrypt>`: the answer under a key that only the two sides of the file have.
fn sealed_answer(
    key: &[u8],
    id: &str,
    answer: &wa::MediaRetryNotification,
    random: &mut rand::rngs::StdRng,
) -> Node {
    use rand::RngExt as _;
    let iv: [u8; 12] = random.random();
    let mut derived = [0; 32];
    wacore::crypto::hkdf_sha256_into(
        key,
        None,
        b"WhatsApp Media Retry Notification",
        &mut derived,
    )
    .expect("32 bytes can be derived");
    let mut payload = Vec::new();
    wacore_libsignal::crypto::aes_256_gcm_encrypt(
        &derived,
        &iv,
        id.as_bytes(),
        &answer.encode_to_vec(),
        &mut payload,
    )
    .expect("encrypting in memory cannot fail");
    node("encrypt")
        .children([
            node("enc_p").bytes(payload).build(),
            node("enc_iv").bytes(iv).build(),
        ])
        .build()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use wacore::media_retry::encrypt_media_retry_receipt;

    use super::*;

    #[test]
    fn the_answer_to_a_request_for_a_file_is_read_by_whoever_has_its_key() {
        let answer = wa::MediaRetryNotification {
            direct_path: Some("/v/new".to_owned()),
            ..Default::default()
        };
        let mut random = rand::rngs::StdRng::seed_from_u64(1);
        let sealed = sealed_answer(&[7; 32], "ID", &answer, &mut random);
        let part = |tag| sealed.child(tag).map(|part| part.body().to_vec());
        let (payload, iv) = (part("enc_p").expect("payload"), part("enc_iv").expect("iv"));
        let opened = decrypt_media_retry_notification(&[7; 32], "ID", &iv, &payload).expect("open");
        let opened = wa::MediaRetryNotification::decode_from_slice(&opened).expect("decode");
        assert_eq!(opened.direct_path.as_deref(), Some("/v/new"));
        let (request, iv) = encrypt_media_retry_receipt(&[7; 32], "ID").expect("seal");
        assert!(decrypt_media_retry_notification(&[7; 32], "ID", &iv, &request).is_ok());
    }
}
