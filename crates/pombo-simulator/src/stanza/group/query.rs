//! What a group is like.

use wacore::messages::MessageUtils;
use wacore_binary::{Jid, Node};

use super::super::answer::{Answer, Refusal, Reply};
use super::member_of;
use super::node::{Detail, address, group};
use crate::network::group::Group;
use crate::network::{Session, State};
use crate::node::{NodeExt as _, node};

/// `<query request="interactive" phash?/>` to a group: the group, or nothing when the asker knows its members already.
pub(super) fn one(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    member_of(state, from, id)?;
    let found = state.groups.get(id).ok_or(Refusal::NOT_FOUND)?;
    if let Some(hash) = request.text_opt("phash")
        && member_hash(state, found).is_some_and(|known| known == hash)
    {
        return Reply::empty();
    }
    Reply::node(group(state, found, Detail::FULL))
}

fn member_hash(state: &State, group: &Group) -> Option<String> {
    let members: Vec<Jid> = group
        .members
        .keys()
        .map(|id| address(state, *id, group.addressing))
        .collect();
    MessageUtils::participant_list_hash(&members).ok()
}

/// `<query><group jid/>…</query>`: several groups at once, each with its own error.
pub(super) fn several(state: &mut State, from: &Session, request: &Node) -> Answer {
    let mut groups = Vec::new();
    for asked in request.nodes_named("group") {
        let Some(jid) = asked.jid("jid") else {
            return Err(Refusal::Malformed("a group without its address"));
        };
        groups.push(match member_of(state, from, &jid.user) {
            Ok(_) => match state.groups.get(jid.user.as_str()) {
                Some(found) => group(state, found, Detail::FULL),
                None => continue,
            },
            Err(refusal) => node("group")
                .attr("id", jid.user.as_str())
                .attr("error", refusal.code().0)
                .build(),
        });
    }
    Reply::node(node("groups").children(groups).build())
}

/// `<participating>`: all groups of the asker.
pub(super) fn participating(state: &mut State, from: &Session, request: &Node) -> Answer {
    let detail = Detail {
        participants: request.child("participants").is_some(),
        description: request.child("description").is_some(),
    };
    let groups: Vec<Node> = state
        .groups
        .values()
        .filter(|group| group.members.contains_key(&from.account))
        .map(|found| group(state, found, detail))
        .collect();
    Reply::node(node("groups").children(groups).build())
}

/// `<pictures><picture jid type/>…</pictures>`: pictures of several groups. Those without one are left out.
pub(super) fn pictures(state: &mut State, from: &Session, request: &Node) -> Answer {
    let pictures: Vec<Node> = request
        .nodes_named("picture")
        .filter_map(|asked| {
            let jid = asked.jid("jid")?;
            let group = state.groups.get(jid.user.as_str())?;
            let picture = group.picture.as_ref()?;
            let path = picture.direct_path.as_str();
            group.members.contains_key(&from.account).then(|| {
                node("picture")
                    .attr("jid", jid)
                    .attr("type", asked.text("type").as_ref())
                    .attr("id", picture.id.as_str())
                    .attr("url", state.file_url(path))
                    .attr("direct_path", path)
                    .build()
            })
        })
        .collect();
    Reply::node(node("pictures").children(pictures).build())
}
