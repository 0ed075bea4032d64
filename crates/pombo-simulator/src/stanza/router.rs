//! Which handler a stanza belongs to.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply, error, result};
use super::{
    about, ack, app_state, blocklist, bots, business, call, catalog, chatstate, companion, dirty,
    disappearing_mode, encrypt, group, ib, link_code, media_conn, message, mex, newsletter,
    pair_device, passive, passkey, ping, presence, privacy, profile_picture, props, receipt, spam,
    stats, usync,
};
use crate::connection::Role;
use crate::network::{ConnectionId, Session, State};
use crate::node::NodeExt as _;

/// A stanza from a connection.
pub(crate) fn receive(state: &mut State, id: ConnectionId, stanza: Node) {
    match state
        .connections
        .get(&id)
        .map(|connection| &connection.role)
    {
        Some(Role::Companion(session)) => {
            let session = *session;
            route(state, &session, stanza);
        }
        Some(Role::Registering(_)) => register(state, id, &stanza),
        Some(Role::Refused) | None => {}
    }
}

/// A stanza from a linked device, or from a phone.
pub(crate) fn route(state: &mut State, from: &Session, stanza: Node) {
    let outcome = match stanza.tag.as_ref() {
        "iq" => return request(state, from, &stanza),
        "message" => message::handle(state, from, &stanza),
        "status" => message::refuse_status(state, from, &stanza),
        "receipt" => receipt::handle(state, from, &stanza),
        "ack" => ack::handle(state, from, &stanza),
        "presence" => presence::handle(state, from, &stanza),
        "chatstate" => chatstate::handle(state, from, &stanza),
        "call" => call::handle(state, from, &stanza),
        "ib" => ib::handle(state, from, &stanza),
        _ => Err(Refusal::Unknown),
    };
    if let Err(refusal) = outcome
        && let Some(reason) = refusal.violation()
    {
        state.violation(Some(from), reason, &stanza);
    }
}

/// A request: always answered.
fn request(state: &mut State, from: &Session, iq: &Node) {
    if matches!(iq.text("type").as_ref(), "result" | "error") {
        // The answer to a question of ours: we ask for signs of life only.
        return;
    }
    match answer(state, from, iq) {
        Ok(Reply::Result(children)) => {
            let answer = result(iq, children, state.clock.now());
            state.answer(from, answer);
        }
        Ok(Reply::Sent) => {}
        Err(refusal) => {
            if let Some(reason) = refusal.violation() {
                state.violation(Some(from), reason, iq);
            }
            state.answer(from, error(iq, &refusal));
        }
    }
}

fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let first = iq.nodes().first().map_or("", |child| child.tag.as_ref());
    match (iq.text("xmlns").as_ref(), iq.text("type").as_ref(), first) {
        ("w:p" | "urn:xmpp:ping", "get", _) => ping::answer(iq),
        ("w:m", "set", "media_conn") => media_conn::answer(state),
        ("passive", "set", "active") => passive::activate(state, from, iq),
        ("passive", "set", "passive") => passive::deactivate(state, from),
        ("encrypt", "get", _) => encrypt::get(state, from, iq),
        ("encrypt", "set", _) => encrypt::set(state, from, iq),
        ("usync", "get", "usync") => usync::answer(state, from, iq),
        ("w:sync:app:state", "set", "sync") => app_state::answer(state, from, iq),
        ("urn:xmpp:whatsapp:dirty", "set", _) => dirty::clean(iq),
        ("w:g2", ..) => group::answer(state, from, iq),
        ("w:mex", "get", "query") => mex::answer(state, from, iq),
        ("newsletter", ..) => newsletter::answer(state, from, iq),
        ("w:profile:picture", "get", _) => profile_picture::get(state, from, iq),
        ("w:profile:picture", "set", _) => profile_picture::set(state, from, iq),
        ("status", "set", "status") => about::set(state, from, iq),
        ("blocklist", "get", _) => blocklist::get(state, from, iq),
        ("blocklist", "set", "item") => blocklist::set(state, from, iq),
        ("privacy", "get", _) => privacy::get(state, from, iq),
        ("privacy", "set", "privacy") => privacy::set(state, from, iq),
        ("privacy", "set", "tokens") => privacy::issue_tokens(state, from, iq),
        ("disappearing_mode", "set", _) => disappearing_mode::set(state, from, iq),
        ("w:biz", "get", "business_profile") => business::profile(state, from, iq),
        ("w:biz", "set", "business_profile") => business::edit(state, from, iq),
        ("w:biz", "get", "verified_name") => business::verified_name(state, from, iq),
        ("w:biz:catalog", "get", "product_catalog") => catalog::products(state, from, iq),
        ("w:biz:catalog", "get", "collections") => catalog::collections(state, from, iq),
        ("w:biz:catalog", "set", "product_catalog_add") => catalog::add(state, from, iq),
        ("w:biz:catalog", "set", "product_catalog_edit") => catalog::edit(state, from, iq),
        ("w:biz:catalog", "set", "product_catalog_delete") => catalog::delete(state, from, iq),
        ("fb:thrift_iq", "get", "order") => catalog::order(state, from, iq),
        ("abt" | "w", "get", "props") => props::get(state, from, iq),
        // Some clients forget the type.
        ("w:stats", "set" | "", _) => stats::add(iq),
        ("bot", "get", _) => bots::list(iq),
        ("spam", "set", _) => spam::report(state, from, iq),
        ("md", "set", "remove-companion-device") => companion::remove(state, from, iq),
        _ => Err(Refusal::Unknown),
    }
}

/// A stanza from a client that is not linked yet.
fn register(state: &mut State, id: ConnectionId, stanza: &Node) {
    let (xmlns, kind) = (stanza.text("xmlns"), stanza.text("type"));
    let first = stanza
        .nodes()
        .first()
        .map_or("", |child| child.tag.as_ref());
    let outcome = match (stanza.tag.as_ref(), kind.as_ref(), xmlns.as_ref(), first) {
        ("iq", "result" | "error", ..) => {
            pair_device::confirm(state, id, stanza).map(|()| Reply::Sent)
        }
        ("iq", "set", "md", "link_code_companion_reg") => link_code::answer(state, id, stanza),
        ("iq", "get", "md", "ref") => passkey::reference(state, id),
        ("iq", "get", "md", "passkey_request_options") => passkey::request_options(state, id),
        ("iq", "set", "md", "passkey_prologue") => passkey::prologue(state, id, stanza),
        ("iq", "set", "md", "companion_nonce") => passkey::nonce(state, id, stanza),
        ("iq", "set", "md", "encrypted_pairing_request") => passkey::request(state, id, stanza),
        ("iq", "get", "w:p" | "urn:xmpp:ping", _) => ping::answer(stanza),
        // The client has seen a notification of ours: nothing waits for that.
        ("ack", ..) => Ok(Reply::Sent),
        // A sign of presence before the login says nothing.
        ("ib" | "presence", ..) => Ok(Reply::Sent),
        _ => Err(Refusal::Unknown),
    };
    let answer = match outcome {
        Ok(Reply::Sent) => return,
        Ok(Reply::Result(children)) => result(stanza, children, state.clock.now()),
        Err(refusal) => {
            if let Some(reason) = refusal.violation() {
                state.violation(None, reason, stanza);
            }
            if stanza.tag != "iq" || matches!(kind.as_ref(), "result" | "error") {
                return;
            }
            error(stanza, &refusal)
        }
    };
    state.push(id, crate::connection::Outgoing::Stanza(answer.into()));
}
