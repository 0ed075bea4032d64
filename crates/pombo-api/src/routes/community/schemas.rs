//! What these routes ask of a body.

use crate::schema::{Pattern, Schema};

fn text() -> Schema {
    Schema::string()
}

fn group() -> Schema {
    text().pattern(Pattern::GroupJid)
}

fn numbers() -> Schema {
    let number = text()
        .pattern(Pattern::LeadingDigits)
        .describe("\"participants\" must be an array of numeric strings");
    Schema::array().unique().items(number)
}

pub(super) fn create() -> Schema {
    Schema::object()
        .properties(&["subject", "description"], &text())
        .properties(
            &["closed", "membersCreateGroups", "generalChat"],
            &Schema::strict_boolean(),
        )
        .required(&["subject"])
        .not_empty(&["subject"])
}

pub(super) fn create_subgroup() -> Schema {
    Schema::object()
        .property("communityJid", group())
        .property("subject", text())
        .property("participants", numbers())
        .required(&["communityJid", "subject"])
        .not_empty(&["subject"])
}

pub(super) fn groups() -> Schema {
    Schema::object()
        .property("communityJid", group())
        .property(
            "groups",
            Schema::array().min_items(1).unique().items(group()),
        )
        .property("removeOrphans", Schema::strict_boolean())
        .required(&["communityJid", "groups"])
}

pub(super) fn join() -> Schema {
    Schema::object()
        .properties(&["communityJid", "groupJid"], &group())
        .required(&["communityJid", "groupJid"])
}

pub(super) fn members() -> Schema {
    Schema::object()
        .property("communityJid", group())
        .property("participants", numbers().min_items(1))
        .required(&["communityJid", "participants"])
}
