//! How a connection ended, and what follows from it.

use std::time::Duration;

use pombo_domain::channel::{CloseReason, Closing};
use pombo_domain::clock::Timestamp;
use wacore::types::events::{ConnectFailureReason, Event};

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Nobody said why: an attempt failed, or the network asked for a new connection.
    Silent,
    /// The line failed, or the network had a problem.
    Lost {
        /// Code as clients know it.
        code: u16,
        /// For people.
        text: String,
    },
    /// All codes of this connection were shown.
    Unscanned,
    /// Unlinked.
    LoggedOut {
        /// 401, 403 or 406.
        code: u16,
        /// For people.
        text: String,
    },
    /// Another program uses the same credentials.
    Replaced,
    /// Banned for a time.
    TemporaryBan {
        /// How long, in seconds.
        seconds: i64,
        /// For people.
        text: String,
    },
    /// The network does not talk to this version.
    Outdated,
}

impl Ending {
    /// What an event says about the end, if it is about that.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::LoggedOut(event) => Some(Self::logged_out(&event.reason)),
            Event::StreamReplaced(_) => Some(Self::Replaced),
            Event::TemporaryBan(ban) => Some(Self::TemporaryBan {
                seconds: ban.expire.num_seconds(),
                text: ban
                    .message
                    .clone()
                    .unwrap_or_else(|| format!("temporarily banned: {:?}", ban.code)),
            }),
            Event::ClientOutdated(_) => Some(Self::Outdated),
            Event::ConnectFailure(failure) => Some(match failure.reason {
                // Without an end of the ban, or with a text that the library cannot read.
                ConnectFailureReason::TempBanned => Self::TemporaryBan {
                    seconds: 0,
                    text: failure
                        .message
                        .clone()
                        .unwrap_or_else(|| "temporarily banned".to_owned()),
                },
                ref reason => Self::Lost {
                    code: u16::try_from(code(reason)).unwrap_or(500),
                    text: failure
                        .message
                        .clone()
                        .unwrap_or_else(|| format!("WhatsApp refused the connection: {reason:?}")),
                },
            }),
            Event::StreamError(error) => Some(Self::Lost {
                code: error.code.parse().unwrap_or(500),
                text: format!("stream error {}", error.code),
            }),
            Event::Disconnected(event) => Some(Self::Lost {
                code: 428,
                text: event.reason.to_string(),
            }),
            Event::PairError(error) => Some(Self::Lost {
                code: 500,
                text: format!("linking failed: {}", error.error),
            }),
            _ => None,
        }
    }

    fn logged_out(reason: &ConnectFailureReason) -> Self {
        let (code, text) = match reason {
            ConnectFailureReason::AccountLocked => (403, "the account is locked"),
            ConnectFailureReason::UnknownLogout => (406, "logged out by WhatsApp"),
            _ => (401, "logged out"),
        };
        Self::LoggedOut {
            code,
            text: text.to_owned(),
        }
    }

    /// Whether this says more than `other`: a line that fails after the network said why says nothing new.
    pub(crate) fn outweighs(&self, other: Option<&Self>) -> bool {
        match other {
            None | Some(Self::Silent) => true,
            Some(Self::Lost { .. }) => !matches!(self, Self::Lost { .. } | Self::Silent),
            Some(_) => false,
        }
    }

    /// What the rules are told when the channel stops for this reason.
    pub(crate) fn closing(&self, now: Timestamp) -> Closing {
        let (reason, code, text) = match self {
            Self::Silent => (CloseReason::Lost, 408, "connection lost".to_owned()),
            Self::Lost { code, text } => (CloseReason::Lost, *code, text.clone()),
            Self::Unscanned => (CloseReason::Lost, 408, "QR refs attempts ended".to_owned()),
            Self::LoggedOut { code: 403, text } => {
                (CloseReason::Banned { until: None }, 403, text.clone())
            }
            Self::LoggedOut { code, text } => (CloseReason::LoggedOut, *code, text.clone()),
            Self::Replaced => (
                CloseReason::Replaced,
                440,
                "another program uses this session".to_owned(),
            ),
            Self::TemporaryBan { seconds, text } => {
                let until = (*seconds > 0)
                    .then(|| Timestamp::from_millis(now.millis() + seconds.saturating_mul(1000)));
                (CloseReason::Banned { until }, 402, text.clone())
            }
            Self::Outdated => (
                CloseReason::Outdated,
                405,
                "WhatsApp does not talk to this version of the client any more".to_owned(),
            ),
        };
        Closing {
            reason,
            code,
            text,
            retrying: false,
        }
    }

    /// Whether the credentials are worth nothing after this.
    pub(crate) const fn ends_the_link(&self) -> bool {
        matches!(self, Self::LoggedOut { .. })
    }
}

/// How often another program may take over the session before we leave it to it, within [`FIGHT`].
pub(crate) const TAKEOVERS: usize = 3;
/// See [`TAKEOVERS`].
pub(crate) const FIGHT: Duration = Duration::from_secs(600);
/// How long we leave the session to the other program before we try again.
pub(crate) const TRUCE: Duration = Duration::from_secs(5);

fn code(reason: &ConnectFailureReason) -> i32 {
    match reason {
        ConnectFailureReason::Generic => 400,
        ConnectFailureReason::LoggedOut => 401,
        ConnectFailureReason::TempBanned => 402,
        ConnectFailureReason::AccountLocked => 403,
        ConnectFailureReason::ClientOutdated => 405,
        ConnectFailureReason::UnknownLogout => 406,
        ConnectFailureReason::BadUserAgent => 409,
        ConnectFailureReason::CatExpired => 413,
        ConnectFailureReason::CatInvalid => 414,
        ConnectFailureReason::NotFound => 415,
        ConnectFailureReason::ClientUnknown => 418,
        ConnectFailureReason::InternalServerError => 500,
        ConnectFailureReason::Experimental => 501,
        ConnectFailureReason::ServiceUnavailable => 503,
        ConnectFailureReason::Unknown(code) => *code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::types::events::{ConnectFailure, LoggedOut, StreamReplaced};

    fn now() -> Timestamp {
        Timestamp::from_millis(1_000)
    }

    #[test]
    fn a_logout_is_told_by_its_code() {
        for (reason, code, ban) in [
            (ConnectFailureReason::LoggedOut, 401, false),
            (ConnectFailureReason::AccountLocked, 403, true),
            (ConnectFailureReason::UnknownLogout, 406, false),
        ] {
            let event =
                Event::LoggedOut(LoggedOut::builder().on_connect(true).reason(reason).build());
            let ending = Ending::of(&event).expect("an ending");
            let closing = ending.closing(now());
            assert_eq!(closing.code, code);
            assert_eq!(
                matches!(closing.reason, CloseReason::Banned { .. }),
                ban,
                "{code}"
            );
            assert!(ending.ends_the_link());
        }
    }

    #[test]
    fn a_lost_line_does_not_hide_why() {
        let replaced = Ending::of(&Event::StreamReplaced(StreamReplaced::builder().build()));
        let lost = Ending::Lost {
            code: 428,
            text: String::new(),
        };
        assert!(!lost.outweighs(replaced.as_ref()));
        assert!(replaced.expect("an ending").outweighs(Some(&lost)));
    }

    #[test]
    fn a_temporary_ban_ends_at_a_time_and_keeps_the_link() {
        let ban = Ending::TemporaryBan {
            seconds: 60,
            text: String::new(),
        };
        assert_eq!(
            ban.closing(now()).reason,
            CloseReason::Banned {
                until: Some(Timestamp::from_millis(61_000))
            }
        );
        assert!(!ban.ends_the_link());
        let event = Event::ConnectFailure(
            ConnectFailure::builder()
                .reason(ConnectFailureReason::ServiceUnavailable)
                .build(),
        );
        assert!(matches!(
            Ending::of(&event),
            Some(Ending::Lost { code: 503, .. })
        ));
    }
}
