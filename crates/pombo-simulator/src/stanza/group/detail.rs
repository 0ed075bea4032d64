//! `<subject>` and `<description>`.

use wacore_binary::Node;

use super::super::answer::{Answer, Refusal, Reply};
use super::create::SUBJECT_LIMIT;
use super::node::address;
use super::{editor_of, notify};
use crate::network::group::{Description, Mark};
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// The longest description, in characters.
const DESCRIPTION_LIMIT: usize = 2048;

/// `<subject>text</subject>`.
pub(super) fn subject(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let text = request.body_text().into_owned();
    let mark = Mark {
        by: from.account,
        at: state.clock.now(),
    };
    let group = editor_of(state, from, id)?;
    if text.is_empty() || text.chars().count() > SUBJECT_LIMIT {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    group.subject.clone_from(&text);
    group.subject_set = mark;
    let mode = group.addressing;
    let subject = node("subject")
        .attr("subject", text)
        .attr("s_t", mark.at)
        .attr("s_o", address(state, mark.by, mode));
    let subject = match mode {
        Addressing::Lid => subject.attr("s_o_pn", address(state, mark.by, Addressing::Pn)),
        Addressing::Pn => subject,
    };
    notify::tell_members(state, id, from.account, &[subject.build()]);
    Reply::empty()
}

/// `<description id prev?><body/></description>`, or with `delete="true"`. `prev` has to be the id of the present one: 409 else.
pub(super) fn description(state: &mut State, from: &Session, id: &str, request: &Node) -> Answer {
    let mark = Mark {
        by: from.account,
        at: state.clock.now(),
    };
    let group = editor_of(state, from, id)?;
    let present = group
        .description
        .as_ref()
        .map(|description| description.id.as_str());
    if request.text_opt("prev").as_deref() != present {
        return Err(Refusal::CONFLICT);
    }
    let text = request
        .child("body")
        .map(|body| body.body_text().into_owned())
        .filter(|text| !text.is_empty());
    let new_id = request.text("id").into_owned();
    let change = node("description").attr("id", new_id.as_str());
    let change = if request.text("delete") == "true" {
        group.description = None;
        change.children([node("delete").build()]).build()
    } else {
        let text = text.ok_or(Refusal::BAD_REQUEST)?;
        if new_id.is_empty() {
            return Err(Refusal::Malformed("a description without an id"));
        }
        if text.chars().count() > DESCRIPTION_LIMIT {
            return Err(Refusal::NOT_ACCEPTABLE);
        }
        group.description = Some(Description {
            id: new_id,
            text: text.clone(),
            set: mark,
        });
        let body = node("body").bytes(text.into_bytes()).build();
        change.children([body]).build()
    };
    notify::tell_members(state, id, from.account, &[change]);
    Reply::empty()
}
