//! What is asked about groups in GraphQL: subgroups of communities, and the switches that have no stanza.

use serde_json::{Value, json};

use super::{Outcome, QueryError, text, user};
use crate::network::group::{Circle, Group, Part};
use crate::network::{Session, State};
use crate::stanza::group::setting::{self, Change};
use crate::stanza::group::{member_of, node, subgroups as groups_in};

/// The community that is asked about, for those who are in it.
fn community<'a>(
    state: &mut State,
    from: &Session,
    id: Option<&'a str>,
) -> Result<&'a str, QueryError> {
    let id = id.ok_or(QueryError::BAD_REQUEST)?;
    if member_of(state, from, id)?.0.is_community() {
        Ok(id)
    } else {
        Err(QueryError::BAD_REQUEST)
    }
}

/// All groups of a community.
pub(super) fn subgroups(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let id = community(state, from, user(variables, "/group_id"))?;
    let short = |group: &Group| {
        json!({
            "id": group.jid().to_string(),
            "subject": {
                "value": group.subject,
                "creation_time": group.created.at,
                "creator": {
                    "id": node::address(state, group.created.by, group.addressing).to_string(),
                },
            },
            "participants_count": group.members.len(),
            "properties": {
                "general_chat": group.part() == Some(Part::GeneralChat),
                "hidden_group": false,
                "membership_approval_mode_enabled": group.settings.approval,
            },
            "membership_approval_requests": { "total_count": group.requests.len() },
        })
    };
    let announcements = groups_in(state, id)
        .find(|group| group.part() == Some(Part::Announcements))
        .map(short);
    let others: Vec<Value> = groups_in(state, id)
        .filter(|group| group.part() != Some(Part::Announcements))
        .map(|group| json!({ "node": short(group) }))
        .collect();
    Ok((
        "xwa2_group_query_by_id",
        json!({
            "__typename": "XWA2CommunityGroup",
            "id": format!("{id}@g.us"),
            "default_sub_group": announcements,
            "sub_groups": { "edges": others },
        }),
    ))
}

/// How many are in each group of a community.
pub(super) fn participant_counts(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let id = community(state, from, user(variables, "/input/group_jid"))?;
    let edges: Vec<Value> = groups_in(state, id)
        .map(|group| {
            json!({ "node": {
                "id": group.jid().to_string(),
                "total_participants_count": group.members.len(),
            }})
        })
        .collect();
    Ok((
        "xwa2_group_query_by_id",
        json!({
            "__typename": "XWA2CommunityGroup",
            "id": format!("{id}@g.us"),
            "sub_groups": { "edges": edges },
        }),
    ))
}

/// The code of a group's invite link.
pub(super) fn invite_code(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let id = user(variables, "/id").ok_or(QueryError::BAD_REQUEST)?;
    let (group, role) = member_of(state, from, id)?;
    if !role.is_admin() && group.settings.links == Circle::Admins {
        return Err(QueryError::FORBIDDEN);
    }
    Ok((
        "xwa2_group_query_by_id",
        json!({
            "__typename": "XWA2GroupWithInviteCode",
            "id": group.jid().to_string(),
            "invite_code": group.invite_code,
        }),
    ))
}

/// Turns a switch: exactly one is named.
pub(super) fn update_property(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let id = user(variables, "/group_id").ok_or(QueryError::BAD_REQUEST)?;
    let circle = |value: &str| match value {
        "ADMIN_LINK" | "ADMIN_SHARE" => Some(Circle::Admins),
        "ALL_MEMBER_LINK" | "ALL_MEMBER_SHARE" => Some(Circle::Everyone),
        _ => None,
    };
    let change = if let Some(value) = text(variables, "/update/member_link_mode") {
        circle(value).map(Change::Links)
    } else if let Some(value) = text(variables, "/update/member_share_group_history_mode") {
        circle(value).map(Change::History)
    } else {
        variables
            .pointer("/update/limit_sharing/limit_sharing_enabled")
            .and_then(Value::as_bool)
            .map(Change::LimitSharing)
    };
    let change = change.ok_or(QueryError::BAD_REQUEST)?;
    setting::set(state, from, id, change)?;
    Ok((
        "xwa2_group_update_property",
        json!({ "id": format!("{id}@g.us"), "state": "ACTIVE" }),
    ))
}
