//! `privacy`: what an account shows to whom, and the tokens by which it vouches for others.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::privacy::{Privacy, TrustToken};
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// `<privacy/>`: all categories.
pub(crate) fn get(state: &mut State, from: &Session, iq: &Node) -> Answer {
    if iq
        .child("privacy")
        .is_some_and(|privacy| !privacy.nodes().is_empty())
    {
        return Err(Refusal::Unknown);
    }
    let account = state.account(from.account).ok_or(Refusal::NOT_FOUND)?;
    let categories: Vec<Node> = account
        .privacy
        .all()
        .map(|(name, value)| category(name, value).build())
        .collect();
    Reply::node(node("privacy").children(categories).build())
}

fn category(name: &str, value: &str) -> wacore_binary::builder::NodeBuilder {
    node("category").attr("name", name).attr("value", value)
}

/// `<privacy><category name value dhash?><user action jid/>…`: one category, with changes of its list of exceptions. A hash that is
/// not that of the present list: 409.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let categories: Vec<&Node> = iq
        .child("privacy")
        .map(|privacy| privacy.nodes_named("category").collect())
        .unwrap_or_default();
    if categories.is_empty() {
        return Err(Refusal::BAD_REQUEST);
    }
    let mut changed = Vec::new();
    for change in categories {
        let (name, value) = (change.text("name"), change.text("value"));
        if !Privacy::is_valid(&name, &value) {
            return Err(Refusal::BAD_REQUEST);
        }
        changed.push(set_category(state, from, change)?);
    }
    let own = state
        .account(from.account)
        .map(|account| account.jid(Addressing::Pn))
        .unwrap_or_default();
    let change = node("privacy").children(changed.clone()).build();
    let note = notification::build(state, "account_sync", own, [], vec![change]);
    notification::tell(state, from.account, Some(from.device), note);
    Reply::node(node("privacy").children(changed).build())
}

fn set_category(state: &mut State, from: &Session, change: &Node) -> Result<Node, Refusal> {
    let (name, value) = (change.text("name"), change.text("value"));
    let mut exceptions = Vec::new();
    for user in change.nodes_named("user") {
        let jid = user.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
        let account = state.resolve(&jid).ok_or(Refusal::NOT_FOUND)?;
        match user.text("action").as_ref() {
            "add" => exceptions.push((account, true)),
            "remove" => exceptions.push((account, false)),
            _ => return Err(Refusal::BAD_REQUEST),
        }
    }
    let account = state.account_mut(from.account).ok_or(Refusal::NOT_FOUND)?;
    let privacy = &mut account.privacy;
    if value == "contact_blacklist" {
        let known = change.text_opt("dhash").unwrap_or_default();
        let is_present = match privacy.list_hash(&name) {
            Some(hash) => hash == known,
            // A client that has no list yet says so in one of these ways.
            None => matches!(known.as_ref(), "" | "none"),
        };
        if !is_present && !exceptions.is_empty() {
            return Err(Refusal::CONFLICT);
        }
        for (account, excepted) in exceptions {
            if excepted {
                privacy.except(&name, account);
            } else {
                privacy.no_longer_except(&name, account);
            }
        }
    } else if !exceptions.is_empty() {
        return Err(Refusal::BAD_REQUEST);
    }
    privacy.set(&name, &value);
    let answer = category(&name, &value);
    Ok(match privacy.list_hash(&name) {
        Some(hash) if value == "contact_blacklist" => answer.attr("dhash", hash).build(),
        _ => answer.build(),
    })
}

/// `<tokens><token jid t type="trusted_contact"/>…`: the account vouches for others. They are told, and may show the token from now on.
pub(crate) fn issue_tokens(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let tokens = iq.child("tokens").ok_or(Refusal::BAD_REQUEST)?;
    let account = state.account(from.account).ok_or(Refusal::NOT_FOUND)?;
    let own = account.jid(Addressing::Pn);
    let own_lid = account.jid(Addressing::Lid);
    let mut answers = Vec::new();
    for asked in tokens.nodes_named("token") {
        let jid = asked.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
        let issued_at: u64 = asked.parsed("t").ok_or(Refusal::BAD_REQUEST)?;
        if asked.text("type") != "trusted_contact" {
            return Err(Refusal::BAD_REQUEST);
        }
        let Some(holder) = state.resolve(&jid) else {
            continue;
        };
        let bytes = state.random.bytes::<24>().to_vec();
        let token = TrustToken {
            bytes: bytes.clone(),
            issued_at,
        };
        if let Some(account) = state.account_mut(from.account) {
            account.tokens_given.insert(holder, token);
        }
        let told = node("token")
            .attr("type", "trusted_contact")
            .attr("t", issued_at)
            .bytes(bytes.clone())
            .build();
        let mut note = notification::build(
            state,
            "privacy_token",
            own.clone(),
            [],
            vec![node("tokens").children([told]).build()],
        );
        note.attrs.insert("sender_lid", own_lid.clone());
        notification::tell(state, holder, None, note);
        answers.push(
            node("token")
                .attr("jid", jid)
                .attr("t", issued_at)
                .attr("type", "trusted_contact")
                .bytes(bytes)
                .build(),
        );
    }
    Reply::node(node("tokens").children(answers).build())
}
