//! Calls: told, refused and answered with a text where the settings ask for it.

use std::sync::Arc;

use pombo_domain::channel::{CallChange, CallNews};
use pombo_domain::event::EventKind;
use pombo_domain::message::{Outgoing, OutgoingContent, Resolved};
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

    fn answer_caller(self: &Arc<Self>, entry: &Arc<Entry>, news: &CallNews, text: String) {
        let number = [Some(&news.from), news.from_alt.as_ref()]
            .into_iter()
            .flatten()
            .find(|jid| jid.ends_with("@s.whatsapp.net"))
            .unwrap_or(&news.from)
            .clone();
        let outgoing = Outgoing {
            number,
            content: OutgoingContent::Text { text },
            delay: std::time::Duration::ZERO,
            quoted: None,
            mentioned: Vec::new(),
            mentions_everyone: false,
            link_preview: false,
            webhook_url: None,
            resolved: Resolved::default(),
        };
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
