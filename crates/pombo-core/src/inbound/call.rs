//! Calls: told, refused and answered with a text where the settings ask for it.

use std::sync::Arc;

use pombo_domain::channel::{CallChange, CallNews};
use pombo_domain::event::{Event, EventKind};
use pombo_domain::message::{Outgoing, OutgoingContent};
use pombo_store::StoreError;
use serde_json::{Value, json};

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Tells `call`.
    pub(super) async fn accept_call(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        news: CallNews,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        let told = new_event(&state.instance, EventKind::Call, self.now(), &data(&news));
        self.log(vec![told]).await?;
        let rings = news.change == CallChange::Offer && !news.offline;
        let Some(settings) = state.settings.as_ref().filter(|_| rings) else {
            return Ok(());
        };
        let settings = settings.settings.clone();
        if settings.reject_call
            && let Some(channel) = entry.channel.clone()
        {
            let news = news.clone();
            self.afterwards(entry, "refuse a call", async move {
                match channel.calls() {
                    Some(calls) => calls.reject(&news).await,
                    None => Ok(()),
                }
            });
        }
        // Compatible: works without `rejectCall`.
        if !settings.msg_call.trim().is_empty() {
            self.answer_caller(entry, &news, settings.msg_call);
        }
        Ok(())
    }

    /// Tells a stanza of a call as it is, to connected clients alone and not in the log: who was away has no use for it.
    pub(super) async fn accept_raw_node(&self, entry: &Arc<Entry>, tag: &str, node: &Value) {
        let data = json!({"event": callback(tag, node), "packet": node});
        let told = new_event(&entry.state().instance, EventKind::Call, self.now(), &data);
        self.show_raw_node(&Event::volatile(told)).await;
    }

    fn answer_caller(self: &Arc<Self>, entry: &Arc<Entry>, news: &CallNews, text: String) {
        let number = [Some(&news.from), news.from_alt.as_ref()]
            .into_iter()
            .flatten()
            .find(|jid| jid.ends_with("@s.whatsapp.net"))
            .unwrap_or(&news.from)
            .clone();
        let outgoing = Outgoing::new(number, OutgoingContent::Text { text });
        let (gateway, to) = (Arc::clone(self), Arc::clone(entry));
        self.afterwards(entry, "answer a caller", async move {
            gateway
                .send(&to, outgoing)
                .await
                .map(drop)
                .map_err(|error| pombo_domain::channel::ChannelError::Failed(error.to_string()))
        });
    }
}

/// What voice-call add-ons know a stanza by. Source: observed on the original, v2.3.6.
fn callback(tag: &str, node: &Value) -> String {
    match node["attrs"]["class"].as_str() {
        Some(class) if tag == "ack" => format!("CB:ack,class:{class}"),
        _ => format!("CB:{tag}"),
    }
}

/// `{chatId, from, id, date, offline, status, isVideo?, isGroup?}`
fn data(news: &CallNews) -> Value {
    let date = pombo_domain::clock::Timestamp::from_millis(news.timestamp.saturating_mul(1000));
    let mut data = json!({
        "chatId": news.chat,
        "from": news.from,
        "id": news.id,
        "date": date.to_iso(),
        "offline": news.offline,
        "status": news.change.as_str(),
    });
    if let Value::Object(members) = &mut data {
        for (name, flag) in [("isVideo", news.video), ("isGroup", news.group)] {
            if let Some(flag) = flag {
                members.insert(name.to_owned(), flag.into());
            }
        }
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_have_the_names_that_add_ons_wait_for() {
        let call = json!({"tag": "call", "attrs": {"class": "x"}});
        assert_eq!(callback("call", &call), "CB:call");
        let ack = json!({"tag": "ack", "attrs": {"class": "call"}});
        assert_eq!(callback("ack", &ack), "CB:ack,class:call");
    }
}
