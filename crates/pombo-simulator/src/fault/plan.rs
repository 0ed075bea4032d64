//! The rules in force, and what they decide.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::dice::Dice;
use super::rule::{Fault, FaultPoint, FaultRule, FaultRuleError};
use crate::connection::Peer;

/// How many strikes are remembered; older ones are forgotten first.
const REMEMBERED: usize = 10_000;

/// The rules in force.
#[derive(Debug)]
pub struct FaultPlan {
    seed: u64,
    /// No rules: nothing to look at, which is what nearly all stanzas find.
    idle: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next_id: u64,
    rules: Vec<Active>,
    strikes: VecDeque<Strike>,
    struck: u64,
}

#[derive(Debug)]
struct Active {
    id: u64,
    rule: FaultRule,
    struck: u64,
    /// Matches so far, per device.
    seen: HashMap<(String, u16), u64>,
}

/// A fault that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strike {
    /// Which one since the start, from 1.
    pub number: u64,
    /// The rule's id.
    pub rule: u64,
    /// Where.
    pub at: FaultPoint,
    /// Whose connection; empty before a login.
    pub account: String,
    /// Which device.
    pub device: u16,
    /// Which match of the rule and device, from 0.
    pub count: u64,
    /// The stanza's tag and id, or the media's path.
    pub what: String,
    /// What happened.
    pub fault: Fault,
}

/// How a connection ends.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    /// The socket closes.
    Close,
    /// Half a frame, then the socket closes.
    CloseMidFrame,
    /// This last stanza, then the socket closes.
    Stanza(Node),
}

/// What happens to one stanza.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    /// Before it goes on.
    pub delay: Duration,
    /// How often it goes on; 0 = never.
    pub copies: u32,
    /// After how many others.
    pub behind: u32,
    /// A wrong bit in the ciphertext.
    pub damage: bool,
    /// Frames that come before it.
    pub garbage: Vec<Vec<u8>>,
    /// How fast its bytes go.
    pub bytes_per_second: Option<u64>,
    /// A question gets this error, code and text, instead of being asked.
    pub refuse: Option<(u16, String)>,
    /// The connection ends, instead of the stanza.
    pub ending: Option<Ending>,
}

impl Default for Verdict {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            copies: 1,
            behind: 0,
            damage: false,
            garbage: Vec::new(),
            bytes_per_second: None,
            refuse: None,
            ending: None,
        }
    }
}

/// What happens to one HTTP request for media.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HttpVerdict {
    /// Before the answer begins.
    pub delay: Duration,
    /// This status instead.
    pub status: Option<u16>,
    /// The body ends after so many bytes, and with it the connection.
    pub cut: Option<u64>,
    /// How fast the body goes.
    pub bytes_per_second: Option<u64>,
}

impl FaultPlan {
    /// No rules yet. The seed decides how the dice fall.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            idle: AtomicBool::new(true),
            inner: Mutex::default(),
        }
    }

    /// What the dice depend on.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether there are no rules.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle.load(Ordering::Acquire)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule; answers its id. Ids count from 1, and the dice depend on them: the same rules in the same order replay.
    ///
    /// # Errors
    /// When the rule makes no sense.
    pub fn add(&self, rule: FaultRule) -> Result<u64, FaultRuleError> {
        rule.check()?;
        let mut inner = self.inner();
        inner.next_id += 1;
        let id = inner.next_id;
        inner.rules.push(Active {
            id,
            rule,
            struck: 0,
            seen: HashMap::new(),
        });
        self.idle.store(false, Ordering::Release);
        Ok(id)
    }

    /// Takes a rule back. `false` when there is none with this id.
    pub fn remove(&self, id: u64) -> bool {
        let mut inner = self.inner();
        let before = inner.rules.len();
        inner.rules.retain(|active| active.id != id);
        self.idle.store(inner.rules.is_empty(), Ordering::Release);
        inner.rules.len() != before
    }

    /// Takes all rules back. What happened stays written down.
    pub fn clear(&self) {
        let mut inner = self.inner();
        inner.rules.clear();
        self.idle.store(true, Ordering::Release);
    }

    /// The rules in force: id, rule, and how often it struck.
    #[must_use]
    pub fn rules(&self) -> Vec<(u64, FaultRule, u64)> {
        self.inner()
            .rules
            .iter()
            .map(|active| (active.id, active.rule.clone(), active.struck))
            .collect()
    }

    /// What happened, oldest first: at most the last 10,000.
    #[must_use]
    pub fn strikes(&self) -> Vec<Strike> {
        self.inner().strikes.iter().cloned().collect()
    }

    /// Every fault that strikes now, with its dice.
    fn strike(
        &self,
        at: FaultPoint,
        peer: &Peer,
        node: Option<&Node>,
        what: &dyn Fn() -> String,
    ) -> Vec<(Fault, Dice)> {
        let mut guard = self.inner();
        let inner = &mut *guard;
        let mut faults = Vec::new();
        for active in &mut inner.rules {
            let rule = &active.rule;
            if rule.at != at
                || rule.times.is_some_and(|times| active.struck >= times)
                || rule
                    .account
                    .as_ref()
                    .is_some_and(|account| *account != peer.phone_number)
                || rule.device.is_some_and(|device| device != peer.device)
                || !rule.stanza.matches(node)
            {
                continue;
            }
            let seen = active
                .seen
                .entry((peer.phone_number.clone(), peer.device))
                .or_default();
            let count = *seen;
            *seen += 1;
            let mut dice = Dice::new(self.seed, active.id, &peer.phone_number, peer.device, count);
            if count < rule.skip || !dice.happens(rule.probability) {
                continue;
            }
            active.struck += 1;
            inner.struck += 1;
            let strike = Strike {
                number: inner.struck,
                rule: active.id,
                at,
                account: peer.phone_number.clone(),
                device: peer.device,
                count,
                what: what(),
                fault: rule.fault.clone(),
            };
            tracing::debug!(rule = strike.rule, what = %strike.what, "fault: {:?}", strike.fault);
            if inner.strikes.len() == REMEMBERED {
                inner.strikes.pop_front();
            }
            inner.strikes.push_back(strike);
            faults.push((rule.fault.clone(), dice));
        }
        faults
    }

    /// What happens to a stanza, or to a login (without one).
    pub(crate) fn judge(&self, at: FaultPoint, peer: &Peer, node: Option<&Node>) -> Verdict {
        let what = || node.map_or_else(|| "login".to_owned(), describe);
        let mut verdict = Verdict::default();
        for (fault, mut dice) in self.strike(at, peer, node, &what) {
            verdict.add(fault, &mut dice);
        }
        verdict
    }

    /// What happens to an upload or a download.
    pub(crate) fn judge_http(&self, at: FaultPoint, path: &str) -> HttpVerdict {
        let nobody = Peer::default();
        let mut verdict = HttpVerdict::default();
        for (fault, mut dice) in self.strike(at, &nobody, None, &|| path.to_owned()) {
            match fault {
                Fault::Delay { ms, jitter_ms } => verdict.delay += delay(ms, jitter_ms, &mut dice),
                Fault::Status { status } => verdict.status = Some(status),
                Fault::CutBody { after } => verdict.cut = Some(after),
                Fault::Slow { bytes_per_second } => {
                    verdict.bytes_per_second = Some(bytes_per_second);
                }
                // `FaultRule::check` lets none of these in at a media point.
                Fault::Drop
                | Fault::Duplicate { .. }
                | Fault::Reorder { .. }
                | Fault::Close
                | Fault::CloseMidFrame
                | Fault::StreamError { .. }
                | Fault::Failure { .. }
                | Fault::DamageCiphertext
                | Fault::Refuse { .. }
                | Fault::Garbage { .. } => {}
            }
        }
        verdict
    }
}

impl Verdict {
    fn add(&mut self, fault: Fault, dice: &mut Dice) {
        match fault {
            Fault::Delay { ms, jitter_ms } => self.delay += delay(ms, jitter_ms, dice),
            Fault::Drop => self.copies = 0,
            Fault::Duplicate { copies } => {
                self.copies = self.copies.saturating_mul(copies.saturating_add(1));
            }
            Fault::Reorder { behind } => self.behind = self.behind.max(behind),
            Fault::Slow { bytes_per_second } => self.bytes_per_second = Some(bytes_per_second),
            Fault::DamageCiphertext => self.damage = true,
            Fault::Garbage { bytes } => self.garbage.push(dice.bytes(bytes as usize)),
            Fault::Refuse { code, text } => {
                self.refuse.get_or_insert((code, text));
            }
            // The first ending counts.
            Fault::Close => self.end(Ending::Close),
            Fault::CloseMidFrame => self.end(Ending::CloseMidFrame),
            Fault::StreamError { code, conflict } => {
                self.end(Ending::Stanza(stream_error(code, conflict)));
            }
            Fault::Failure {
                reason,
                code,
                expire,
            } => self.end(Ending::Stanza(failure(reason, code, expire))),
            // `FaultRule::check` lets neither in at a point of stanzas.
            Fault::Status { .. } | Fault::CutBody { .. } => {}
        }
    }

    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}

fn delay(ms: u64, jitter_ms: u64, dice: &mut Dice) -> Duration {
    Duration::from_millis(ms.saturating_add(dice.up_to(jitter_ms)))
}

fn describe(node: &Node) -> String {
    match node.attrs.get("id") {
        Some(id) => format!("{} {}", node.tag, id.as_str()),
        None => node.tag.to_string(),
    }
}

/// 440 is how clients name it when another connection took over; on the wire that is a conflict without a code.
fn stream_error(code: u16, conflict: Option<String>) -> Node {
    let error = NodeBuilder::new("stream:error");
    let (error, conflict) = match (code, conflict) {
        (440, conflict) => (
            error,
            Some(conflict.unwrap_or_else(|| "replaced".to_owned())),
        ),
        (code, conflict) => (error.attr("code", code.to_string()), conflict),
    };
    match conflict {
        Some(kind) => error
            .children([NodeBuilder::new("conflict").attr("type", kind).build()])
            .build(),
        None => error.build(),
    }
}

fn failure(reason: u16, code: Option<u16>, expire: Option<u64>) -> Node {
    let mut node = NodeBuilder::new("failure").attr("reason", reason.to_string());
    if let Some(code) = code {
        node = node.attr("code", code.to_string());
    }
    if let Some(expire) = expire {
        node = node.attr("expire", expire.to_string());
    }
    node.build()
}
