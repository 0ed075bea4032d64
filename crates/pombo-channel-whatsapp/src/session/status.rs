//! What is known of a connection at this moment, for those who wait for it.

use pombo_domain::channel::LinkingCode;
use pombo_domain::instance::ConnectionState;

/// A connection at this moment.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) state: ConnectionState,
    /// The current code, or the passkey's step, while linking.
    pub(crate) code: LinkingCode,
    /// Why it is closed, when an attempt failed.
    pub(crate) failure: Option<String>,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            state: ConnectionState::Close,
            code: LinkingCode::default(),
            failure: None,
        }
    }
}

impl Status {
    /// Whether somebody who asked for a connection has something to look at.
    pub(crate) fn has_news(&self, wants_pairing_code: bool) -> bool {
        match self.state {
            ConnectionState::Open | ConnectionState::Close => true,
            ConnectionState::Connecting => {
                self.code.passkey.is_some()
                    || (self.code.code.is_some()
                        && (!wants_pairing_code
                            || self.code.pairing_code.is_some()
                            || self.failure.is_some()))
            }
        }
    }
}
