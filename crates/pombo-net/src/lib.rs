//! Outbound HTTP: the client, the addresses it may talk to, and when to try again.
//!
//! Everything that Pombo calls by URL (webhooks, chatbots, Chatwoot, media links) goes through [`OutboundClient`],
//! because many of these URLs are written by users: the client decides by the address it really connects to, not by the
//! name in the URL. This is the only crate that knows `reqwest`.
//!
//! It deliberately does not retry by itself: [`RetrySchedule`] only answers "when next?", so that the caller can write
//! the answer down and survive a restart. A proxy resolves names on its own, so that the [`OutboundPolicy`] cannot be kept for
//! them: only clients for hosts that no user writes have one.
//!
//! Start reading at [`client`], then [`policy`].

pub mod client;
pub mod policy;
pub mod retry;

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

pub use client::{
    Download, HostResolver, OutboundClient, OutboundConfig, OutboundError, OutboundProxy, Response,
    install_crypto_provider,
};
pub use policy::{OutboundPolicy, Refused, UnknownPolicy};
pub use retry::{
    Backoff, Growth, NextAttempt, RandomSource, RetryLimit, RetrySchedule, ThreadRandom,
    parse_retry_after,
};
