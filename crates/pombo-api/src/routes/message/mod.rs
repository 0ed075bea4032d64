//! `/message/*` and `/call/*`: everything that is sent.

mod call_offer;
pub(super) mod emoji;
mod forward_message;
mod media_source;
mod options;
mod send;
mod send_album;
mod send_audio;
mod send_buttons;
mod send_carousel;
mod send_contact;
mod send_list;
mod send_location;
mod send_media;
mod send_poll;
mod send_ptv;
mod send_reaction;
mod send_status;
mod send_sticker;
mod send_template;
mod send_text;

pub(super) use media_source::Source;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/message/sendTemplate/{instanceName}",
            201,
            "a Cloud API template",
            send_template::send_template,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendText/{instanceName}",
            201,
            "a text",
            send_text::send_text,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendMedia/{instanceName}",
            201,
            "a picture, film, sound or document",
            send_media::send_media,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendPtv/{instanceName}",
            201,
            "a round video",
            send_ptv::send_ptv,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendWhatsAppAudio/{instanceName}",
            201,
            "a voice note",
            send_audio::send_audio,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendStatus/{instanceName}",
            201,
            "a status",
            send_status::send_status,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendSticker/{instanceName}",
            201,
            "a sticker",
            send_sticker::send_sticker,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendLocation/{instanceName}",
            201,
            "a place",
            send_location::send_location,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendContact/{instanceName}",
            201,
            "one or more contact cards",
            send_contact::send_contact,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendReaction/{instanceName}",
            201,
            "an emoji on a message",
            send_reaction::send_reaction,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendPoll/{instanceName}",
            201,
            "a poll",
            send_poll::send_poll,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendList/{instanceName}",
            201,
            "a list to choose from",
            send_list::send_list,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendButtons/{instanceName}",
            201,
            "a text with buttons",
            send_buttons::send_buttons,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendCarousel/{instanceName}",
            201,
            "cards side by side",
            send_carousel::send_carousel,
        ),
        Route::of_instance(
            Method::Post,
            "/message/sendAlbum/{instanceName}",
            201,
            "pictures and films that belong together",
            send_album::send_album,
        ),
        Route::of_instance(
            Method::Post,
            "/message/forwardMessage/{instanceName}",
            201,
            "pass a message on",
            forward_message::forward_message,
        ),
        Route::of_instance(
            Method::Post,
            "/call/offer/{instanceName}",
            201,
            "ring at somebody's phone",
            call_offer::call_offer,
        ),
    ]
}
