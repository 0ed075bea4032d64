//! Newsletters in GraphQL: everything but posts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Outcome, QueryError, text, user};
use crate::network::group::Mark;
use crate::network::newsletter::{DatedText, Newsletter, Staff};
use crate::network::{AccountId, Addressing, Session, State};
use crate::stanza::group;
use crate::stanza::newsletter::tell_of_change;

/// How long somebody may think about becoming an admin (seconds).
const ADMIN_INVITE_SECONDS: u64 = 7 * 24 * 60 * 60;

/// The longest name and description, in characters. Source: the web client's limits.
const NAME_LIMIT: usize = 100;
const DESCRIPTION_LIMIT: usize = 2048;

/// What a client gets to see of a newsletter; numbers are texts.
fn describe(newsletter: &Newsletter, viewer: AccountId) -> Value {
    let follower = newsletter.followers.get(&viewer);
    let on_off = |on: bool| if on { "ON" } else { "OFF" };
    let muted = on_off(follower.is_some_and(|follower| follower.mute_posts));
    let admin_muted = on_off(follower.is_some_and(|follower| follower.mute_admin_activity));
    let dated = |text: &DatedText| {
        json!({
            "id": text.at.to_string(),
            "text": text.text,
            "update_time": text.at.to_string(),
        })
    };
    let picture = newsletter.picture.as_ref().map(|picture| {
        json!({
            "id": picture.id,
            "type": "IMAGE",
            "direct_path": picture.direct_path,
        })
    });
    let state = if newsletter.deleted {
        "deleted"
    } else {
        "active"
    };
    json!({
        "id": newsletter.jid().to_string(),
        "state": { "type": state },
        "thread_metadata": {
            "creation_time": newsletter.created.at.to_string(),
            "description": dated(&newsletter.description),
            "handle": null,
            "invite": newsletter.invite_code,
            "name": dated(&newsletter.name),
            "picture": picture,
            "preview": picture,
            "settings": { "reaction_codes": { "value": newsletter.reaction_codes.to_uppercase() } },
            "subscribers_count": newsletter.followers.len().to_string(),
            "verification": "UNVERIFIED",
        },
        "viewer_metadata": {
            "role": newsletter.role_of(viewer),
            "mute": muted,
            "settings": [
                { "type": "MUTE_FOLLOWER_ACTIVITY", "value": muted },
                { "type": "MUTE_ADMIN_ACTIVITY", "value": admin_muted },
            ],
        },
    })
}

/// The newsletter that is meant: 404 when there never was one, 410 when it was deleted.
fn find<'a>(state: &'a mut State, variables: &Value) -> Result<&'a mut Newsletter, QueryError> {
    let id = user(variables, "/newsletter_id").ok_or(QueryError::BAD_REQUEST)?;
    let newsletter = state.newsletters.get_mut(id).ok_or(QueryError::NOT_FOUND)?;
    if newsletter.deleted {
        return Err(QueryError::GONE);
    }
    Ok(newsletter)
}

/// The newsletter, when the speaker runs it.
fn run_by<'a>(
    state: &'a mut State,
    from: &Session,
    variables: &Value,
    least: Staff,
) -> Result<&'a mut Newsletter, QueryError> {
    let newsletter = find(state, variables)?;
    match (newsletter.staff.get(&from.account), least) {
        (Some(Staff::Owner), _) | (Some(Staff::Admin), Staff::Admin) => Ok(newsletter),
        _ => Err(QueryError::FORBIDDEN),
    }
}

/// Makes one. `with_picture`: the client reads a picture even where there is none.
pub(super) fn create(
    state: &mut State,
    from: &Session,
    variables: &Value,
    with_picture: bool,
) -> Outcome {
    let name = text(variables, "/input/name").ok_or(QueryError::BAD_REQUEST)?;
    let description = text(variables, "/input/description").unwrap_or_default();
    check(Some(name), Some(description))?;
    let at = state.clock.now();
    let dated = |text: &str| DatedText {
        text: text.to_owned(),
        at,
    };
    let id = loop {
        let id = format!("120363{:012}", state.random.below(1_000_000_000_000));
        if !state.newsletters.contains_key(&id) {
            break id;
        }
    };
    let picture = image(text(variables, "/input/picture"))?.map(|image| state.keep_picture(image));
    let mut newsletter = Newsletter {
        id: id.clone(),
        name: dated(name),
        description: dated(description),
        picture,
        created: Mark {
            by: from.account,
            at,
        },
        invite_code: group::new_invite_code(state),
        reaction_codes: "all".to_owned(),
        staff: BTreeMap::from([(from.account, Staff::Owner)]),
        followers: BTreeMap::new(),
        admin_invites: BTreeMap::new(),
        posts: Vec::new(),
        deleted: false,
        watchers: BTreeMap::new(),
    };
    newsletter.follow(from.account, at);
    let mut value = describe(&newsletter, from.account);
    if with_picture && newsletter.picture.is_none() {
        value["thread_metadata"]["picture"] =
            json!({ "id": "", "type": "IMAGE", "direct_path": "" });
    }
    state.newsletters.insert(id, newsletter);
    Ok(("xwa2_newsletter_create", value))
}

fn check(name: Option<&str>, description: Option<&str>) -> Result<(), QueryError> {
    let long = |text: Option<&str>, limit| text.is_some_and(|text| text.chars().count() > limit);
    if name.is_some_and(|name| name.trim().is_empty())
        || long(name, NAME_LIMIT)
        || long(description, DESCRIPTION_LIMIT)
    {
        return Err(QueryError::BAD_REQUEST);
    }
    Ok(())
}

fn image(encoded: Option<&str>) -> Result<Option<Vec<u8>>, QueryError> {
    encoded
        .filter(|encoded| !encoded.is_empty())
        .map(|encoded| BASE64_STANDARD.decode(encoded))
        .transpose()
        .map_err(|_| QueryError::BAD_REQUEST)
}

/// Found by its address or by its invite code.
pub(super) fn metadata(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let key = text(variables, "/input/key").ok_or(QueryError::BAD_REQUEST)?;
    let newsletter = match text(variables, "/input/type") {
        Some("INVITE") => state
            .newsletters
            .values()
            .find(|newsletter| newsletter.invite_code == key),
        Some("JID") => state
            .newsletters
            .get(key.split('@').next().unwrap_or_default()),
        _ => return Err(QueryError::BAD_REQUEST),
    };
    let newsletter = newsletter.ok_or(QueryError::NOT_FOUND)?;
    if newsletter.deleted {
        return Err(QueryError::GONE);
    }
    Ok(("xwa2_newsletter", describe(newsletter, from.account)))
}

/// All that the account follows.
pub(super) fn subscribed(state: &State, from: &Session) -> Outcome {
    let followed: Vec<Value> = state
        .newsletters
        .values()
        .filter(|newsletter| {
            !newsletter.deleted && newsletter.followers.contains_key(&from.account)
        })
        .map(|newsletter| describe(newsletter, from.account))
        .collect();
    Ok(("xwa2_newsletter_subscribed", Value::Array(followed)))
}

pub(super) fn follow(
    state: &mut State,
    from: &Session,
    variables: &Value,
    field: &'static str,
) -> Outcome {
    let now = state.clock.now();
    let newsletter = find(state, variables)?;
    newsletter.follow(from.account, now);
    let value = describe(newsletter, from.account);
    let id = newsletter.id.clone();
    tell_of_change(
        state,
        from,
        &id,
        "NotificationNewsletterJoin",
        "xwa2_notify_newsletter_on_join",
        value.clone(),
    );
    Ok((field, value))
}

/// Who owns a newsletter cannot leave it.
pub(super) fn unfollow(
    state: &mut State,
    from: &Session,
    variables: &Value,
    field: &'static str,
) -> Outcome {
    let newsletter = find(state, variables)?;
    if newsletter.staff.get(&from.account) == Some(&Staff::Owner) {
        return Err(QueryError::FORBIDDEN);
    }
    newsletter.staff.remove(&from.account);
    newsletter.followers.remove(&from.account);
    newsletter
        .watchers
        .retain(|(account, _), _| *account != from.account);
    let value = json!({ "id": newsletter.jid().to_string(), "state": { "type": "active" } });
    let id = newsletter.id.clone();
    tell_of_change(
        state,
        from,
        &id,
        "NotificationNewsletterLeave",
        "xwa2_notify_newsletter_on_leave",
        value.clone(),
    );
    Ok((field, value))
}

/// Name, description, picture, allowed reactions. An empty picture removes it.
pub(super) fn update(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let name = text(variables, "/updates/name");
    let description = text(variables, "/updates/description");
    let picture = text(variables, "/updates/picture");
    let codes = text(variables, "/updates/settings/reaction_codes/value");
    run_by(state, from, variables, Staff::Admin)?;
    check(name, description)?;
    let image = image(picture)?.map(|image| state.keep_picture(image));
    let at = state.clock.now();
    let newsletter = find(state, variables)?;
    if let Some(name) = name {
        newsletter.name = DatedText {
            text: name.to_owned(),
            at,
        };
    }
    if let Some(description) = description {
        newsletter.description = DatedText {
            text: description.to_owned(),
            at,
        };
    }
    if picture.is_some() {
        newsletter.picture = image;
    }
    if let Some(codes) = codes {
        newsletter.reaction_codes = codes.to_lowercase();
    }
    let value = describe(newsletter, from.account);
    let id = newsletter.id.clone();
    crate::stanza::newsletter::tell_followers_of_update(state, from, &id, &value);
    Ok(("xwa2_newsletter_update", value))
}

/// The owner ends it.
pub(super) fn delete(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let newsletter = run_by(state, from, variables, Staff::Owner)?;
    newsletter.deleted = true;
    newsletter.watchers.clear();
    let value = json!({ "id": newsletter.jid().to_string(), "state": { "type": "deleted" } });
    let id = newsletter.id.clone();
    crate::stanza::newsletter::tell_followers_of_end(state, from, &id, &value);
    Ok(("xwa2_newsletter_delete_v2", value))
}

/// What a follower wants to hear of.
pub(super) fn setting(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let input = variables.get("input").ok_or(QueryError::BAD_REQUEST)?;
    let on = match text(input, "/value") {
        Some("ON") => true,
        Some("OFF") => false,
        _ => return Err(QueryError::BAD_REQUEST),
    };
    let newsletter = find(state, input)?;
    let is_staff = newsletter.staff.contains_key(&from.account);
    let follower = newsletter
        .followers
        .get_mut(&from.account)
        .ok_or(QueryError::FORBIDDEN)?;
    match text(input, "/type") {
        Some("MUTE_FOLLOWER_ACTIVITY") => follower.mute_posts = on,
        Some("MUTE_ADMIN_ACTIVITY") if is_staff => follower.mute_admin_activity = on,
        Some("MUTE_ADMIN_ACTIVITY") => return Err(QueryError::FORBIDDEN),
        _ => return Err(QueryError::BAD_REQUEST),
    }
    let id = newsletter.id.clone();
    let value = json!({ "id": newsletter.jid().to_string(), "state": { "type": "active" } });
    let change = json!({ "id": value["id"], "mute": if on { "ON" } else { "OFF" } });
    tell_of_change(
        state,
        from,
        &id,
        "NotificationNewsletterUserSettingChange",
        "xwa2_notify_newsletter_on_mute_change",
        change,
    );
    Ok(("xwa2_newsletter_update_user_setting", value))
}

/// The older way to mute.
pub(super) fn mute(state: &mut State, from: &Session, variables: &Value, on: bool) -> Outcome {
    let newsletter = find(state, variables)?;
    let follower = newsletter
        .followers
        .get_mut(&from.account)
        .ok_or(QueryError::FORBIDDEN)?;
    follower.mute_posts = on;
    let field = if on {
        "xwa2_newsletter_mute_v2"
    } else {
        "xwa2_newsletter_unmute_v2"
    };
    Ok((field, describe(newsletter, from.account)))
}

fn admin_of(
    state: &mut State,
    from: &Session,
    variables: &Value,
) -> Result<(String, usize), QueryError> {
    let newsletter = run_by(state, from, variables, Staff::Admin)?;
    Ok((newsletter.jid().to_string(), newsletter.staff.len()))
}

/// How many run it.
pub(super) fn admin_info(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let (id, count) = admin_of(state, from, variables)?;
    Ok((
        "xwa2_newsletter_admin",
        json!({
            "id": id,
            "admin_count": count,
            "admin_profile": null,
            "admin_settings": { "admin_profiles_enabled": false },
        }),
    ))
}

/// What its admins can do; nothing special here.
pub(super) fn capabilities(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let (id, _) = admin_of(state, from, variables)?;
    Ok((
        "xwa2_newsletter_admin",
        json!({ "id": id, "capabilities": [] }),
    ))
}

/// Who was asked to become an admin. (Baileys asks this for the subscribers, and finds none in the answer.)
pub(super) fn pending_invites(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let newsletter = run_by(state, from, variables, Staff::Admin)?;
    let (id, asked) = (
        newsletter.jid().to_string(),
        newsletter.admin_invites.clone(),
    );
    let pending: Vec<Value> = asked
        .keys()
        .map(|account| json!({ "user": person(state, *account) }))
        .collect();
    Ok((
        "xwa2_newsletter_admin",
        json!({ "id": id, "pending_admin_invites": pending }),
    ))
}

fn person(state: &State, account: AccountId) -> Value {
    let jid = |addressing| {
        state
            .account(account)
            .map(|account| account.jid(addressing).to_string())
    };
    json!({ "id": jid(Addressing::Lid), "pn": jid(Addressing::Pn) })
}

/// Who follows it, for those who run it.
pub(super) fn followers(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let input = variables.get("input").ok_or(QueryError::BAD_REQUEST)?;
    let count = input
        .get("count")
        .and_then(Value::as_u64)
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(100);
    let newsletter = run_by(state, from, input, Staff::Admin)?.clone();
    let edges: Vec<Value> = newsletter
        .followers
        .iter()
        .take(count)
        .map(|(account, follower)| {
            let mut node = person(state, *account);
            node["display_name"] = state
                .account(*account)
                .map_or(Value::Null, |account| account.name.clone().into());
            json!({
                "node": node,
                "role": newsletter.role_of(*account).to_uppercase(),
                "follow_time": follower.since,
            })
        })
        .collect();
    Ok((
        "xwa2_newsletter_followers",
        json!({ "followers": { "edges": edges } }),
    ))
}

/// The account that `user_id` names.
fn target(state: &State, variables: &Value) -> Result<AccountId, QueryError> {
    text(variables, "/user_id")
        .and_then(|jid| jid.parse().ok())
        .and_then(|jid| state.resolve(&jid))
        .ok_or(QueryError::NOT_FOUND)
}

/// Hands it to one of its admins.
pub(super) fn change_owner(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let target = target(state, variables)?;
    let newsletter = run_by(state, from, variables, Staff::Owner)?;
    if !newsletter.staff.contains_key(&target) {
        return Err(QueryError::FORBIDDEN);
    }
    newsletter.staff.insert(from.account, Staff::Admin);
    newsletter.staff.insert(target, Staff::Owner);
    Ok((
        "xwa2_newsletter_change_owner",
        json!({ "__typename": "XWA2Newsletter", "id": newsletter.jid().to_string() }),
    ))
}

/// Takes an admin's rights. Admins may give up their own.
pub(super) fn demote(
    state: &mut State,
    from: &Session,
    variables: &Value,
    field: &'static str,
) -> Outcome {
    let target = target(state, variables)?;
    let least = if target == from.account {
        Staff::Admin
    } else {
        Staff::Owner
    };
    let newsletter = run_by(state, from, variables, least)?;
    match newsletter.staff.get(&target) {
        Some(Staff::Admin) => newsletter.staff.remove(&target),
        Some(Staff::Owner) => return Err(QueryError::FORBIDDEN),
        None => return Err(QueryError::NOT_FOUND),
    };
    Ok((
        field,
        json!({ "__typename": "XWA2Newsletter", "id": newsletter.jid().to_string() }),
    ))
}

/// Asks a follower to become an admin.
pub(super) fn invite_admin(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let target = target(state, variables)?;
    let expires_at = state.clock.now() + ADMIN_INVITE_SECONDS;
    let newsletter = run_by(state, from, variables, Staff::Owner)?;
    if newsletter.staff.contains_key(&target) {
        return Err(QueryError::CONFLICT);
    }
    if !newsletter.followers.contains_key(&target) {
        return Err(QueryError::FORBIDDEN);
    }
    newsletter.admin_invites.insert(target, expires_at);
    Ok((
        "xwa2_newsletter_admin_invite_create",
        json!({
            "id": newsletter.jid().to_string(),
            "invite_expiration_time": expires_at,
        }),
    ))
}

pub(super) fn revoke_admin_invite(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let target = target(state, variables)?;
    let newsletter = run_by(state, from, variables, Staff::Owner)?;
    if newsletter.admin_invites.remove(&target).is_none() {
        return Err(QueryError::NOT_FOUND);
    }
    Ok((
        "xwa2_newsletter_admin_invite_revoke",
        json!({ "__typename": "XWA2Newsletter", "id": newsletter.jid().to_string() }),
    ))
}

/// The invited follower agrees.
pub(super) fn accept_admin_invite(state: &mut State, from: &Session, variables: &Value) -> Outcome {
    let now = state.clock.now();
    let newsletter = find(state, variables)?;
    match newsletter.admin_invites.remove(&from.account) {
        None => return Err(QueryError::FORBIDDEN),
        Some(expires_at) if expires_at < now => return Err(QueryError::GONE),
        Some(_) => newsletter.staff.insert(from.account, Staff::Admin),
    };
    Ok((
        "xwa2_newsletter_admin_invite_accept",
        json!({ "__typename": "XWA2Newsletter", "id": newsletter.jid().to_string() }),
    ))
}
