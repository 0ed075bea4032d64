//! What these routes ask of a body.

use crate::schema::{Pattern, Schema};

fn text() -> Schema {
    Schema::string()
}

/// A number that the original has no better word for than this when it is not a text.
fn number() -> Schema {
    Schema::string().describe("Invalid format")
}

fn list_of(item: Schema) -> Schema {
    Schema::array().min_items(1).unique().items(item)
}

/// `{id, fromMe, remoteJid}`, all of them.
fn message_key() -> Schema {
    Schema::object()
        .property("id", text())
        .property("fromMe", Schema::strict_boolean())
        .property("remoteJid", text())
        .required(&["id", "fromMe", "remoteJid"])
        .not_empty(&["id", "remoteJid"])
}

pub(in crate::routes) fn anything() -> Schema {
    Schema::object()
}

pub(in crate::routes) fn numbers() -> Schema {
    let number = text()
        .pattern(Pattern::NumberOrStatus)
        .describe("\"numbers\" must be an array of numeric strings");
    Schema::object().property("numbers", list_of(number))
}

pub(in crate::routes) fn read_messages() -> Schema {
    Schema::object()
        .property("readMessages", list_of(message_key()))
        .required(&["readMessages"])
}

fn last_message() -> Schema {
    Schema::object()
        .property("key", message_key())
        .property("messageTimestamp", Schema::integer())
        .required(&["key"])
}

pub(in crate::routes) fn archive() -> Schema {
    Schema::object()
        .property("chat", text())
        .property("lastMessage", last_message())
        .property("archive", Schema::strict_boolean())
        .required(&["archive"])
}

pub(in crate::routes) fn unread() -> Schema {
    Schema::object()
        .property("chat", text())
        .property("lastMessage", last_message())
        .required(&["lastMessage"])
}

pub(in crate::routes) fn delete_message() -> Schema {
    Schema::object()
        .property("id", text())
        .property("fromMe", Schema::strict_boolean())
        .properties(&["remoteJid", "participant"], &text())
        .required(&["id", "fromMe", "remoteJid"])
        .not_empty(&["id", "remoteJid", "participant"])
}

/// Seconds for which phones pin a message.
const PIN_DURATIONS: [i64; 3] = [86_400, 604_800, 2_592_000];

pub(in crate::routes) fn pin_message() -> Schema {
    Schema::object()
        .property("key", message_key())
        .property("pin", Schema::strict_boolean())
        .property("duration", Schema::number().one_of_numbers(&PIN_DURATIONS))
        .required(&["key"])
}

pub(in crate::routes) fn star_message() -> Schema {
    Schema::object()
        .property("key", message_key())
        .property("star", Schema::strict_boolean())
        .required(&["key", "star"])
}

pub(in crate::routes) fn keep_message() -> Schema {
    Schema::object()
        .property("key", message_key())
        .property("keep", Schema::strict_boolean())
        .required(&["key", "keep"])
}

pub(in crate::routes) fn played_messages() -> Schema {
    Schema::object()
        .property("playedMessages", list_of(message_key()))
        .required(&["playedMessages"])
}

pub(in crate::routes) fn message_id() -> Schema {
    let key = Schema::object()
        .property("id", text())
        .required(&["id"])
        .not_empty(&["id"]);
    Schema::object().property("key", key).required(&["key"])
}

pub(in crate::routes) fn pin_chat() -> Schema {
    Schema::object()
        .property("chat", text())
        .property("pin", Schema::strict_boolean())
        .required(&["chat", "pin"])
        .not_empty(&["chat"])
}

pub(in crate::routes) fn mute_chat() -> Schema {
    Schema::object()
        .property("chat", text())
        .property("mute", Schema::strict_boolean())
        .property(
            "duration",
            Schema::integer().minimum(1).maximum(315_360_000),
        )
        .required(&["chat", "mute"])
        .not_empty(&["chat"])
}

pub(in crate::routes) fn update_message() -> Schema {
    Schema::object()
        .properties(&["number", "text"], &text())
        .property("key", message_key())
        .not_empty(&["number", "text", "key"])
}

pub(in crate::routes) fn presence() -> Schema {
    Schema::object()
        .property("number", number())
        .property("delay", Schema::number())
        .property(
            "presence",
            text().one_of(&[
                "unavailable",
                "available",
                "composing",
                "recording",
                "paused",
            ]),
        )
        .required(&["number", "presence", "delay"])
}

pub(in crate::routes) fn block() -> Schema {
    Schema::object()
        .property("number", text())
        .property("status", text().one_of(&["block", "unblock"]))
        .required(&["number", "status"])
        .not_empty(&["number", "status"])
}

pub(in crate::routes) fn profile_number() -> Schema {
    Schema::object().property("number", text())
}

pub(in crate::routes) fn profile_name() -> Schema {
    Schema::object()
        .property("name", text())
        .not_empty(&["name"])
}

pub(in crate::routes) fn profile_status() -> Schema {
    Schema::object()
        .property("status", text())
        .not_empty(&["status"])
}

pub(in crate::routes) fn profile_picture() -> Schema {
    Schema::object().property("picture", text())
}

pub(in crate::routes) fn privacy() -> Schema {
    let whom = text().one_of(&["all", "contacts", "contact_blacklist", "none"]);
    Schema::object()
        .property("readreceipts", text().one_of(&["all", "none"]))
        .properties(&["profile", "status"], &whom)
        .property("online", text().one_of(&["all", "match_last_seen"]))
        .properties(&["last", "groupadd"], &whom)
        .required(&[
            "readreceipts",
            "profile",
            "status",
            "online",
            "last",
            "groupadd",
        ])
}

pub(in crate::routes) fn catalog() -> Schema {
    Schema::object()
        .property("number", text())
        .property("limit", Schema::number())
}

/// Numbers of a group's members.
fn participants() -> Schema {
    list_of(
        text()
            .min_length(10)
            .pattern(Pattern::Digits)
            .describe("\"participants\" must be an array of numeric strings"),
    )
}

pub(in crate::routes) fn group_create() -> Schema {
    Schema::object()
        .properties(&["subject", "description", "profilePicture"], &text())
        .property("promoteParticipants", Schema::strict_boolean())
        .property("participants", participants())
        .required(&["subject", "participants"])
        .not_empty(&["subject", "description", "profilePicture"])
}

pub(in crate::routes) fn group_jid() -> Schema {
    Schema::object()
        .property("groupJid", text().pattern(Pattern::GroupJid))
        .required(&["groupJid"])
        .not_empty(&["groupJid"])
}

pub(in crate::routes) fn group_subject() -> Schema {
    Schema::object()
        .properties(&["groupJid", "subject"], &text())
        .required(&["groupJid", "subject"])
        .not_empty(&["groupJid", "subject"])
}

pub(in crate::routes) fn group_image() -> Schema {
    Schema::object()
        .properties(&["groupJid", "image"], &text())
        .required(&["groupJid", "image"])
        .not_empty(&["groupJid", "image"])
}

pub(in crate::routes) fn group_description() -> Schema {
    Schema::object()
        .properties(&["groupJid", "description"], &text())
        .required(&["groupJid", "description"])
        .not_empty(&["groupJid", "description"])
}

pub(in crate::routes) fn get_participants() -> Schema {
    Schema::object()
        .property("getParticipants", text().one_of(&["true", "false"]))
        .required(&["getParticipants"])
        .not_empty(&["getParticipants"])
}

pub(in crate::routes) fn invite_code() -> Schema {
    Schema::object()
        .property("inviteCode", text().pattern(Pattern::InviteCode))
        .required(&["inviteCode"])
        .not_empty(&["inviteCode"])
}

pub(in crate::routes) fn send_invite() -> Schema {
    let number = text()
        .min_length(10)
        .pattern(Pattern::Digits)
        .describe("\"numbers\" must be an array of numeric strings");
    Schema::object()
        .properties(&["groupJid", "description"], &text())
        .property("numbers", list_of(number))
        .required(&["groupJid", "description", "numbers"])
        .not_empty(&["groupJid", "description", "numbers"])
}

pub(in crate::routes) fn group_participants() -> Schema {
    Schema::object()
        .property("groupJid", text())
        .property(
            "action",
            text().one_of(&["add", "remove", "promote", "demote"]),
        )
        .property("participants", participants())
        .required(&["groupJid", "action", "participants"])
        .not_empty(&["groupJid", "action"])
}

pub(in crate::routes) fn join_request_action() -> Schema {
    Schema::object()
        .property("groupJid", text())
        .property("action", text().one_of(&["approve", "reject"]))
        .property("participants", participants())
        .required(&["groupJid", "action", "participants"])
        .not_empty(&["groupJid", "action"])
}

pub(in crate::routes) fn join_approval() -> Schema {
    group_action(&["on", "off"])
}

pub(in crate::routes) fn member_add_mode() -> Schema {
    group_action(&["all_member_add", "admin_add"])
}

fn group_action(actions: &'static [&'static str]) -> Schema {
    Schema::object()
        .property("groupJid", text())
        .property("action", text().one_of(actions))
        .required(&["groupJid", "action"])
        .not_empty(&["groupJid", "action"])
}

pub(in crate::routes) fn group_setting() -> Schema {
    group_action(&["announcement", "not_announcement", "locked", "unlocked"])
}

pub(in crate::routes) fn group_ephemeral() -> Schema {
    Schema::object()
        .property("groupJid", text())
        .property(
            "expiration",
            Schema::number().one_of_numbers(&[0, 86_400, 604_800, 7_776_000]),
        )
        .required(&["groupJid", "expiration"])
        .not_empty(&["groupJid", "expiration"])
}

pub(in crate::routes) fn template() -> Schema {
    Schema::object()
        .property("name", text())
        .property(
            "category",
            text().one_of(&["AUTHENTICATION", "MARKETING", "UTILITY"]),
        )
        .property("allowCategoryChange", Schema::boolean())
        .property("language", text())
        .property("components", Schema::array())
        .property("webhookUrl", text())
        .required(&["name", "category", "language", "components"])
}

pub(in crate::routes) fn label() -> Schema {
    Schema::object()
        .property("number", number())
        .property("labelId", text())
        .property("action", text().one_of(&["add", "remove"]))
        .required(&["number", "labelId", "action"])
        .not_empty(&["number", "labelId", "action"])
}

pub(in crate::routes) fn media() -> Schema {
    Schema::object()
        .properties(&["id", "type"], &text())
        .property("messageId", Schema::integer())
        .not_empty(&["id", "type", "messageId"])
}

pub(in crate::routes) fn media_url() -> Schema {
    Schema::object()
        .property("id", text().pattern(Pattern::Digits))
        .property("expiry", text().pattern(Pattern::Digits))
        .required(&["id"])
}
