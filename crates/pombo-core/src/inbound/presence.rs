//! Who is online, types, records.

use std::sync::Arc;

use pombo_domain::channel::{PresenceNews, PresenceState};
use pombo_domain::event::{Event, EventKind};
use serde_json::{Value, json};
use tracing::warn;

use super::ignores;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Tells `presence.update`: to connected clients alone, unless somebody durable asked for it.
    pub(super) async fn accept_presence(&self, entry: &Arc<Entry>, news: &PresenceNews) {
        let state = entry.state();
        if ignores(&state, &news.chat) {
            return;
        }
        let mut presence = json!({"lastKnownPresence": shown(news.state).as_str()});
        if let (Value::Object(members), Some(seconds)) = (&mut presence, news.last_seen) {
            members.insert("lastSeen".to_owned(), seconds.into());
        }
        let data = json!({"id": news.chat, "presences": {&news.participant: presence}});
        let told = new_event(
            &state.instance,
            EventKind::PresenceUpdate,
            self.now(),
            &data,
        );
        let wanted = |subscription: &pombo_domain::subscription::Subscription| {
            self.sinks.get(subscription.transport).is_some() && subscription.wants_event(&told)
        };
        let durable = state.subscriptions.values().any(|one| wanted(one))
            || self.config.global.values().any(|one| wanted(one));
        if durable {
            if let Err(error) = self.log(vec![told]).await {
                warn!(instance = %state.instance.name, "a presence was not told: {error}");
            }
        } else {
            self.show(&Event::volatile(told)).await;
        }
    }
}

/// Compatible: who has stopped typing is there.
const fn shown(state: PresenceState) -> PresenceState {
    match state {
        PresenceState::Paused => PresenceState::Available,
        PresenceState::Available
        | PresenceState::Unavailable
        | PresenceState::Composing
        | PresenceState::Recording => state,
    }
}
