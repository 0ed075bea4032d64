//! How this network behaves; set once, by the builder.

use std::time::Duration;

use super::account::Addressing;
use crate::media::MediaSettings;

/// Settings of a network.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Collect what the network does not know or would refuse.
    pub(crate) strict: bool,
    /// How new groups are addressed.
    pub(crate) group_addressing: Addressing,
    /// How many members a group can have.
    pub(crate) group_limit: usize,
    /// How long the QR codes of one connection are valid, in order; then the connection is closed.
    pub(crate) qr_lifetimes: Vec<Duration>,
    /// Between the confirmed pairing and the 515 that makes the client log in.
    ///
    /// Not at once: some clients save their credentials meanwhile and read them back when they reconnect.
    pub(crate) restart_delay: Duration,
    /// Pause between the handshake and the first stanza. Source: Baileys rc.6 takes an instant answer for a handshake frame.
    pub(crate) first_stanza_delay: Duration,
    /// Stanzas that may wait for a client that does not read; one more and it is disconnected.
    pub(crate) outgoing_limit: usize,
    /// How long files are kept, and where.
    pub(crate) media: MediaSettings,
}

impl Default for Settings {
    fn default() -> Self {
        const FIRST: Duration = Duration::from_secs(60);
        const NEXT: Duration = Duration::from_secs(20);
        Self {
            strict: true,
            group_addressing: Addressing::Lid,
            group_limit: 1025,
            qr_lifetimes: vec![FIRST, NEXT, NEXT, NEXT, NEXT, NEXT],
            restart_delay: Duration::from_millis(100),
            first_stanza_delay: Duration::from_millis(20),
            outgoing_limit: 8192,
            media: MediaSettings::default(),
        }
    }
}
