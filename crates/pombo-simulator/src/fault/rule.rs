//! One rule: where, whom, how often, what.

use serde::{Deserialize, Serialize};
use wacore_binary::Node;

/// Where a rule strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultPoint {
    /// A stanza on its way to a client.
    ToClient,
    /// A stanza that came from a client, before the server looks at it.
    FromClient,
    /// A login, after the handshake and before the first stanza.
    Login,
    /// An upload of media over HTTP.
    Upload,
    /// A download of media over HTTP.
    Download,
}

/// Which stanzas; what is absent matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StanzaFilter {
    /// The tag: `message`, `receipt`, `iq`, ...
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its attribute `type`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its attribute `xmlns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xmlns: Option<String>,
    /// A child that it must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
}

impl StanzaFilter {
    /// Every stanza with this tag.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self {
            tag: Some(tag.to_owned()),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn matches(&self, node: Option<&Node>) -> bool {
        let Some(node) = node else {
            return self.is_empty();
        };
        let attribute = |name: &str, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                node.attrs
                    .get(name)
                    .is_some_and(|value| value.as_str() == wanted.as_str())
            })
        };
        self.tag.as_ref().is_none_or(|tag| *tag == node.tag)
            && attribute("type", &self.kind)
            && attribute("xmlns", &self.xmlns)
            && self
                .child
                .as_ref()
                .is_none_or(|child| node.get_optional_child(child).is_some())
    }
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// It comes later, and what follows waits behind it.
    Delay {
        /// At least this long.
        ms: u64,
        /// Plus a part of this, drawn.
        #[serde(default)]
        jitter_ms: u64,
    },
    /// It never comes.
    Drop,
    /// It comes more than once.
    Duplicate {
        /// How many more times.
        copies: u32,
    },
    /// It comes after the stanzas that follow it.
    Reorder {
        /// After how many of them; after a short wait when fewer come.
        behind: u32,
    },
    /// The connection ends instead, without a word.
    Close,
    /// Half of the frame comes, then the connection ends.
    CloseMidFrame,
    /// `<stream:error>` comes instead, and the connection ends.
    StreamError {
        /// `code`: 401, 403, 409, 440, 500, 503, 515, 516, ...
        code: u16,
        /// `<conflict type>`: `replaced`, `device_removed`. With 440 and nothing else said it is `replaced`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<String>,
    },
    /// `<failure>` answers a login, and the connection ends.
    Failure {
        /// `reason`: 401 logged out, 402 banned for a time, 403 locked, 405 client outdated, 500, 503, ...
        reason: u16,
        /// `code` of a ban.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        /// `expire` of a ban, in seconds from now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expire: Option<u64>,
    },
    /// Bytes trickle: a slow server.
    Slow {
        /// How many a second.
        bytes_per_second: u64,
    },
    /// One bit of the first ciphertext in it is wrong.
    DamageCiphertext,
    /// A frame of random bytes comes first; no key fits it.
    Garbage {
        /// How many bytes.
        bytes: u32,
    },
    /// The question is answered with this error, and the network never sees it. What is no question goes on.
    Refuse {
        /// `code`: 403, 404, 429, 500, ...
        code: u16,
        /// `text`: `rate-overlimit`, ...
        #[serde(default)]
        text: String,
    },
    /// Media only: this status instead of an answer.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
    },
    /// Media only: the connection ends after this many bytes of the body.
    CutBody {
        /// How many.
        after: u64,
    },
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// Where.
    pub at: FaultPoint,
    /// The account's phone number; absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The device's number; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<u16>,
    /// Which stanzas.
    #[serde(default, skip_serializing_if = "StanzaFilter::is_empty")]
    pub stanza: StanzaFilter,
    /// How many matches of a device pass first.
    #[serde(default)]
    pub skip: u64,
    /// How often it strikes, over all devices; absent: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Of each match, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// What happens.
    pub fault: Fault,
}

const fn always() -> f64 {
    1.0
}

/// Why a rule makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultRuleError {
    /// Not a probability.
    #[error("`probability` must be between 0 and 1")]
    Probability,
    /// Such a fault cannot happen there.
    #[error("`{fault}` cannot happen at `{at}`")]
    Misplaced {
        /// The fault's kind.
        fault: &'static str,
        /// The point's name.
        at: &'static str,
    },
    /// A number outside its range.
    #[error("`{0}` is out of range")]
    Range(&'static str),
}

impl FaultRule {
    /// A rule that strikes every match, for everybody.
    #[must_use]
    pub fn new(at: FaultPoint, fault: Fault) -> Self {
        Self {
            at,
            account: None,
            device: None,
            stanza: StanzaFilter::default(),
            skip: 0,
            times: None,
            probability: 1.0,
            fault,
        }
    }

    /// Only this account.
    #[must_use]
    pub fn account(mut self, number: &str) -> Self {
        self.account = Some(number.to_owned());
        self
    }

    /// Only this device.
    #[must_use]
    pub fn device(mut self, device: u16) -> Self {
        self.device = Some(device);
        self
    }

    /// Only these stanzas.
    #[must_use]
    pub fn stanza(mut self, stanza: StanzaFilter) -> Self {
        self.stanza = stanza;
        self
    }

    /// At most so many strikes.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// The first ones pass.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// Not always.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// # Errors
    /// When it could never do what it says.
    pub fn check(&self) -> Result<(), FaultRuleError> {
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(FaultRuleError::Probability);
        }
        let misplaced = |fault| {
            Err(FaultRuleError::Misplaced {
                fault,
                at: self.at.name(),
            })
        };
        let media = matches!(self.at, FaultPoint::Upload | FaultPoint::Download);
        let stanzas = matches!(self.at, FaultPoint::ToClient | FaultPoint::FromClient);
        match &self.fault {
            Fault::Delay { ms, jitter_ms } => {
                in_range("ms", ms.saturating_add(*jitter_ms), 0..=600_000)
            }
            Fault::Drop if !stanzas => misplaced("drop"),
            Fault::Drop => Ok(()),
            Fault::Duplicate { .. } if !stanzas => misplaced("duplicate"),
            Fault::Duplicate { copies } => in_range("copies", u64::from(*copies), 1..=1000),
            Fault::Reorder { .. } if !stanzas => misplaced("reorder"),
            Fault::Reorder { behind } => in_range("behind", u64::from(*behind), 1..=1000),
            Fault::Close if media => misplaced("close"),
            Fault::Close => Ok(()),
            Fault::CloseMidFrame if self.at != FaultPoint::ToClient => misplaced("closeMidFrame"),
            Fault::CloseMidFrame => Ok(()),
            Fault::StreamError { .. } if media => misplaced("streamError"),
            Fault::StreamError { code, .. } => in_range("code", u64::from(*code), 100..=999),
            Fault::Failure { .. } if self.at != FaultPoint::Login => misplaced("failure"),
            Fault::Failure { reason, .. } => in_range("reason", u64::from(*reason), 100..=999),
            Fault::Slow { .. }
                if !matches!(self.at, FaultPoint::ToClient | FaultPoint::Download) =>
            {
                misplaced("slow")
            }
            Fault::Slow { bytes_per_second } => {
                in_range("bytesPerSecond", *bytes_per_second, 1..=u64::MAX)
            }
            Fault::DamageCiphertext if !stanzas => misplaced("damageCiphertext"),
            Fault::DamageCiphertext => Ok(()),
            Fault::Garbage { .. } if self.at != FaultPoint::ToClient => misplaced("garbage"),
            Fault::Garbage { bytes } => in_range("bytes", u64::from(*bytes), 1..=1 << 20),
            Fault::Refuse { .. } if self.at != FaultPoint::FromClient => misplaced("refuse"),
            Fault::Refuse { code, .. } => in_range("code", u64::from(*code), 100..=999),
            Fault::Status { .. } if !media => misplaced("status"),
            Fault::Status { status } => in_range("status", u64::from(*status), 400..=599),
            Fault::CutBody { .. } if !media => misplaced("cutBody"),
            Fault::CutBody { .. } => Ok(()),
        }
    }
}

fn in_range(
    name: &'static str,
    value: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Result<(), FaultRuleError> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(FaultRuleError::Range(name))
    }
}

impl FaultPoint {
    /// As in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ToClient => "toClient",
            Self::FromClient => "fromClient",
            Self::Login => "login",
            Self::Upload => "upload",
            Self::Download => "download",
        }
    }
}
