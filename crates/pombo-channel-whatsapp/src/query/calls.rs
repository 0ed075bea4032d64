//! Calls.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::{CallNews, ChannelError};
use pombo_domain::port::{Calls, PlacedCall};
use wacore::iq::tctoken::{TcTokenConfig, is_tc_token_expired_with};
use wacore::stanza::call::{
    CAPABILITY_STANDARD_OPUS_OFFER, CAPABILITY_STANDARD_OPUS_VIDEO_OFFER, DEFAULT_AUDIO_RATES,
    OfferDeviceKey, OfferParams, TerminateParams, build_offer, build_terminate,
};
use wacore_binary::{Node, NodeContent, Server};
use waproto::whatsapp as wa;
use whatsapp_rust::{Client, Jid};

use super::error::{of_any, of_client, parse};
use super::protocol::of_signal;
use crate::channel::WhatsappChannel;
use crate::incoming::other_identity;
use crate::outgoing::new_id;

#[async_trait]
impl Calls for WhatsappChannel {
    async fn reject(&self, call: &CallNews) -> Result<(), ChannelError> {
        let client = self.client()?;
        let (peer, creator) = (parse(&call.chat)?, parse(&call.from)?);
        client
            .voip()
            .reject_call(&call.id, &peer, &creator)
            .await
            .map_err(|error| ChannelError::Failed(error.to_string()))
    }

    async fn offer(&self, to: &str, video: bool) -> Result<PlacedCall, ChannelError> {
        let client = self.client()?;
        let peer = callee(&client, parse(to)?.into_non_ad()).await;
        let own = if peer.is_lid() {
            client.lid()
        } else {
            client.pn()
        };
        let creator = own.ok_or(ChannelError::NotConnected)?;
        let (keys, devices, opens) = ringing(&client, &peer).await?;
        let account = client.persistence_manager().get_device_snapshot();
        let identity = wacore::send::needs_device_identity(opens, account.account.as_deref())
            .map_err(|error| of_any(&error))?;
        let token = token(&client, &peer).await;
        let id = new_call_id();
        let capability = if video {
            CAPABILITY_STANDARD_OPUS_VIDEO_OFFER
        } else {
            CAPABILITY_STANDARD_OPUS_OFFER
        };
        let offer = build_offer(&OfferParams {
            call_id: &id,
            to: &peer,
            call_creator: &creator,
            device_keys: &keys,
            privacy_token: token.as_deref(),
            capability: Some(&capability),
            device_identity: identity.as_deref(),
            id: Some(&new_id()),
            multi_device: devices > 1,
            video,
            audio_rates: DEFAULT_AUDIO_RATES,
        });
        client
            .send_node(offer)
            .await
            .map_err(|error| of_client(&error))?;
        Ok(PlacedCall {
            id,
            peer: peer.to_string(),
            creator: creator.to_string(),
        })
    }

    async fn end(&self, call: &PlacedCall) -> Result<(), ChannelError> {
        let client = self.client()?;
        let end = build_terminate(&TerminateParams {
            call_id: &call.id,
            to: &parse(&call.peer)?,
            id: Some(&new_id()),
            call_creator: &parse(&call.creator)?,
            reason: None,
        });
        client
            .send_node(end)
            .await
            .map_err(|error| of_client(&error))
    }
}

/// Calls go to hidden identities, as those of WhatsApp's own programs do, unless none is known.
async fn callee(client: &Arc<Client>, person: Jid) -> Jid {
    if person.is_lid() || client.lid().is_none() {
        return person;
    }
    other_identity(client, &person).await.unwrap_or(person)
}

/// The call's key, encrypted for each device that can ring; how many devices there are, and whether one of them sees us for the first
/// time.
async fn ringing(
    client: &Arc<Client>,
    peer: &Jid,
) -> Result<(Vec<OfferDeviceKey>, usize, bool), ChannelError> {
    let key: [u8; 32] = rand::random();
    let message = wa::Message {
        call: wa::message::Call {
            call_key: Some(key.to_vec()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let people = std::slice::from_ref(peer);
    let devices = client
        .signal()
        .get_user_devices(people)
        .await
        .map_err(of_signal)?;
    let (nodes, opens) = client
        .signal()
        .create_participant_nodes(people, &message)
        .await
        .map_err(of_signal)?;
    let keys: Vec<OfferDeviceKey> = nodes.iter().filter_map(device_key).collect();
    if keys.is_empty() {
        return Err(ChannelError::NotFound(
            "none of the person's devices can ring".to_owned(),
        ));
    }
    Ok((keys, devices.len(), opens))
}

/// `<to jid><enc type>bytes</enc></to>`
fn device_key(node: &Node) -> Option<OfferDeviceKey> {
    let device_jid = node.attrs.get("jid")?.to_string().parse().ok()?;
    let Some(NodeContent::Nodes(inner)) = &node.content else {
        return None;
    };
    let enc = inner.iter().find(|inner| inner.tag == "enc")?;
    let Some(NodeContent::Bytes(ciphertext)) = &enc.content else {
        return None;
    };
    Some(OfferDeviceKey {
        device_jid,
        ciphertext: ciphertext.to_vec(),
        enc_type: enc.attrs.get("type")?.to_string(),
    })
}

/// What lets us ring at somebody who is called by contacts only.
async fn token(client: &Arc<Client>, peer: &Jid) -> Option<Vec<u8>> {
    let person = if peer.server == Server::Lid {
        peer.clone()
    } else {
        other_identity(client, peer)
            .await
            .unwrap_or_else(|| peer.clone())
    };
    let kept = client.persistence_manager().backend();
    let token = kept.get_tc_token(person.user.as_str()).await.ok()??;
    let good = !token.token.is_empty()
        && !is_tc_token_expired_with(token.token_timestamp, &TcTokenConfig::default());
    good.then_some(token.token)
}

/// As WhatsApp's own programs choose one.
fn new_call_id() -> String {
    let random: [u8; 15] = rand::random();
    let digits = random.iter().map(|byte| format!("{byte:02x}"));
    std::iter::once("00".to_owned()).chain(digits).collect()
}

#[cfg(test)]
mod tests {
    use wacore_binary::builder::NodeBuilder;

    use super::*;

    #[test]
    fn the_key_of_a_device_is_taken_out_of_its_stanza() {
        let enc = NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "pkmsg")
            .bytes(vec![1, 2])
            .build();
        let node = NodeBuilder::new("to")
            .attr("jid", "5511900000002:3@s.whatsapp.net")
            .children([enc])
            .build();
        let key = device_key(&node).expect("a key");
        assert_eq!(key.device_jid.device, 3);
        assert_eq!(
            (key.enc_type.as_str(), &*key.ciphertext),
            ("pkmsg", &[1, 2][..])
        );
        assert!(device_key(&NodeBuilder::new("to").build()).is_none());
        assert_eq!(new_call_id().len(), 32);
    }
}
