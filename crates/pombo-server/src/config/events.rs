use std::time::Duration;

use super::{env, reader::Reader};

/// The event log. Source: `POMBO_EVENT_*`, `EVENT_LOCAL_TIME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsConfig {
    /// How long events are kept.
    pub retention: Duration,
    /// How many are kept at most.
    pub max_rows: u64,
    /// Whether `date_time` is local time marked as UTC, as in the original.
    pub local_time: bool,
}

impl EventsConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            retention: reader.duration(&env::POMBO_EVENT_RETENTION),
            max_rows: reader.integer(&env::POMBO_EVENT_MAX_ROWS),
            local_time: reader.flag(&env::EVENT_LOCAL_TIME),
        }
    }
}
