//! Newsletters: posts, reactions, history. Everything else about them is asked for in GraphQL (`mex::newsletter`).

use serde_json::{Value, json};
use wacore_binary::{Jid, Node};

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::group::Mark;
use crate::network::newsletter::{Newsletter, Post};
use crate::network::{AccountId, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, node};

/// How long live updates last (seconds).
const LIVE_SECONDS: u64 = 300;

/// How many posts a request brings at most.
const HISTORY_LIMIT: usize = 100;

fn find<'a>(state: &'a mut State, id: &str) -> Result<&'a mut Newsletter, Refusal> {
    let newsletter = state.newsletters.get_mut(id).ok_or(Refusal::NOT_FOUND)?;
    if newsletter.deleted {
        return Err(Refusal::GONE);
    }
    Ok(newsletter)
}

/// `<message to=…@newsletter>`: a post, a change of one, or a reaction. Acknowledged with the number that the server gave it.
pub(crate) fn handle(
    state: &mut State,
    from: &Session,
    to: &Jid,
    message: &Node,
) -> Result<(), Refusal> {
    let outcome = match (message.text("type").as_ref(), message.text("edit").as_ref()) {
        ("reaction", _) => react(state, from, &to.user, message),
        (_, "") => publish(state, from, &to.user, message),
        (_, "3") => revise(state, from, &to.user, message, Revision::Edit),
        (_, "8") => revise(state, from, &to.user, message, Revision::Revoke),
        _ => Err(Refusal::Unknown),
    };
    let ack = node("ack")
        .attr("class", "message")
        .attr("id", message.text("id").as_ref())
        .attr("from", to.clone())
        .attr("t", state.clock.now());
    let ack = match &outcome {
        Ok(server_id) => ack.attr("server_id", *server_id),
        Err(refusal) => ack.attr("error", refusal.code().0),
    };
    state.answer(from, ack.build());
    outcome.map(|_| ())
}

/// Only those who run a newsletter write in it.
fn staffed<'a>(
    state: &'a mut State,
    from: &Session,
    id: &str,
) -> Result<&'a mut Newsletter, Refusal> {
    let newsletter = find(state, id)?;
    if newsletter.staff.contains_key(&from.account) {
        Ok(newsletter)
    } else {
        Err(Refusal::FORBIDDEN)
    }
}

fn publish(state: &mut State, from: &Session, id: &str, message: &Node) -> Result<u64, Refusal> {
    let now = state.clock.now();
    let plaintext = message
        .child("plaintext")
        .ok_or(Refusal::Malformed("a post without <plaintext>"))?;
    let newsletter = staffed(state, from, id)?;
    let message_id = message.text("id");
    if let Some(known) = newsletter.posts.iter().find(|post| post.id == message_id) {
        return Ok(known.server_id);
    }
    // The first posts of a newsletter have numbers from 100 on, as in the real network.
    let server_id = newsletter
        .posts
        .last()
        .map_or(100, |newest| newest.server_id + 1);
    newsletter.posts.push(Post {
        server_id,
        id: message_id.into_owned(),
        posted: Mark {
            by: from.account,
            at: now,
        },
        kind: message.text("type").into_owned(),
        media_type: plaintext
            .text_opt("mediatype")
            .map(|media_type| media_type.into_owned()),
        body: plaintext.body().to_vec(),
        edited_at: None,
        revoked: false,
        reactions: Default::default(),
        viewers: Default::default(),
    });
    send_to_followers(state, from, id, server_id);
    Ok(server_id)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Revision {
    Edit,
    Revoke,
}

/// Changes or takes back a post, named by its message id.
fn revise(
    state: &mut State,
    from: &Session,
    id: &str,
    message: &Node,
    revision: Revision,
) -> Result<u64, Refusal> {
    let now = state.clock.now();
    let plaintext = message
        .child("plaintext")
        .ok_or(Refusal::Malformed("a revision without <plaintext>"))?;
    let message_id = message.text("id");
    let post = staffed(state, from, id)?
        .posts
        .iter_mut()
        .find(|post| post.id == message_id)
        .ok_or(Refusal::NOT_FOUND)?;
    if post.revoked {
        return Err(Refusal::GONE);
    }
    post.edited_at = Some(now);
    match revision {
        Revision::Edit => {
            post.body = plaintext.body().to_vec();
            post.kind = message.text("type").into_owned();
            post.media_type = plaintext
                .text_opt("mediatype")
                .map(|media_type| media_type.into_owned());
        }
        Revision::Revoke => {
            post.body.clear();
            post.media_type = None;
            post.reactions.clear();
            post.revoked = true;
        }
    }
    let server_id = post.server_id;
    send_to_followers(state, from, id, server_id);
    Ok(server_id)
}

/// `<reaction code/>` to a post, named by its server id. Without a code the reaction is taken back.
fn react(state: &mut State, from: &Session, id: &str, message: &Node) -> Result<u64, Refusal> {
    let server_id: u64 = message
        .parsed("server_id")
        .ok_or(Refusal::Malformed("a reaction without server_id"))?;
    let reaction = message
        .child("reaction")
        .ok_or(Refusal::Malformed("a reaction without <reaction>"))?;
    let code = reaction.text("code").into_owned();
    let newsletter = find(state, id)?;
    if !newsletter.followers.contains_key(&from.account) {
        return Err(Refusal::FORBIDDEN);
    }
    if newsletter.reaction_codes == "none" && !code.is_empty() {
        return Err(Refusal::NOT_ALLOWED);
    }
    let post = newsletter
        .post_mut(server_id)
        .filter(|post| !post.revoked)
        .ok_or(Refusal::NOT_FOUND)?;
    if code.is_empty() {
        post.reactions.remove(&from.account);
    } else {
        post.reactions.insert(from.account, code);
    }
    tell_watchers(state, id, server_id);
    Ok(server_id)
}

/// `<receipt type="view"><list><item server_id/>…`: a follower has seen these posts.
pub(crate) fn seen(state: &mut State, from: &Session, id: &str, receipt: &Node) {
    let Ok(newsletter) = find(state, id) else {
        return;
    };
    if !newsletter.followers.contains_key(&from.account) {
        return;
    }
    let items = receipt.nodes_named("list").flat_map(|list| list.nodes());
    for server_id in items.filter_map(|item| item.parsed("server_id")) {
        if let Some(post) = newsletter.post_mut(server_id) {
            post.viewers.insert(from.account);
        }
    }
}

fn plaintext(post: &Post) -> Node {
    let plaintext = node("plaintext");
    match &post.media_type {
        Some(media_type) => plaintext.attr("mediatype", media_type.as_str()),
        None => plaintext,
    }
    .bytes(post.body.clone())
    .build()
}

fn reactions(post: &Post) -> Node {
    let counts = post.reaction_counts().into_iter().map(|(code, count)| {
        node("reaction")
            .attr("code", code)
            .attr("count", count)
            .build()
    });
    node("reactions").children(counts).build()
}

/// A post for somebody who reads the newsletter.
fn post_node(post: &Post, reader: AccountId) -> Node {
    let mut message = node("message")
        .attr("id", post.id.as_str())
        .attr("server_id", post.server_id)
        .attr("t", post.posted.at)
        .attr("type", post.kind.as_str());
    if post.posted.by == reader {
        message = message.attr("is_sender", "true");
    }
    let mut children = vec![plaintext(post)];
    if let Some(edited_at) = post.edited_at {
        message = message.attr("edit", if post.revoked { "8" } else { "3" });
        children.push(
            node("meta")
                .attr("msg_edit_t", edited_at.saturating_mul(1000))
                .attr("original_msg_t", post.posted.at)
                .build(),
        );
    }
    children.push(
        node("views_count")
            .attr("count", post.viewers.len())
            .build(),
    );
    if !post.reactions.is_empty() {
        children.push(reactions(post));
    }
    message.children(children).build()
}

/// A new or changed post goes to all devices of all followers, but for the one that it came from.
fn send_to_followers(state: &mut State, from: &Session, id: &str, server_id: u64) {
    let Some(newsletter) = state.newsletters.get(id) else {
        return;
    };
    let Some(post) = newsletter
        .posts
        .iter()
        .find(|post| post.server_id == server_id)
    else {
        return;
    };
    let jid = newsletter.jid();
    let stanzas: Vec<(AccountId, Node)> = newsletter
        .followers
        .keys()
        .map(|follower| {
            let mut stanza = post_node(post, *follower);
            stanza.attrs.insert("from", jid.clone());
            (*follower, stanza)
        })
        .collect();
    for (follower, stanza) in stanzas {
        let except = (follower == from.account).then_some(from.device);
        notification::tell(state, follower, except, stanza);
    }
}

/// Devices that watch a newsletter are told of its reactions at once.
fn tell_watchers(state: &mut State, id: &str, server_id: u64) {
    let now = state.clock.now();
    let Some(newsletter) = state.newsletters.get_mut(id) else {
        return;
    };
    newsletter.watchers.retain(|_, until| *until > now);
    let watchers: Vec<(AccountId, DeviceNumber)> = newsletter.watchers.keys().copied().collect();
    let jid = newsletter.jid();
    let Some(post) = newsletter.post_mut(server_id) else {
        return;
    };
    let message = node("message")
        .attr("server_id", server_id)
        .attr("t", now)
        .children([reactions(post)])
        .build();
    let messages = node("messages")
        .attr("jid", jid.clone())
        .attr("t", now)
        .children([message])
        .build();
    let updates = node("live_updates").children([messages]).build();
    for (account, device) in watchers {
        let note = notification::build(state, "newsletter", jid.clone(), [], vec![updates.clone()]);
        state.deliver_if_online(account, device, note);
    }
}

/// Requests to a newsletter: its history, and to be told of reactions.
pub(crate) fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let [request] = iq.nodes() else {
        return Err(Refusal::Malformed(
            "a newsletter request has exactly one child",
        ));
    };
    let to = iq.jid("to").ok_or(Refusal::BAD_REQUEST)?;
    match (iq.text("type").as_ref(), request.tag.as_ref()) {
        ("get", "messages") => messages(state, from, &to, request),
        ("get", "message_updates") => updates(state, from, &to, request),
        ("set", "live_updates") => watch(state, from, &to),
        _ => Err(Refusal::Unknown),
    }
}

fn history<'a>(
    state: &'a mut State,
    to: &Jid,
    request: &Node,
) -> Result<(&'a Newsletter, Vec<&'a Post>), Refusal> {
    let count: usize = request.parsed("count").ok_or(Refusal::BAD_REQUEST)?;
    let newsletter: &Newsletter = find(state, &to.user)?;
    let posts = newsletter.history(
        count.min(HISTORY_LIMIT),
        request.parsed("before"),
        request.parsed("after"),
    );
    Ok((newsletter, posts))
}

fn posts_node(newsletter: &Newsletter, posts: &[&Post], reader: AccountId, now: u64) -> Node {
    node("messages")
        .attr("jid", newsletter.jid())
        .attr("t", now)
        .children(posts.iter().map(|post| post_node(post, reader)))
        .build()
}

/// `<messages count before? after?/>`: a page of history, oldest first.
fn messages(state: &mut State, from: &Session, to: &Jid, request: &Node) -> Answer {
    let now = state.clock.now();
    let (newsletter, posts) = history(state, to, request)?;
    Reply::node(posts_node(newsletter, &posts, from.account, now))
}

/// `<message_updates count since? after?/>`: posts with their present reactions; `since` (seconds) leaves out what has not changed.
fn updates(state: &mut State, from: &Session, to: &Jid, request: &Node) -> Answer {
    let now = state.clock.now();
    let since: u64 = request.parsed("since").unwrap_or_default();
    let (newsletter, posts) = history(state, to, request)?;
    let posts: Vec<&Post> = posts
        .into_iter()
        .filter(|post| post.edited_at.unwrap_or(post.posted.at) >= since)
        .collect();
    let messages = posts_node(newsletter, &posts, from.account, now);
    Reply::node(
        node("message_updates")
            .attr("jid", to.clone())
            .children([messages])
            .build(),
    )
}

/// `<live_updates/>`: this device wants to hear of reactions.
fn watch(state: &mut State, from: &Session, to: &Jid) -> Answer {
    let until = state.clock.now() + LIVE_SECONDS;
    find(state, &to.user)?
        .watchers
        .insert((from.account, from.device), until);
    Reply::node(node("live_updates").attr("duration", LIVE_SECONDS).build())
}

/// `<notification type="mex">` from a newsletter.
fn mex(state: &mut State, id: &str, operation: &'static str, payload: &Value) -> Option<Node> {
    let jid = state.newsletters.get(id)?.jid();
    let update = node("update")
        .attr("op_name", operation)
        .bytes(payload.to_string().into_bytes())
        .build();
    Some(notification::build(state, "mex", jid, [], vec![update]))
}

/// Tells an account's other devices what it did with a newsletter.
pub(crate) fn tell_of_change(
    state: &mut State,
    from: &Session,
    id: &str,
    operation: &'static str,
    field: &'static str,
    value: Value,
) {
    let payload = json!({ "data": { field: value } });
    if let Some(note) = mex(state, id, operation, &payload) {
        notification::tell(state, from.account, Some(from.device), note);
    }
}

/// Tells all followers that name, description or picture have changed.
pub(crate) fn tell_followers_of_update(
    state: &mut State,
    from: &Session,
    id: &str,
    described: &Value,
) {
    let thread = &described["thread_metadata"];
    let settings = json!({
        "name": thread["name"]["text"],
        "description": thread["description"]["text"],
    });
    // The list beside `data` is what older clients read.
    let payload = json!({
        "operation": "NotificationNewsletterUpdate",
        "updates": [{ "jid": described["id"], "settings": settings }],
        "data": {
            "xwa2_notify_newsletter_on_metadata_update": {
                "id": described["id"],
                "thread_metadata": thread,
            },
        },
    });
    tell_followers(state, from, id, "NotificationNewsletterUpdate", &payload);
}

/// Tells all followers that the newsletter is no more.
pub(crate) fn tell_followers_of_end(
    state: &mut State,
    from: &Session,
    id: &str,
    described: &Value,
) {
    let payload = json!({
        "data": { "xwa2_notify_newsletter_on_state_change": described },
    });
    tell_followers(
        state,
        from,
        id,
        "NotificationNewsletterStateChange",
        &payload,
    );
}

fn tell_followers(
    state: &mut State,
    from: &Session,
    id: &str,
    operation: &'static str,
    payload: &Value,
) {
    let followers: Vec<AccountId> = state
        .newsletters
        .get(id)
        .map(|newsletter| newsletter.followers.keys().copied().collect())
        .unwrap_or_default();
    for follower in followers {
        let except = (follower == from.account).then_some(from.device);
        if let Some(note) = mex(state, id, operation, payload) {
            notification::tell(state, follower, except, note);
        }
    }
}
