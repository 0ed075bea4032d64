//! `/baileys/*`: the protocol itself, for voice-call add-ons. Their twin on Socket.IO is `sendNode`.
//!
//! What the channel cannot do is said before anything is asked of the body, as in the original.

mod assert_sessions;
mod create_participant_nodes;
mod decrypt_message;
mod generate_message_tag;
mod get_auth_state;
mod get_usync_devices;
mod on_whatsapp;
mod profile_picture_url;
mod reset_sessions;
mod send_node;

use super::{Method, Route};
use crate::error::ApiError;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/baileys/onWhatsapp/{instanceName}",
            200,
            "is this JID on WhatsApp?",
            on_whatsapp::on_whatsapp,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/profilePictureUrl/{instanceName}",
            200,
            "a picture's address",
            profile_picture_url::profile_picture_url,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/assertSessions/{instanceName}",
            200,
            "sessions with all devices of people",
            assert_sessions::assert_sessions,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/createParticipantNodes/{instanceName}",
            200,
            "a message, encrypted for all devices of people",
            create_participant_nodes::create_participant_nodes,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/getUSyncDevices/{instanceName}",
            200,
            "the devices of people",
            get_usync_devices::get_usync_devices,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/generateMessageTag/{instanceName}",
            200,
            "an id for a stanza",
            generate_message_tag::generate_message_tag,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/sendNode/{instanceName}",
            200,
            "send a stanza as it is",
            send_node::send_node,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/signalRepositoryDecryptMessage/{instanceName}",
            200,
            "decrypt what a device sent",
            decrypt_message::decrypt_message,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/getAuthState/{instanceName}",
            200,
            "the account and what its phone signed",
            get_auth_state::get_auth_state,
        ),
        Route::of_instance(
            Method::Post,
            "/baileys/resetSessions/{instanceName}",
            200,
            "new sessions with the account's own phone",
            reset_sessions::reset_sessions,
        ),
    ]
}

/// A member of the body that the route cannot do without.
fn required<T>(name: &str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::bad_request(format!("instance requires property \"{name}\"")))
}
