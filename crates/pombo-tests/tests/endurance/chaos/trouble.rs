//! What goes wrong, one thing after the other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule, StanzaFilter};

use super::stage::Stage;

/// Seeded chance: the same seed makes the same order of events.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to, but without, `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }
}

/// The trouble so far.
pub(super) struct Trouble {
    dice: Dice,
    happened: BTreeMap<&'static str, usize>,
    /// What happened when: a line for each, milliseconds since the epoch.
    timeline: Vec<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<_> = self
            .happened
            .iter()
            .map(|(what, times)| format!("{times} x {what}"))
            .collect();
        formatter.write_str(&list.join(", "))
    }
}

impl Trouble {
    pub(super) fn new(dice: Dice) -> Self {
        Self {
            dice,
            happened: BTreeMap::new(),
            timeline: Vec::new(),
        }
    }

    /// Lets the chat go on for a while, and then something happens.
    pub(super) async fn next(&mut self, stage: &mut Stage) {
        tokio::time::sleep(Duration::from_millis(300 + self.dice.below(1500))).await;
        let mood = u8::try_from(self.dice.below(4)).unwrap_or(0);
        stage.mood.store(mood, Ordering::Relaxed);
        let what = match self.dice.below(10) {
            0 | 1 => {
                stage.restart_server(true).await;
                "server killed"
            }
            2 => {
                stage.restart_server(false).await;
                "server stopped"
            }
            3 => {
                stage.restart_network().await;
                "network restarted"
            }
            _ => self.fault(stage).await,
        };
        *self.happened.entry(what).or_default() += 1;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default().as_millis();
        self.timeline.push(format!("until {now}: {what}"));
    }

    /// One line after the other.
    pub(super) fn timeline(&self) -> String {
        self.timeline.join("\n")
    }

    /// Everything works again.
    pub(super) async fn over(&mut self, stage: &mut Stage) {
        stage.mood.store(0, Ordering::Relaxed);
        if let Some(network) = &*stage.network.read().await {
            network.faults().clear();
        }
    }

    /// Rules that take effect now and then, in the place of those before.
    async fn fault(&mut self, stage: &Stage) -> &'static str {
        let seldom = 0.02 + f64::from(u32::try_from(self.dice.below(8)).unwrap_or(0)) / 100.0;
        let message = || StanzaFilter::tag("message");
        let to = |fault| FaultRule::new(FaultPoint::ToClient, fault);
        let from = |fault| FaultRule::new(FaultPoint::FromClient, fault);
        let (what, rules) = match self.dice.below(10) {
            0 => (
                "everybody dropped",
                vec![to(Fault::Close).times(40), from(Fault::Close).times(5)],
            ),
            1 => (
                "cut in the middle",
                vec![to(Fault::CloseMidFrame).probability(seldom)],
            ),
            2 => (
                "dropped before it is read",
                vec![from(Fault::Close).stanza(message()).probability(seldom)],
            ),
            3 => (
                "stream errors",
                vec![
                    to(Fault::StreamError {
                        code: 503,
                        conflict: None,
                    })
                    .probability(seldom),
                    to(Fault::StreamError {
                        code: 515,
                        conflict: None,
                    })
                    .probability(seldom / 2.0),
                ],
            ),
            4 => (
                "logins refused",
                vec![
                    to(Fault::Close).times(20),
                    FaultRule::new(
                        FaultPoint::Login,
                        Fault::Failure {
                            reason: 503,
                            code: None,
                            expire: None,
                        },
                    )
                    .times(10),
                ],
            ),
            5 => (
                "damaged messages",
                vec![
                    to(Fault::DamageCiphertext)
                        .stanza(message())
                        .probability(seldom),
                ],
            ),
            6 => (
                "doubled messages",
                vec![
                    to(Fault::Duplicate { copies: 2 })
                        .stanza(message())
                        .probability(0.2),
                ],
            ),
            7 => (
                "other order",
                vec![
                    to(Fault::Reorder { behind: 2 })
                        .stanza(message())
                        .probability(0.2),
                ],
            ),
            8 => (
                "slow network",
                vec![
                    to(Fault::Delay {
                        ms: 20,
                        jitter_ms: 200,
                    })
                    .probability(0.3),
                ],
            ),
            _ => (
                "random bytes",
                vec![to(Fault::Garbage { bytes: 64 }).probability(seldom)],
            ),
        };
        if let Some(network) = &*stage.network.read().await {
            network.faults().clear();
            for rule in rules {
                network.faults().add(rule).expect("a rule that makes sense");
            }
        }
        what
    }
}
