//! What can be sent: one builder for each kind of message, and wrappers that go around any of them.
//!
//! All of it is plain protobuf, built without a phone; what must be encrypted for another message (votes, encrypted edits and
//! reactions, answers to events, comments) is asked of the phone, which has that message: see [`super::VirtualPhone`].

mod business;
mod file;
mod interactive;
mod place;
mod poll;
mod target;
mod text;
mod wrapper;

pub use business::{
    Product, group_invite, newsletter_follower_invite, newsletter_invite, order, placeholder,
    product, request_phone_number,
};
pub use file::{
    Picture, album, audio, document, document_with_caption, gif, image, in_album, lottie_sticker,
    ptv, sticker, sticker_pack, video, voice_note,
};
pub use interactive::{
    ListSection, button_response, buttons, interactive_response, list, list_response, native_flow,
    template, template_reply,
};
pub use place::{Place, contact, contacts, event, live_location, location};
pub use poll::{PollVersion, poll};
pub use target::{edit, edit_plain, expire_chat, keep, pin, reaction, revoke, unkeep, unpin};
pub use text::{LinkPreview, link, plain, styled, text};
pub use wrapper::{
    ViewOnce, ephemeral, forwarded, in_context, mentioning, quoting, view_once, with_secret,
};
