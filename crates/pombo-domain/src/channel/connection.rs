//! The connection's life, as a channel sees it.

use crate::clock::Timestamp;

/// The account behind a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// Its phone-number JID without the device part.
    pub jid: String,
    /// Its LID without the device part.
    pub lid: Option<String>,
    /// Its display name.
    pub name: Option<String>,
    /// URL of its picture.
    pub picture_url: Option<String>,
}

/// A step of the connection's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionChange {
    /// On the way: a first attempt, or another one.
    Connecting,
    /// Connected and logged in.
    Open(Account),
    /// Not connected. When `retrying`, the channel goes on by itself and will say `Connecting` again.
    Closed(Closing),
    /// No phone scanned any of the codes; the channel has given up until it is asked to connect again.
    Refused,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Why.
    pub reason: CloseReason,
    /// The code that clients of the original know: 401, 403, 405, 408, 411, 428, 440, 500, 503, 515.
    pub code: u16,
    /// For people; holds no secret.
    pub text: String,
    /// The channel tries again by itself.
    pub retrying: bool,
}

/// Why a connection ended. A closed set: match it without `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// Unlinked on the phone, or by `logout`; the credentials are worth nothing now.
    LoggedOut,
    /// Another program uses the same credentials.
    Replaced,
    /// The account is banned until `until`, or for good when `None`.
    Banned {
        /// End of a temporary ban.
        until: Option<Timestamp>,
    },
    /// The network does not talk to this version of the client any more.
    Outdated,
    /// The network or the line failed.
    Lost,
    /// We were asked to close it.
    Asked,
}

/// What a person needs for linking the account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkingCode {
    /// The QR code's text.
    pub code: Option<String>,
    /// Eight characters to type on the phone; only when a number was given.
    pub pairing_code: Option<String>,
    /// How many QR codes there have been since linking began, this one included.
    pub count: u32,
    /// A phone has scanned or typed the code, and a passkey guards its account: where its steps have got to.
    pub passkey: Option<PasskeyStep>,
}

/// A step of linking an account that is guarded by a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasskeyStep {
    /// The network asks for a WebAuthn assertion; the value is its `PublicKeyCredentialRequestOptions`.
    Requested(serde_json::Value),
    /// The phone shows a code that the person compares; `None` when that is not needed.
    Confirmation(Option<String>),
    /// It did not work.
    Failed(String),
}
