//! Who is on WhatsApp, and under which identity.

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::port::{Directory, Registered};
use whatsapp_rust::Jid;

use super::error::{of_iq, parse};
use crate::channel::WhatsappChannel;

#[async_trait]
impl Directory for WhatsappChannel {
    async fn registered(&self, jids: &[String]) -> Result<Vec<Registered>, ChannelError> {
        use whatsapp_rust::ContactError;
        let client = self.client()?;
        let asked: Vec<Jid> = jids
            .iter()
            .map(|jid| parse(jid))
            .collect::<Result<_, _>>()?;
        let answers =
            client
                .contacts()
                .is_on_whatsapp(&asked)
                .await
                .map_err(|error| match error {
                    ContactError::Iq(error) => of_iq(&error),
                    other => ChannelError::Invalid(other.to_string()),
                })?;
        Ok(asked
            .iter()
            .zip(jids)
            .map(|(jid, text)| {
                let answer = answers.iter().find(|answer| {
                    same(&answer.jid, jid) || answer.pn_jid.as_ref().is_some_and(|pn| same(pn, jid))
                });
                let (mut number, mut lid) = (None, None);
                if let Some(answer) = answer {
                    let primary = answer.jid.to_non_ad();
                    if primary.is_lid() {
                        number = answer.pn_jid.clone();
                        lid = Some(primary);
                    } else {
                        number = Some(primary);
                        lid = answer.lid.clone();
                    }
                }
                Registered {
                    asked: text.clone(),
                    exists: answer.is_some_and(|answer| answer.is_registered),
                    jid: number.map(|jid| jid.to_non_ad().to_string()),
                    lid: lid.map(|jid| jid.to_non_ad().to_string()),
                    business: answer.is_some_and(|answer| answer.is_business),
                    verified_name: answer
                        .and_then(|answer| answer.verified_name.as_ref())
                        .and_then(|verified| verified.name.clone()),
                }
            })
            .collect())
    }

    async fn other_identity(&self, jid: &str) -> Option<String> {
        let (client, jid) = (self.client().ok()?, parse(jid).ok()?);
        let entry = client.get_lid_pn_entry(&jid.to_non_ad()).await.ok()??;
        Some(if jid.is_lid() {
            format!("{}@s.whatsapp.net", entry.phone_number)
        } else {
            format!("{}@lid", entry.lid)
        })
    }
}

/// Whether both name the same person, whatever the device.
fn same(one: &Jid, other: &Jid) -> bool {
    one.to_non_ad() == other.to_non_ad()
}
