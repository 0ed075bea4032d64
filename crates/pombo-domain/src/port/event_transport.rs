//! Ways out that are retried until they succeed.

use std::time::Duration;

use async_trait::async_trait;

use crate::event::Event;
use crate::subscription::{Subscription, TransportKind};

/// What came of a delivery that worked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The receiver's status code, where it has one.
    pub status: Option<u16>,
}

/// Why a delivery did not work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DeliveryError {
    /// The receiver cannot be reached, whatever the event is: the line waits for it, and nothing of the schedule is used up.
    #[error("{reason}")]
    Unreachable {
        /// For people; holds no secret.
        reason: String,
    },
    /// Worth another try, not before `after` when the receiver said so.
    #[error("{reason}")]
    Retry {
        /// For people; holds no secret.
        reason: String,
        /// The receiver's status code, where it has one.
        status: Option<u16>,
        /// The receiver asked for this much patience.
        after: Option<Duration>,
    },
    /// Another try would end the same.
    #[error("{reason}")]
    Permanent {
        /// For people; holds no secret.
        reason: String,
        /// The receiver's status code, where it has one.
        status: Option<u16>,
    },
    /// The receiver is gone for good (HTTP 410): the subscription is to be switched off.
    #[error("the receiver answered that it is gone for good")]
    Gone,
}

/// Delivers one event to one subscription: one attempt, bounded in time by the transport itself. The caller retries, keeps
/// the order and has no more than [`EventTransport::in_flight`] deliveries of a subscription's line under way (retries beside
/// the line aside).
#[async_trait]
pub trait EventTransport: Send + Sync {
    /// Which transport.
    fn kind(&self) -> TransportKind;

    /// How many deliveries of one line may be under way at once. More than one only where receivers get events in the order in
    /// which `deliver` was first polled, whenever the confirmations come; and where none arrives behind one that was
    /// [`DeliveryError::Unreachable`] while that is not known yet.
    fn in_flight(&self) -> usize {
        1
    }

    /// One attempt; `attempt` counts from 1. The envelope is `event.envelope(..)`, already encoded.
    ///
    /// # Errors
    /// [`DeliveryError`] says what the caller is to do next.
    async fn deliver(
        &self,
        event: &Event,
        envelope: &[u8],
        subscription: &Subscription,
        attempt: u32,
    ) -> Result<Delivered, DeliveryError>;
}
