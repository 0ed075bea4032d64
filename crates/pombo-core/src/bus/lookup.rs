//! One instance's log and lines, for whoever asks for them by REST.

use bytes::Bytes;
use pombo_domain::event::{EventKind, Seq, envelope};
use pombo_domain::subscription::TransportKind;
use pombo_store::{StoreError, event};

use crate::gateway::Gateway;
use crate::instance::Entry;

const BATCH: u32 = 500;
/// Events looked at for one answer, when few of them are of the kinds asked for.
const MOST_LOOKED_AT: usize = 5_000;
/// Bytes of envelopes in one answer. One envelope is always given, however large.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A piece of one instance's log, oldest first.
#[derive(Debug, Clone)]
pub struct LoggedEvents {
    /// Envelopes with `id` and `seq`.
    pub envelopes: Vec<Bytes>,
    /// Everything up to here has been looked at; ask again from here.
    pub through: Seq,
    /// The newest place in the log.
    pub head: Seq,
    /// False when events after the asked place have already been pruned: the asker missed something.
    pub complete: bool,
}

impl Gateway {
    /// Why the instance's events wait for a transport's receiver that cannot be reached, while they do.
    #[must_use]
    pub fn unreachable(&self, entry: &Entry, transport: TransportKind) -> Option<String> {
        let sink = self.sinks.get(transport)?;
        sink.unreachable(&entry.state().instance.id)
    }

    /// The instance's events after a place, of these kinds or (when there are none) of all, at most `limit`. What any
    /// subscription wants does not matter.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn logged_events(
        &self,
        entry: &Entry,
        after: Seq,
        kinds: &[EventKind],
        limit: usize,
    ) -> Result<LoggedEvents, StoreError> {
        let instance = entry.state().instance.id.clone();
        let head = self.bus.head();
        let mut found = LoggedEvents {
            envelopes: Vec::new(),
            through: after,
            head,
            complete: true,
        };
        let (mut bytes, mut seen) = (0, 0);
        'reading: loop {
            let events = event::after(&self.store, Some(&instance), found.through, BATCH).await?;
            let full = events.len() >= BATCH as usize;
            seen += events.len();
            for event in events {
                let Some(seq) = event.seq else { continue };
                if kinds.is_empty() || kinds.contains(&event.event.kind) {
                    let plain = self.bus.envelope(&event);
                    let enough = bytes + plain.len() > MOST_BYTES && !found.envelopes.is_empty();
                    if enough || found.envelopes.len() >= limit {
                        break 'reading;
                    }
                    bytes += plain.len();
                    found
                        .envelopes
                        .push(envelope::with_place(&plain, &event.event, seq));
                }
                found.through = seq;
            }
            if !full {
                // The end of the log, whoever its last events were for.
                found.through = found.through.max(head);
                break;
            }
            if seen >= MOST_LOOKED_AT {
                break;
            }
        }
        found.head = found.head.max(found.through.min(self.bus.head()));
        // Last, so that what was pruned meanwhile counts.
        found.complete = after >= event::pruned_through(&self.store).await?;
        Ok(found)
    }
}
