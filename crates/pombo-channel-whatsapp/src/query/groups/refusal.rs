//! What the network's refusals mean when it is about groups.

use pombo_domain::channel::ChannelError;
use whatsapp_rust::{GroupError, MexError};

use super::super::error::{of_any, of_iq};
use whatsapp_rust::request::IqError;

/// What was asked for: the same code means different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A group that the account should be in.
    Group,
    /// An invite code.
    Invite,
}

/// Text for a refusal that may mean two things; who knows more replaces it.
pub(super) const FORBIDDEN: &str = "The account is not in this group, or may not do this";

/// The error of the library, in words for people.
pub(super) fn refused(about: About, error: GroupError) -> ChannelError {
    match error {
        GroupError::Iq(IqError::ServerError { code, text, .. }) => of_code(about, code, &text),
        GroupError::Iq(error) => of_iq(&error),
        GroupError::Mex(MexError::Request(error)) => of_iq(&error),
        GroupError::InvalidRequest(text) => ChannelError::Invalid(text),
        GroupError::DescriptionConflict => ChannelError::Refused {
            code: 409,
            text: "Somebody else has just changed the description; try again".to_owned(),
        },
        GroupError::Internal(error) => of_any(&error),
        other => ChannelError::Failed(other.to_string()),
    }
}

/// A refusal by its code.
///
/// Source: the codes for invitations are listed in the library; the others were seen on the network's own clients.
fn of_code(about: About, code: u16, text: &str) -> ChannelError {
    let refused = |code, text: &str| ChannelError::Refused {
        code,
        text: text.to_owned(),
    };
    match (about, code) {
        (_, 429) => refused(429, "WhatsApp limits how often groups are asked for"),
        (_, 419) => refused(419, "The group is full"),
        (About::Group, 404 | 410) => ChannelError::NotFound("The group does not exist".to_owned()),
        (About::Group, 401 | 403) => refused(403, FORBIDDEN),
        (About::Invite, 400 | 404 | 406) => {
            ChannelError::NotFound("The invite code is not valid".to_owned())
        }
        (About::Invite, 410) => ChannelError::NotFound(
            "The invite link was reset: its code is not valid any more".to_owned(),
        ),
        (About::Invite, 401 | 403 | 405) => refused(
            403,
            "The account may not join: an admin has taken it out of this group, or does not let it in",
        ),
        (About::Invite, 304 | 409) => refused(409, "The account is in this group already"),
        (About::Invite, 412) => refused(419, "The community is full"),
        (About::Invite, 416 | 423 | 436) => {
            refused(423, "The group cannot be joined at the moment")
        }
        (About::Group | About::Invite, code) => super::super::error::of_code(code, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(about: About, code: u16) -> ChannelError {
        refused(
            about,
            GroupError::Iq(IqError::ServerError {
                code,
                text: "text".to_owned(),
                error_type: None,
                backoff: None,
            }),
        )
    }

    #[test]
    fn refusals_are_told_apart() {
        for (about, code, wanted) in [
            (About::Group, 401, 403),
            (About::Group, 403, 403),
            (About::Group, 429, 429),
            (About::Group, 405, 405),
            (About::Invite, 405, 403),
            (About::Invite, 304, 409),
            (About::Invite, 409, 409),
            (About::Invite, 419, 419),
            (About::Invite, 436, 423),
            (About::Invite, 429, 429),
        ] {
            assert!(
                matches!(of(about, code), ChannelError::Refused { code, .. } if code == wanted),
                "{about:?} {code}"
            );
        }
        for (about, code) in [
            (About::Group, 404),
            (About::Invite, 404),
            (About::Invite, 406),
            (About::Invite, 410),
        ] {
            assert!(
                matches!(of(about, code), ChannelError::NotFound(_)),
                "{about:?} {code}"
            );
        }
        assert!(matches!(of(About::Group, 406), ChannelError::Invalid(_)));
        let timeout = refused(About::Group, GroupError::Iq(IqError::Timeout));
        assert!(matches!(timeout, ChannelError::TimedOut(_)));
    }
}
