//! `/chat/*`: what is stored, what WhatsApp knows, and what is done with messages, people and chats.

mod archive_chat;
mod delete_message_for_everyone;
mod delete_message_for_me;
mod fetch_business_profile;
mod fetch_privacy_settings;
mod fetch_profile;
mod fetch_profile_picture_url;
mod find_chat_by_remote_jid;
mod find_chats;
mod find_contacts;
mod find_messages;
mod find_status_message;
mod get_base64_from_media_message;
mod given_message;
mod keep_message;
mod last_message;
mod mark_chat_unread;
mod mark_message_as_played;
mod mark_message_as_read;
mod message_info;
mod mute_chat;
mod own;
mod paging;
mod pin_chat;
mod pin_message;
mod raw_message;
mod remove_profile_picture;
mod send_presence;
mod star_message;
mod update_block_status;
mod update_message;
mod update_privacy_settings;
mod update_profile_name;
mod update_profile_picture;
mod update_profile_status;
mod whatsapp_numbers;

pub(super) use own::own_or;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/chat/whatsappNumbers/{instanceName}",
            200,
            "who is on WhatsApp",
            whatsapp_numbers::whatsapp_numbers,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/markMessageAsRead/{instanceName}",
            201,
            "blue ticks",
            mark_message_as_read::mark_message_as_read,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/archiveChat/{instanceName}",
            201,
            "archive a chat",
            archive_chat::archive_chat,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/markChatUnread/{instanceName}",
            201,
            "mark a chat unread",
            mark_chat_unread::mark_chat_unread,
        ),
        Route::of_instance(
            Method::Delete,
            "/chat/deleteMessageForEveryone/{instanceName}",
            201,
            "delete a message for everyone",
            delete_message_for_everyone::delete_message_for_everyone,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/getBase64FromMediaMessage/{instanceName}",
            201,
            "a message's file",
            get_base64_from_media_message::get_base64_from_media_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updateMessage/{instanceName}",
            200,
            "edit a message",
            update_message::update_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/sendPresence/{instanceName}",
            201,
            "typing...",
            send_presence::send_presence,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updateBlockStatus/{instanceName}",
            201,
            "block or unblock",
            update_block_status::update_block_status,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/fetchBusinessProfile/{instanceName}",
            200,
            "a business profile",
            fetch_business_profile::fetch_business_profile,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/fetchProfile/{instanceName}",
            200,
            "a profile",
            fetch_profile::fetch_profile,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updateProfileName/{instanceName}",
            200,
            "own name",
            update_profile_name::update_profile_name,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updateProfileStatus/{instanceName}",
            200,
            "own status line",
            update_profile_status::update_profile_status,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updateProfilePicture/{instanceName}",
            200,
            "own picture",
            update_profile_picture::update_profile_picture,
        ),
        Route::of_instance(
            Method::Delete,
            "/chat/removeProfilePicture/{instanceName}",
            200,
            "remove the own picture",
            remove_profile_picture::remove_profile_picture,
        ),
        Route::of_instance(
            Method::Get,
            "/chat/fetchPrivacySettings/{instanceName}",
            200,
            "privacy settings",
            fetch_privacy_settings::fetch_privacy_settings,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/updatePrivacySettings/{instanceName}",
            201,
            "change privacy",
            update_privacy_settings::update_privacy_settings,
        ),
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
        Route::of_instance(
            Method::Post,
            "/chat/pinMessage/{instanceName}",
            201,
            "pin a message for everyone",
            pin_message::pin_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/starMessage/{instanceName}",
            201,
            "star a message",
            star_message::star_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/keepMessage/{instanceName}",
            201,
            "keep a message that would disappear",
            keep_message::keep_message,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/markMessageAsPlayed/{instanceName}",
            201,
            "blue microphones",
            mark_message_as_played::mark_message_as_played,
        ),
        Route::of_instance(
            Method::Delete,
            "/chat/deleteMessageForMe/{instanceName}",
            201,
            "delete a message on the own devices alone",
            delete_message_for_me::delete_message_for_me,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/messageInfo/{instanceName}",
            200,
            "who got, read and played a message",
            message_info::message_info,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/pinChat/{instanceName}",
            201,
            "pin a chat above others",
            pin_chat::pin_chat,
        ),
        Route::of_instance(
            Method::Post,
            "/chat/muteChat/{instanceName}",
            201,
            "silence a chat",
            mute_chat::mute_chat,
        ),
    ]
}
