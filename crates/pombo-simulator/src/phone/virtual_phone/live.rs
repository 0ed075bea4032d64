//! What others see of a phone at once: presence, typing, calls.

use std::sync::MutexGuard;

use wacore::stanza::call::{
    OfferDeviceKey, OfferParams, TerminateParams, build_offer, build_reject, build_terminate,
};
use wacore_binary::{Jid, Node};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::error::PhoneError;
use super::super::handset::{Phone, chat_of};
use super::super::signal::PeerAddress;
use super::super::view::{CallState, ShownCall};
use super::VirtualPhone;
use super::handle::address;
use crate::network::Addressing;
use crate::node::node;

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

    /// Wants to know whether somebody is looking: see [`presences`](crate::phone::view::View::presences).
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
            has_key: true,
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
