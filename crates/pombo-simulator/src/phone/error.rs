//! Why a phone cannot do what it was told.

use std::time::Duration;

use super::signal::SignalError;
use crate::simulator::PairingError;

/// Why a phone cannot do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// This is no address that one can write to.
    #[error("`{0}` is not the address of a chat")]
    NotAnAddress(String),
    /// Nobody has that address.
    #[error("nobody has the address `{0}`")]
    Unknown(String),
    /// The phone is switched off, or without a network.
    #[error("the phone is offline")]
    Offline,
    /// The network said no.
    #[error("the network refused with {code}: {text}")]
    Refused {
        /// WhatsApp's number for the reason.
        code: u16,
        /// The reason, if one was given.
        text: String,
    },
    /// The network did not answer.
    #[error("the network did not answer")]
    NoAnswer,
    /// No such message is on the screen.
    #[error("there is no message `{id}` in the chat `{chat}`")]
    NoMessage {
        /// The chat.
        chat: String,
        /// The message.
        id: String,
    },
    /// Votes, answers and encrypted edits need a message that was sent with a secret.
    #[error("the message `{0}` was sent without a secret")]
    NoSecret(String),
    /// The message carries no file, or nothing that leads to it.
    #[error("the message has no file")]
    NoFile,
    /// What was downloaded is not what the message promised.
    #[error("the file is damaged")]
    DamagedFile,
    /// The file is not in the store any more.
    #[error("the file is gone: {0}")]
    FileGone(String),
    /// There is no such call.
    #[error("there is no call `{0}`")]
    NoCall(String),
    /// What was waited for did not happen in time.
    #[error("it did not happen within {0:?}")]
    TimedOut(Duration),
    /// A client could not be linked.
    #[error("the client cannot be linked")]
    Pairing(#[from] PairingError),
    /// Encrypting failed.
    #[error("the message cannot be encrypted: {0}")]
    Encryption(String),
}

impl From<SignalError> for PhoneError {
    fn from(error: SignalError) -> Self {
        Self::Encryption(error.to_string())
    }
}
