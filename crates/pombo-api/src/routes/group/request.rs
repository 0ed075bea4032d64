//! Bodies that several of these routes take.

use std::sync::LazyLock;

use pombo_domain::jid;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{Checked, FromQuery};
use crate::routes::schemas;
use crate::schema::Schema;

/// `{groupJid}`, digits.
#[derive(Deserialize)]
pub(super) struct OfGroup {
    #[serde(rename = "groupJid")]
    pub(super) group: String,
}

impl Checked for OfGroup {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::group_jid);
        &SCHEMA
    }
}

/// `?inviteCode=`, 22 letters and digits.
#[derive(Deserialize)]
pub(super) struct OfInvite {
    #[serde(rename = "inviteCode")]
    pub(super) code: String,
}

impl Checked for OfInvite {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::invite_code);
        &SCHEMA
    }
}

impl FromQuery for OfInvite {
    const NAME: &'static str = "inviteCode";

    fn missing() -> ApiError {
        ApiError::bad_request_all([
            "The group invite code id needs to be informed in the query",
            "ex: \"inviteCode=F1EX5QZxO181L3TMVP31gY\" (Obtained from group join link)",
        ])
    }
}

/// Numbers or JIDs as addresses.
pub(super) fn addresses(numbers: &[String]) -> Vec<String> {
    numbers
        .iter()
        .map(|number| jid::normalise(number))
        .collect()
}
