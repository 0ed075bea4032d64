//! `<leave>`: a member goes.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::node::person;
use super::{community, notify};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// `<leave><group id/>…</leave>`: each group with a result of its own. Whoever leaves a community leaves all of it.
pub(super) fn answer(state: &mut State, from: &Session, request: &Node) -> Answer {
    if request.nodes_named("group").next().is_none() {
        return Err(Refusal::BAD_REQUEST);
    }
    let mut results = Vec::new();
    for asked in request.nodes_named("group") {
        let text = asked.text("id");
        let id = text.split('@').next().unwrap_or_default();
        let result = node("group").attr("id", text.as_ref());
        let result = match state.groups.get(id) {
            None => result.attr("error", 404),
            Some(group) if !group.members.contains_key(&from.account) => result.attr("error", 403),
            Some(group) => {
                let groups = if group.is_community() {
                    community::groups_of(state, id)
                } else {
                    vec![id.to_owned()]
                };
                for group in groups {
                    leave(state, &group, from.account);
                }
                result
            }
        };
        results.push(result.build());
    }
    if let [only] = results.as_slice()
        && let Some(code) = only.parsed::<u16>("error")
    {
        return Err(match code {
            404 => Refusal::NOT_FOUND,
            _ => Refusal::FORBIDDEN,
        });
    }
    Reply::node(node("leave").children(results).build())
}

/// Takes an account out of a group, at its own wish. Everybody is told, itself included.
fn leave(state: &mut State, id: &str, account: AccountId) {
    let Some(group) = state.groups.get_mut(id) else {
        return;
    };
    if !group.members.contains_key(&account) {
        return;
    }
    let mode = group.addressing;
    let witnesses = group.member_ids();
    group.expel(account);
    *group.departures.entry(account).or_default() += 1;
    let heir = group.succeed();
    let who = person(state, "participant", account, mode).build();
    let remove = node("remove").children([who]).build();
    notify::tell(state, id, account, witnesses, &[remove]);
    if let Some(heir) = heir {
        let who = person(state, "participant", heir, mode)
            .attr("type", "admin")
            .build();
        let promote = node("promote").children([who]).build();
        notify::tell_members(state, id, account, &[promote]);
    }
}
