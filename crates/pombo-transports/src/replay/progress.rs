use std::sync::{Mutex, PoisonError};

use pombo_domain::event::Seq;

/// How far one client is. The lock also orders what is sent to the client.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Stage>);

#[derive(Debug)]
enum Stage {
    /// Live events are noted, not shown.
    Replaying { newest_noted: Seq },
    /// Live events newer than `last` are shown.
    Live { last: Seq },
}

/// What came of an attempt to become live.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Switch<E> {
    /// The client is live from now on.
    Live,
    /// Newer events passed by meanwhile: read on.
    Behind,
    /// The last word could not be sent.
    Failed(E),
}

impl Progress {
    /// A client that has yet to catch up.
    pub(crate) fn replaying() -> Self {
        Self(Mutex::new(Stage::Replaying {
            newest_noted: Seq::MIN,
        }))
    }

    /// A live event is there: `show` runs if it is this client's turn to see it. Volatile events have no place and are
    /// shown at once.
    pub(crate) fn offer<R>(&self, seq: Option<Seq>, show: impl FnOnce() -> R) -> Option<R> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seq) = seq else { return Some(show()) };
        match &mut *stage {
            Stage::Replaying { newest_noted } => {
                *newest_noted = (*newest_noted).max(seq);
                None
            }
            Stage::Live { last } if seq <= *last => None,
            Stage::Live { last } => {
                *last = seq;
                Some(show())
            }
        }
    }

    /// Everything up to `through` was sent: `finish` says so to the client, and it becomes live, unless something newer
    /// passed by.
    pub(crate) fn switch<E>(
        &self,
        through: Seq,
        finish: impl FnOnce() -> Result<(), E>,
    ) -> Switch<E> {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*stage, Stage::Replaying { newest_noted } if *newest_noted > through) {
            return Switch::Behind;
        }
        match finish() {
            Ok(()) => {
                *stage = Stage::Live { last: through };
                Switch::Live
            }
            Err(error) => Switch::Failed(error),
        }
    }
}
