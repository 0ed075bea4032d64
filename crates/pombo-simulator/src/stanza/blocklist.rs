//! `blocklist`: accounts whose messages are not delivered, and who are shown nothing.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// The whole list, by LID. With `<item dhash/>` nothing, when the asker's copy is the present one.
pub(crate) fn get(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let account = state.account(from.account).ok_or(Refusal::NOT_FOUND)?;
    let hash = account.blocklist.hash();
    let known = iq
        .nodes()
        .first()
        .and_then(|item| item.text_opt("dhash"))
        .is_some_and(|known| known == hash);
    if known {
        return Reply::node(
            node("list")
                .attr("dhash", hash)
                .attr("matched", "true")
                .build(),
        );
    }
    Reply::node(list(state, from))
}

fn list(state: &State, from: &Session) -> Node {
    let Some(account) = state.account(from.account) else {
        return node("list").build();
    };
    let items: Vec<Node> = account
        .blocklist
        .blocked
        .iter()
        .filter_map(|(id, at)| {
            let blocked = state.account(*id)?;
            Some(
                node("item")
                    .attr("jid", blocked.jid(Addressing::Lid))
                    .attr("pn_jid", blocked.jid(Addressing::Pn))
                    .attr("t", *at)
                    .build(),
            )
        })
        .collect();
    node("list")
        .attr("addressing_mode", "lid")
        .attr("dhash", account.blocklist.hash())
        .children(items)
        .build()
}

/// `<item action="block" jid=LID pn_jid=PN/>`, `<item action="unblock" jid/>`. A block without the LID is refused, as the real
/// network does since it addresses accounts by LID.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let item = iq
        .child("item")
        .ok_or(Refusal::Malformed("a blocklist change without <item>"))?;
    let jid = item.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
    let target = state.resolve(&jid).ok_or(Refusal::NOT_FOUND)?;
    if target == from.account {
        return Err(Refusal::BAD_REQUEST);
    }
    let action = item.text("action").into_owned();
    let now = state.clock.now();
    match action.as_str() {
        "block" => {
            let number = item.jid("pn_jid").and_then(|jid| state.resolve(&jid));
            if Addressing::of(&jid) != Addressing::Lid || number != Some(target) {
                return Err(Refusal::BAD_REQUEST);
            }
        }
        "unblock" => {}
        _ => return Err(Refusal::BAD_REQUEST),
    }
    let account = state.account_mut(from.account).ok_or(Refusal::NOT_FOUND)?;
    let before = account.blocklist.hash();
    if action == "block" {
        account.blocklist.blocked.insert(target, now);
    } else {
        account.blocklist.blocked.remove(&target);
    }
    let after = account.blocklist.hash();
    let own = account.jid(Addressing::Pn);
    let lid = state
        .account(target)
        .map(|target| target.jid(Addressing::Lid))
        .unwrap_or(jid);
    let item = node("item").attr("action", action).attr("jid", lid).build();
    let change = node("blocklist")
        .attr("action", "modify")
        .attr("dhash", after)
        .attr("prev_dhash", before)
        .children([item])
        .build();
    let note = notification::build(state, "account_sync", own, [], vec![change]);
    notification::tell(state, from.account, Some(from.device), note);
    Reply::node(list(state, from))
}
