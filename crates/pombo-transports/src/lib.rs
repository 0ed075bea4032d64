//! The ways out for events: Socket.IO, the native WebSocket, and the webhook.
//!
//! Each transport has a folder of its own with `mod`, `config`, `transport` and `tests`. The two live transports share
//! `replay`: how a client that comes back catches up with the log without a gap or a repetition. What is
//! *not* here: who wants which event (`pombo-core`), the retry of failed deliveries (`pombo-core`), and the HTTP listener
//! (`pombo-server`). Start reading at [`socketio`].
#![forbid(unsafe_code)]

pub mod metrics;
mod replay;
pub mod socketio;
pub mod webhook;
pub mod websocket;
