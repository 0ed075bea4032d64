//! `usync`: the directory. Who is on WhatsApp, under which addresses, with which devices.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::answer::{Answer, Refusal, Reply};
use super::business::verified_name_node;
use crate::network::account::Account;
use crate::network::{Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// Answers what was asked about each user, by phone number or by LID; the answer names a user as the question did.
pub(crate) fn answer(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let [request] = iq.nodes() else {
        return Err(Refusal::Malformed("a directory request without content"));
    };
    let query = request
        .child("query")
        .ok_or(Refusal::Malformed("a directory request without a query"))?;
    let list = request
        .child("list")
        .ok_or(Refusal::Malformed("a directory request without a list"))?;
    for protocol in query.nodes() {
        if !PROTOCOLS.contains(&protocol.tag.as_ref()) {
            return Err(Refusal::Unknown);
        }
    }
    let mut users = Vec::with_capacity(list.nodes().len());
    for user in list.nodes_named("user") {
        // Whoever asks for somebody's devices is told when they change.
        if query.child("devices").is_some()
            && let Some(asked) = user.jid("jid").and_then(|jid| state.resolve(&jid))
            && asked != from.account
        {
            state.acquaint(from.account, asked);
        }
        users.push(user_node(state, from, query, user)?);
    }
    let states = query
        .nodes()
        .iter()
        .map(|protocol| NodeBuilder::new_dynamic(protocol.tag.to_string()).build());
    Reply::node(
        node("usync")
            .attr("sid", request.text("sid").as_ref())
            .attr("index", 0)
            .attr("last", "true")
            .attr("mode", request.text("mode").as_ref())
            .attr("context", request.text("context").as_ref())
            .children([
                node("result").children(states).build(),
                node("list").children(users).build(),
            ])
            .build(),
    )
}

/// What can be asked about a user.
const PROTOCOLS: [&str; 9] = [
    "contact",
    "lid",
    "devices",
    "status",
    "business",
    "picture",
    "username",
    "disappearing_mode",
    "text_status",
];

fn user_node(state: &State, from: &Session, query: &Node, user: &Node) -> Result<Node, Refusal> {
    let asked = user.child("contact");
    let number = asked.map(|contact| contact.body_text().trim_start_matches('+').to_owned());
    let jid = user
        .jid("jid")
        .or_else(|| {
            number
                .filter(|number| !number.is_empty())
                .map(|number| Jid::pn(number.as_str()))
        })
        .ok_or(Refusal::Malformed(
            "a directory request about a user without address",
        ))?
        .to_non_ad();
    let account = state.resolve(&jid).and_then(|id| state.account(id));
    let mut children = Vec::new();
    for protocol in query.nodes() {
        match (protocol.tag.as_ref(), account) {
            ("contact", account) => {
                let found = if account.is_some() { "in" } else { "out" };
                let mut contact = node("contact").attr("type", found);
                if let Some(asked) = asked {
                    contact = contact.string_content(asked.body_text().as_ref());
                }
                children.push(contact.build());
            }
            ("lid", Some(account)) => children.push(
                node("lid")
                    .attr("val", account.jid(Addressing::Lid))
                    .build(),
            ),
            ("devices", Some(account)) => children.push(devices(account)),
            ("status", Some(account)) if !state.shows(account.id, from.account, "status") => {
                children.push(
                    node("status")
                        .attr("code", 401)
                        .attr("type", "fail")
                        .build(),
                );
            }
            ("status", Some(account)) => children.push(
                node("status")
                    .attr("t", account.about_at)
                    .string_content(account.about.as_str())
                    .build(),
            ),
            ("disappearing_mode", Some(account)) => {
                let (duration, at) = account.disappearing;
                children.push(
                    node("disappearing_mode")
                        .attr("duration", duration)
                        .attr("t", at)
                        .build(),
                );
            }
            ("picture", Some(account)) if state.shows(account.id, from.account, "profile") => {
                children.extend(
                    account
                        .picture
                        .as_ref()
                        .map(|picture| node("picture").attr("id", picture.id.as_str()).build()),
                );
            }
            ("business", Some(account)) => {
                children.extend(account.business.as_ref().map(|business| {
                    node("business")
                        .children(verified_name_node(business))
                        .build()
                }));
            }
            ("username", Some(_)) => children.push(node("username").build()),
            // Nothing is said about what an account does not have or show: a picture, a business.
            _ => {}
        }
    }
    let mut answer = node("user").attr("jid", jid.clone());
    if let Some(account) = account
        && Addressing::of(&jid) == Addressing::Lid
    {
        answer = answer.attr("pn_jid", account.jid(Addressing::Pn));
    }
    Ok(answer.children(children).build())
}

/// The devices of an account, with the phone's signature: others ignore companions without it.
fn devices(account: &Account) -> Node {
    let list = account
        .devices
        .values()
        .filter(|device| device.is_listed())
        .map(|device| {
            let entry = node("device").attr("id", device.number);
            if device.number == 0 {
                entry.build()
            } else {
                entry.attr("key-index", device.key_index).build()
            }
        });
    node("devices")
        .children([
            node("device-list").children(list).build(),
            key_index_list(account),
        ])
        .build()
}

/// `<key-index-list>`: the phone's signed list of valid devices.
pub(crate) fn key_index_list(account: &Account) -> Node {
    node("key-index-list")
        .attr("ts", account.devices_changed_at)
        .bytes(account.signed_device_list())
        .build()
}
