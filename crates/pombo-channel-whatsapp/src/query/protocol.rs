//! The protocol itself, for those who know it.

use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::port::Protocol;
use serde_json::{Value, json};
use wacore::message_processing::EncType;
use whatsapp_rust::{Client, Jid, SignalError};

use super::error::{of_any, of_client, parse};
use super::profiles::picture_of;
use crate::channel::WhatsappChannel;
use crate::json;

#[async_trait]
impl Protocol for WhatsappChannel {
    async fn assert_sessions(&self, jids: &[String]) -> Result<(), ChannelError> {
        let (client, people) = (self.client()?, all(jids)?);
        let devices = client
            .signal()
            .get_user_devices(&people)
            .await
            .map_err(of_signal)?;
        let others: Vec<Jid> = devices
            .into_iter()
            .filter(|device| !is_own(&client, device))
            .collect();
        client
            .signal()
            .assert_sessions(&others)
            .await
            .map_err(of_signal)
    }

    async fn picture_url(&self, jid: &str, preview: bool) -> Result<Option<String>, ChannelError> {
        let (client, jid) = (self.client()?, parse(jid)?);
        picture_of(&client, &jid, preview).await
    }

    async fn participant_nodes(
        &self,
        jids: &[String],
        message: &Value,
    ) -> Result<(Vec<Value>, bool), ChannelError> {
        let (client, people) = (self.client()?, all(jids)?);
        let message =
            json::message(message).map_err(|error| ChannelError::Invalid(error.to_string()))?;
        let (nodes, opens) = client
            .signal()
            .create_participant_nodes(&people, &message)
            .await
            .map_err(of_signal)?;
        let shown = nodes
            .iter()
            .map(|node| json::node::show_base64(&node.as_node_ref()))
            .collect();
        Ok((shown, opens))
    }

    async fn devices(&self, jids: &[String]) -> Result<Vec<String>, ChannelError> {
        let (client, people) = (self.client()?, all(jids)?);
        let devices = client
            .signal()
            .get_user_devices(&people)
            .await
            .map_err(of_signal)?;
        Ok(devices.iter().map(Jid::to_string).collect())
    }

    async fn decrypt(
        &self,
        jid: &str,
        kind: &str,
        ciphertext: &[u8],
    ) -> Result<Vec<u8>, ChannelError> {
        let (client, jid) = (self.client()?, parse(jid)?);
        let kind = match kind {
            "msg" => EncType::Message,
            "pkmsg" => EncType::PreKeyMessage,
            _ => {
                return Err(ChannelError::Invalid(
                    "what is decrypted is a `msg` or a `pkmsg`".to_owned(),
                ));
            }
        };
        client
            .signal()
            .decrypt_message(&jid, kind, ciphertext)
            .await
            .map_err(of_signal)
    }

    async fn message_tag(&self) -> Result<String, ChannelError> {
        Ok(self.client()?.generate_message_id())
    }

    async fn send_node(&self, node: &Value) -> Result<(), ChannelError> {
        let client = self.client()?;
        let node = json::node::read(node).ok_or_else(|| {
            ChannelError::Invalid(
                "a stanza is {\"tag\":..,\"attrs\":{..},\"content\":..}".to_owned(),
            )
        })?;
        client
            .send_node(node)
            .await
            .map_err(|error| of_client(&error))
    }

    async fn auth_state(&self) -> Result<Value, ChannelError> {
        let client = self.client()?;
        let text = |jid: Option<Jid>| jid.map(|jid| jid.to_string());
        let account = client
            .persistence_manager()
            .get_device_snapshot()
            .account
            .clone();
        let bytes = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(json::base64);
        // What the phone signed for this device, as every contact gets it. The keys themselves stay here.
        let account = account.map(|account| {
            json!({
                "details": bytes(&account.details),
                "accountSignatureKey": bytes(&account.account_signature_key),
                "accountSignature": bytes(&account.account_signature),
                "deviceSignature": bytes(&account.device_signature),
            })
        });
        Ok(json!({
            "me": {"id": text(client.pn()), "lid": text(client.lid()), "name": client.push_name()},
            "account": account,
        }))
    }

    async fn reset_own_sessions(&self) -> Result<(), ChannelError> {
        let client = self.client()?;
        let phone: Vec<Jid> = [client.pn(), client.lid()]
            .into_iter()
            .flatten()
            .map(Jid::into_non_ad)
            .collect();
        client
            .signal()
            .delete_sessions(&phone)
            .await
            .map_err(of_signal)
    }
}

fn all(jids: &[String]) -> Result<Vec<Jid>, ChannelError> {
    jids.iter().map(|jid| parse(jid)).collect()
}

/// Whether that is this very device, which needs no session with itself.
fn is_own(client: &Arc<Client>, device: &Jid) -> bool {
    [client.pn(), client.lid()]
        .into_iter()
        .flatten()
        .any(|own| {
            own.user == device.user && own.server == device.server && own.device == device.device
        })
}

pub(super) fn of_signal(error: SignalError) -> ChannelError {
    match error {
        SignalError::Internal(error) => of_any(&error),
        other => ChannelError::Invalid(other.to_string()),
    }
}
