//! What goes wrong on purpose: what a bad network, or a server in a bad mood, does to a client.
//!
//! A [`FaultRule`] says where it strikes, whom, how often, and with what. The [`FaultPlan`] holds the rules, draws the dice
//! from the simulator's seed and writes down every strike, so that a failure can be replayed: the same seed, the same rules
//! and the same stanzas of a device give the same faults, whatever other devices do meanwhile. A `Lane` does to the
//! stanzas of one connection what was decided.
//!
//! Start reading at [`FaultRule`]. The rules know no connection: whoever owns one asks, and does what the verdict says.

mod damage;
mod dice;
mod lane;
mod plan;
mod rule;

pub use plan::{FaultPlan, Strike};
pub use rule::{Fault, FaultPoint, FaultRule, FaultRuleError, StanzaFilter};

pub(crate) use lane::{Emission, Lane};
pub(crate) use plan::{Ending, HttpVerdict, Verdict};

#[cfg(test)]
mod tests;
