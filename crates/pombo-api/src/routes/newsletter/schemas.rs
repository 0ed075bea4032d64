//! What these routes ask of a body.

use crate::schema::{Pattern, Schema};

fn text() -> Schema {
    Schema::string()
}

fn named() -> Schema {
    Schema::object().property("newsletterJid", text().pattern(Pattern::NewsletterJid))
}

pub(super) fn one() -> Schema {
    named().required(&["newsletterJid"])
}

pub(super) fn create() -> Schema {
    Schema::object()
        .properties(&["name", "description", "picture"], &text())
        .required(&["name"])
        .not_empty(&["name"])
}

pub(super) fn update() -> Schema {
    named()
        .properties(&["name", "description", "picture"], &text())
        .property("reactions", text().one_of(&["all", "basic", "none"]))
        .required(&["newsletterJid"])
}

pub(super) fn mute() -> Schema {
    named()
        .property("mute", Schema::strict_boolean())
        .property("activity", Schema::strict_boolean())
        .required(&["newsletterJid", "mute"])
}

pub(super) fn react() -> Schema {
    named()
        .property("reaction", text())
        .required(&["newsletterJid", "serverId", "reaction"])
}

pub(super) fn update_admin() -> Schema {
    named()
        .property(
            "action",
            text().one_of(&["invite", "revokeInvite", "demote", "transfer"]),
        )
        .properties(&["number", "caption"], &text())
        .required(&["newsletterJid", "action", "number"])
        .not_empty(&["number"])
}
