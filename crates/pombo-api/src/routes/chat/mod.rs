//! `/chat/*` as far as it reads the database. What asks WhatsApp is in `not_built`.

mod fetch_profile_picture_url;
mod find_chat_by_remote_jid;
mod find_chats;
mod find_contacts;
mod find_messages;
mod find_status_message;
mod last_message;
mod paging;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/chat/fetchProfilePictureUrl/{instanceName}",
            200,
            "the picture of a number",
            fetch_profile_picture_url::fetch_profile_picture_url,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/findContacts/{instanceName}",
            200,
            "stored contacts",
            find_contacts::find_contacts,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/findMessages/{instanceName}",
            200,
            "stored messages, the newest first",
            find_messages::find_messages,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/findStatusMessage/{instanceName}",
            200,
            "how far messages have got",
            find_status_message::find_status_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/findChats/{instanceName}",
            200,
            "stored chats, the newest first",
            find_chats::find_chats,
        ),
        Route::of_instance(
            Method::Get,
            "/chat/findChatByRemoteJid/{instanceName}",
            200,
            "one stored chat, or null",
            find_chat_by_remote_jid::find_chat_by_remote_jid,
        ),
    ]
}
