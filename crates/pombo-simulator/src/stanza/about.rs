//! `status`: the "about" text of an account. (Status updates are messages.)

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// The longest text, in characters.
const LIMIT: usize = 139;

/// `<status>text</status>`. Those who know the account and may see the text are told, and so are its own other devices.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let status = iq
        .child("status")
        .ok_or(Refusal::Malformed("a status request without <status>"))?;
    let text = status.body_text().into_owned();
    if text.chars().count() > LIMIT {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    let now = state.clock.now();
    let account = state.account_mut(from.account).ok_or(Refusal::NOT_FOUND)?;
    account.about.clone_from(&text);
    account.about_at = now;
    let jid = account.jid(Addressing::Pn);
    let name = account.name.clone();
    let others: Vec<_> = state
        .acquaintances(from.account)
        .into_iter()
        .filter(|other| state.shows(from.account, *other, "status"))
        .map(|other| (other, None))
        .collect();
    for (other, except) in others
        .into_iter()
        .chain([(from.account, Some(from.device))])
    {
        let set = node("set").bytes(text.as_bytes().to_vec()).build();
        let note = notification::build(
            state,
            "status",
            jid.clone(),
            [("notify", name.clone())],
            vec![set],
        );
        notification::tell(state, other, except, note);
    }
    Reply::empty()
}
