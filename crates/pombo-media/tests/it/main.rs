//! The whole way of a file, from its source to what a message says about it: with real servers and, where it is installed,
//! a real ffmpeg.

#![expect(clippy::unwrap_used, reason = "the helpers are tests too")]

mod films;
mod foreign_sound;
mod kit;
mod pictures;
mod previews;
mod sources;
mod without_ffmpeg;
