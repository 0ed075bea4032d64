//! What the library's errors mean to who asked.

use pombo_domain::channel::ChannelError;
use pombo_domain::instance::ChannelKind;
use whatsapp_rust::request::IqError;
use whatsapp_rust::{ClientError, Jid};

/// A JID as the rules write it.
///
/// # Errors
/// `Invalid`.
pub(crate) fn parse(jid: &str) -> Result<Jid, ChannelError> {
    jid.parse()
        .map_err(|_| ChannelError::Invalid(format!("`{jid}` is no WhatsApp address")))
}

/// The network's answer to a question, when it is no answer.
pub(crate) fn of_iq(error: &IqError) -> ChannelError {
    match error {
        IqError::Timeout => ChannelError::TimedOut("WhatsApp did not answer in time".to_owned()),
        IqError::NotConnected | IqError::Disconnected(_) | IqError::Socket(_) => {
            ChannelError::NotConnected
        }
        IqError::ClientState(state) => of_client(state),
        IqError::ServerError { code, text, .. } => of_code(*code, text),
        other => ChannelError::Failed(other.to_string()),
    }
}

/// The client's own state.
pub(crate) fn of_client(error: &ClientError) -> ChannelError {
    match error {
        ClientError::NotConnected | ClientError::NotLoggedIn | ClientError::Socket(_) => {
            ChannelError::NotConnected
        }
        ClientError::Iq(error) => of_iq(error),
        ClientError::Internal(error) => of_any(error),
        other => ChannelError::Failed(other.to_string()),
    }
}

/// An error with something known somewhere below it.
pub(crate) fn of_any(error: &anyhow::Error) -> ChannelError {
    for cause in error.chain() {
        if let Some(iq) = cause.downcast_ref::<IqError>() {
            return of_iq(iq);
        }
        if let Some(client) = cause.downcast_ref::<ClientError>() {
            return of_client(client);
        }
    }
    ChannelError::Failed(error.to_string())
}

/// A refusal by its code.
pub(crate) fn of_code(code: u16, text: &str) -> ChannelError {
    let text = if text.is_empty() {
        code.to_string()
    } else {
        text.to_owned()
    };
    match code {
        404 | 410 => ChannelError::NotFound(text),
        400 | 406 => ChannelError::Invalid(text),
        501 => ChannelError::NotAvailable(ChannelKind::Whatsapp),
        _ => ChannelError::Refused { code, text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_a_meaning() {
        assert!(matches!(of_code(404, ""), ChannelError::NotFound(text) if text == "404"));
        assert!(matches!(
            of_code(403, "forbidden"),
            ChannelError::Refused { code: 403, .. }
        ));
        let error = anyhow::Error::from(IqError::Timeout).context("while asking");
        assert!(matches!(of_any(&error), ChannelError::TimedOut(_)));
        assert!(matches!(
            of_iq(&IqError::NotConnected),
            ChannelError::NotConnected
        ));
        assert!(parse("no address").is_err());
    }
}
