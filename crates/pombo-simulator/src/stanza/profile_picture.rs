//! `w:profile:picture`: pictures of accounts and groups.

use wacore_binary::{Jid, Node, Server};

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::picture::Picture;
use crate::network::{AccountId, Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// Whose picture is meant.
enum Owner {
    Account(AccountId),
    Group(String),
    Newsletter(String),
}

fn owner(state: &State, from: &Session, iq: &Node) -> Result<Owner, Refusal> {
    // Clients name the target in an attribute of its own; older ones address the request to it.
    let target = iq
        .jid("target")
        .or_else(|| iq.jid("to").filter(|to| !to.user.is_empty()));
    let Some(target) = target else {
        return Ok(Owner::Account(from.account));
    };
    match target.server {
        Server::Group => Ok(Owner::Group(target.user.to_string())),
        Server::Newsletter => Ok(Owner::Newsletter(target.user.to_string())),
        _ => state
            .resolve(&target)
            .map(Owner::Account)
            .ok_or(Refusal::NOT_FOUND),
    }
}

/// `<picture type="preview|image" query="url" id?/>`: where the picture is. 404 without one, 401 when it is not shown to the asker.
pub(crate) fn get(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("picture")
        .ok_or(Refusal::Malformed("a picture request without <picture>"))?;
    let kind = request.text("type");
    if !matches!(kind.as_ref(), "preview" | "image") {
        return Err(Refusal::BAD_REQUEST);
    }
    let picture = match owner(state, from, iq)? {
        Owner::Account(id) => {
            if !state.trusts(id, from.account, request) {
                return Err(Refusal::NOT_FOUND);
            }
            if !state.shows(id, from.account, "profile") {
                return Err(Refusal::UNAUTHORIZED);
            }
            state
                .account(id)
                .and_then(|account| account.picture.as_ref())
        }
        Owner::Group(id) => state
            .groups
            .get(&id)
            .filter(|group| {
                group.members.contains_key(&from.account)
                    || request.text("invite") == group.invite_code
            })
            .ok_or(Refusal::UNAUTHORIZED)?
            .picture
            .as_ref(),
        Owner::Newsletter(id) => state
            .newsletters
            .get(&id)
            .and_then(|newsletter| newsletter.picture.as_ref()),
    };
    let picture = picture.ok_or(Refusal::NOT_FOUND)?;
    if request.text("id") == picture.id {
        // The asker has it already.
        return Reply::node(node("picture").attr("id", picture.id.as_str()).build());
    }
    let path = picture.direct_path.as_str();
    Reply::node(
        node("picture")
            .attr("id", picture.id.as_str())
            .attr("type", kind.as_ref())
            .attr("url", state.file_url(path))
            .attr("direct_path", path)
            .build(),
    )
}

/// `<picture type="image">jpeg</picture>` sets it, no `<picture>` at all removes it.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let owner = owner(state, from, iq)?;
    match &owner {
        Owner::Account(id) if *id == from.account => {}
        Owner::Account(_) | Owner::Newsletter(_) => return Err(Refusal::FORBIDDEN),
        Owner::Group(id) => {
            super::group::editor_of(state, from, id)?;
        }
    }
    // Some clients send a preview beside the image; the image is what counts.
    let image = iq
        .nodes_named("picture")
        .find(|picture| picture.text("type") == "image")
        .map(|picture| picture.body().to_vec())
        .filter(|image| !image.is_empty());
    if image.is_none() && iq.child("picture").is_some() {
        return Err(Refusal::BAD_REQUEST);
    }
    if image.as_deref().is_some_and(|image| !is_jpeg(image)) {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    let picture = image.map(|image| state.keep_picture(image));
    match owner {
        Owner::Account(id) => {
            if let Some(account) = state.account_mut(id) {
                account.picture.clone_from(&picture);
            }
            tell_about_account(state, id, picture.as_ref());
        }
        Owner::Group(id) => {
            if let Some(group) = state.groups.get_mut(&id) {
                group.picture.clone_from(&picture);
            }
            tell_about_group(state, from, &id, picture.as_ref());
        }
        Owner::Newsletter(_) => {}
    }
    match picture {
        Some(picture) => Reply::node(node("picture").attr("id", picture.id).build()),
        None => Reply::empty(),
    }
}

fn is_jpeg(image: &[u8]) -> bool {
    image.starts_with(&[0xff, 0xd8, 0xff])
}

fn change(jid: &Jid, author: Jid, picture: Option<&Picture>) -> Node {
    let change = match picture {
        Some(picture) => node("set").attr("id", picture.id.as_str()),
        None => node("delete"),
    };
    change
        .attr("jid", jid.clone())
        .attr("author", author)
        .build()
}

/// All own devices are told, the one that did it included; and those who know the account and may see the picture.
fn tell_about_account(state: &mut State, id: AccountId, picture: Option<&Picture>) {
    let Some(account) = state.account(id) else {
        return;
    };
    let jid = account.jid(Addressing::Pn);
    let mut told = vec![id];
    told.extend(
        state
            .acquaintances(id)
            .into_iter()
            .filter(|other| state.shows(id, *other, "profile")),
    );
    for other in told {
        let change = change(&jid, jid.clone(), picture);
        let note = notification::build(state, "picture", jid.clone(), [], vec![change]);
        notification::tell(state, other, None, note);
    }
}

fn tell_about_group(state: &mut State, from: &Session, id: &str, picture: Option<&Picture>) {
    let Some(group) = state.groups.get(id) else {
        return;
    };
    let (jid, members, mode) = (group.jid(), group.member_ids(), group.addressing);
    let author = super::group::node::address(state, from.account, mode);
    for member in members {
        let change = change(&jid, author.clone(), picture);
        let note = notification::build(state, "picture", jid.clone(), [], vec![change]);
        notification::tell(state, member, None, note);
    }
}
