//! Stickers: 512 by 512 pixels of WebP, with nothing around what does not fill them.
//!
//! Still pictures and animations are both made here, without a C library: frames are encoded one by one and put into the
//! container. Only films need ffmpeg, which turns them into an animation first.

mod animation;
mod container;
mod encode;
mod frames;

pub(crate) use container::Facts;
pub(crate) use encode::{convert, convert_raw, describe_finished};
pub(crate) use frames::RAW_PER_SECOND;

/// Width and height of a sticker.
pub(crate) const SIDE: u32 = 512;

/// What WhatsApp asks of a still sticker.
const STILL_BYTES: usize = 100 * 1024;

/// What WhatsApp asks of an animated sticker.
const ANIMATED_BYTES: usize = 500 * 1024;

/// How long an animation is, in seconds; what comes later is cut off.
pub(crate) const LONGEST_SECONDS: u32 = 10;

#[cfg(test)]
mod tests;
