//! Media: what clients and phones upload, kept for a while and handed out again.
//!
//! The store knows no keys: what it gets is ciphertext, except of channels (newsletters), pictures and products. It checks
//! what the real servers check: that the uploader was let in (`auth`, handed out by `media_conn`), and that the bytes have
//! the hash under which they were announced. Bytes beyond [`MediaSettings::memory_limit`] are on disk, and neither direction
//! ever holds a whole file.
//!
//! `POST /mms/<kind>/<token>` (`http::upload`), `GET /v/...` (`http::download`); start reading at [`MediaStore`].

mod auth;
mod content;
mod http;
mod kind;
mod range;
mod receive;
mod store;

pub use kind::MediaKind;
pub use store::{MediaError, MediaInfo, MediaSettings, MediaSnapshot, MediaStore, StoredMedia};

pub(crate) use http::router;

#[cfg(test)]
mod tests;
