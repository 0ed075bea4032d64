//! `w:mex`: GraphQL over stanzas. A query is known by its document id; its variables and its answer are JSON.

mod account;
mod group;
mod newsletter;

use serde_json::{Value, json};
use wacore::iq::mex_operations as doc;
use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::network::{Session, State};
use crate::node::{NodeExt as _, node};

/// A query that was refused: told inside the answer, as GraphQL does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct QueryError {
    code: u16,
    message: &'static str,
}

impl QueryError {
    const BAD_REQUEST: Self = Self::new(400, "Bad Request");
    const FORBIDDEN: Self = Self::new(403, "Forbidden");
    const NOT_FOUND: Self = Self::new(404, "Not Found");
    const CONFLICT: Self = Self::new(409, "Conflict");
    const GONE: Self = Self::new(410, "Gone");

    const fn new(code: u16, message: &'static str) -> Self {
        Self { code, message }
    }
}

impl From<Refusal> for QueryError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = refusal.code();
        Self { code, message }
    }
}

/// The field of the answer, and its value.
type Outcome = Result<(&'static str, Value), QueryError>;

/// Answers one query.
pub(crate) fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let [query] = iq.nodes() else {
        return Err(Refusal::Malformed("a query has exactly one child"));
    };
    let Ok(body) = serde_json::from_slice::<Value>(query.body()) else {
        return Err(Refusal::Malformed("a query whose variables are not JSON"));
    };
    let variables = body.get("variables").unwrap_or(&Value::Null);
    let answer = match run(state, from, &query.text("query_id"), variables)? {
        Ok((field, value)) => json!({ "data": { field: value } }),
        Err(error) => json!({
            "data": null,
            "errors": [{
                "message": error.message,
                "path": [],
                "extensions": {
                    "error_code": error.code,
                    "is_summary": false,
                    "is_retryable": false,
                    "severity": "CRITICAL",
                },
            }],
        }),
    };
    Reply::node(
        node("result")
            .bytes(answer.to_string().into_bytes())
            .build(),
    )
}

/// Baileys' document ids where they are not those of the present web client. Source: Baileys 7.0.0-rc.6 and rc13.
mod baileys {
    pub(super) const CREATE: &str = "8823471724422422";
    pub(super) const METADATA: &str = "6563316087068696";
    pub(super) const FOLLOW: &str = "7871414976211147";
    pub(super) const UNFOLLOW: &str = "7238632346214362";
    pub(super) const MUTE: &str = "29766401636284406";
    pub(super) const UNMUTE: &str = "9864994326891137";
    pub(super) const ADMIN_COUNT: &str = "7130823597031706";
    pub(super) const CHANGE_OWNER: &str = "7341777602580933";
    pub(super) const DEMOTE: &str = "6551828931592903";
}

fn run(state: &mut State, from: &Session, id: &str, variables: &Value) -> Result<Outcome, Refusal> {
    use newsletter as channel;
    Ok(match id {
        doc::create_newsletter::DOC_ID => channel::create(state, from, variables, false),
        baileys::CREATE => channel::create(state, from, variables, true),
        doc::fetch_newsletter::DOC_ID | baileys::METADATA => {
            channel::metadata(state, from, variables)
        }
        doc::fetch_newsletter_dehydrated::DOC_ID => channel::metadata(state, from, variables),
        doc::fetch_all_newsletters_metadata::DOC_ID => channel::subscribed(state, from),
        doc::join_newsletter::DOC_ID => {
            channel::follow(state, from, variables, "xwa2_newsletter_join_v2")
        }
        baileys::FOLLOW => channel::follow(state, from, variables, "xwa2_newsletter_follow"),
        doc::leave_newsletter::DOC_ID => {
            channel::unfollow(state, from, variables, "xwa2_newsletter_leave_v2")
        }
        baileys::UNFOLLOW => channel::unfollow(state, from, variables, "xwa2_newsletter_unfollow"),
        doc::update_newsletter::DOC_ID => channel::update(state, from, variables),
        doc::delete_newsletter::DOC_ID => channel::delete(state, from, variables),
        doc::update_newsletter_user_setting::DOC_ID => channel::setting(state, from, variables),
        baileys::MUTE => channel::mute(state, from, variables, true),
        baileys::UNMUTE => channel::mute(state, from, variables, false),
        doc::fetch_newsletter_admin_info::DOC_ID | baileys::ADMIN_COUNT => {
            channel::admin_info(state, from, variables)
        }
        doc::fetch_newsletter_admin_capabilities::DOC_ID => {
            channel::capabilities(state, from, variables)
        }
        doc::fetch_newsletter_pending_invites::DOC_ID => {
            channel::pending_invites(state, from, variables)
        }
        doc::fetch_newsletter_followers::DOC_ID => channel::followers(state, from, variables),
        doc::change_newsletter_owner::DOC_ID | baileys::CHANGE_OWNER => {
            channel::change_owner(state, from, variables)
        }
        doc::demote_newsletter_admin::DOC_ID => {
            channel::demote(state, from, variables, "xwa2_newsletter_admin_demote")
        }
        baileys::DEMOTE => channel::demote(state, from, variables, "xwa2_newsletter_demote"),
        doc::create_newsletter_admin_invite::DOC_ID => {
            channel::invite_admin(state, from, variables)
        }
        doc::revoke_newsletter_admin_invite::DOC_ID => {
            channel::revoke_admin_invite(state, from, variables)
        }
        doc::accept_newsletter_admin_invite::DOC_ID => {
            channel::accept_admin_invite(state, from, variables)
        }
        doc::fetch_all_subgroups::DOC_ID => group::subgroups(state, from, variables),
        doc::query_subgroup_participant_count::DOC_ID => {
            group::participant_counts(state, from, variables)
        }
        doc::fetch_group_invite_code::DOC_ID => group::invite_code(state, from, variables),
        doc::update_group_property::DOC_ID => group::update_property(state, from, variables),
        doc::fetch_reachout_timelock::DOC_ID => account::reachout_timelock(),
        doc::fetch_new_chat_message_capping_info::DOC_ID => account::message_capping(state),
        _ => return Err(Refusal::Unknown),
    })
}

/// A text among the variables.
fn text<'a>(variables: &'a Value, path: &str) -> Option<&'a str> {
    variables.pointer(path)?.as_str()
}

/// The user part of an address among the variables.
fn user<'a>(variables: &'a Value, path: &str) -> Option<&'a str> {
    text(variables, path)?.split('@').next()
}
