//! What a phone does with what is delivered to it.
//!
//! `dispatch` says what is what; `message` decrypts and shows, `receipt` moves ticks, `retry` asks for messages again and sends
//! them again, `moment` is what matters only now: typing and calls; `post` shows newsletters.

mod dispatch;
mod message;
mod moment;
mod post;
mod receipt;
mod retry;
