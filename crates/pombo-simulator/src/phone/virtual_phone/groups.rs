//! Groups. People are named by number or address; the network's answer counts, so a group must exist.

use std::borrow::Cow;

use wacore_binary::{Jid, Node};

use super::super::error::PhoneError;
use super::super::view::ShownGroup;
use super::VirtualPhone;
use super::handle::address;
use crate::node::{NodeExt as _, node, service};

impl VirtualPhone {
    /// Makes a group. Returns its address.
    pub async fn create_group(&self, subject: &str, people: &[&str]) -> Result<String, PhoneError> {
        let key = self.lock().new_id();
        let mut members = Vec::new();
        for person in people {
            let person = self.known(person)?;
            members.push(node("participant").attr("jid", person).build());
        }
        let create = node("create")
            .attr("subject", subject)
            .attr("key", key)
            .children(members)
            .build();
        let answer = self.group_request("set", Jid::group(""), create)?;
        let id = answer
            .child("group")
            .map(|group| group.text("id").into_owned());
        let id = id.filter(|id| !id.is_empty()).ok_or(PhoneError::NoAnswer)?;
        let id = id.split('@').next().unwrap_or_default().to_owned();
        Ok(format!("{id}@g.us"))
    }

    /// Takes people into a group.
    pub async fn add_members(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "add", people)
    }

    /// Throws people out of a group.
    pub async fn remove_members(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "remove", people)
    }

    /// Makes members of a group admins.
    pub async fn promote(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "promote", people)
    }

    /// Makes admins of a group ordinary members.
    pub async fn demote(&self, group: &str, people: &[&str]) -> Result<(), PhoneError> {
        self.change_members(group, "demote", people)
    }

    fn change_members(
        &self,
        group: &str,
        change: &'static str,
        people: &[&str],
    ) -> Result<(), PhoneError> {
        let mut members = Vec::new();
        for person in people {
            let person = self.known(person)?;
            members.push(node("participant").attr("jid", person).build());
        }
        let answer = self.group_request(
            "set",
            address(group)?,
            node(change).children(members).build(),
        )?;
        let refused = answer
            .child(change)
            .into_iter()
            .flat_map(|change| change.nodes())
            .find_map(|member| member.parsed("error"));
        match refused {
            Some(code) => Err(PhoneError::Refused {
                code,
                text: change.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Renames a group.
    pub async fn set_subject(&self, group: &str, subject: &str) -> Result<(), PhoneError> {
        let change = node("subject").bytes(subject.as_bytes().to_vec()).build();
        self.group_request("set", address(group)?, change).map(drop)
    }

    /// Describes a group.
    pub async fn set_description(&self, group: &str, text: &str) -> Result<(), PhoneError> {
        let group = address(group)?;
        let query = node("query").attr("request", "interactive").build();
        let present = self.group_request("get", group.clone(), query)?;
        let replaced = present
            .child("group")
            .and_then(|group| group.child("description"))
            .map(|description| description.text("id").into_owned());
        let id = self.lock().new_id();
        let mut change = node("description")
            .attr("id", id)
            .children([node("body").bytes(text.as_bytes().to_vec()).build()]);
        if let Some(replaced) = replaced {
            change = change.attr("prev", replaced);
        }
        self.group_request("set", group, change.build()).map(drop)
    }

    /// Only admins may write, or everybody.
    pub async fn set_announcement(&self, group: &str, only_admins: bool) -> Result<(), PhoneError> {
        let change = if only_admins {
            "announcement"
        } else {
            "not_announcement"
        };
        self.group_request("set", address(group)?, node(change).build())
            .map(drop)
    }

    /// Only admins may change the group, or everybody.
    pub async fn set_locked(&self, group: &str, only_admins: bool) -> Result<(), PhoneError> {
        let change = if only_admins { "locked" } else { "unlocked" };
        self.group_request("set", address(group)?, node(change).build())
            .map(drop)
    }

    /// The code of a group's invitation link.
    pub async fn invite_code(&self, group: &str) -> Result<String, PhoneError> {
        let answer = self.group_request("get", address(group)?, node("invite").build())?;
        let code = answer
            .child("invite")
            .map(|invite| invite.text("code").into_owned());
        code.ok_or(PhoneError::NoAnswer)
    }

    /// Joins a group by the code of its invitation link.
    pub async fn join(&self, code: &str) -> Result<(), PhoneError> {
        let join = node("invite").attr("code", code).build();
        self.group_request("set", Jid::group(""), join).map(drop)
    }

    /// Leaves a group.
    pub async fn leave(&self, group: &str) -> Result<(), PhoneError> {
        let group = address(group)?;
        let leave = node("leave")
            .children([node("group").attr("id", group).build()])
            .build();
        self.group_request("set", Jid::group(""), leave).map(drop)
    }

    /// Opens the page of a group. 403 for those who are not in it.
    pub async fn group(&self, group: &str) -> Result<ShownGroup, PhoneError> {
        let jid = address(group)?;
        let query = node("query").attr("request", "interactive").build();
        let answer = self.group_request("get", jid.clone(), query)?;
        let tree = answer.child("group").ok_or(PhoneError::NoAnswer)?;
        Ok(ShownGroup {
            picture: self.group_picture(jid)?,
            ..shown(tree)
        })
    }

    /// The id of a group's picture.
    fn group_picture(&self, group: Jid) -> Result<Option<String>, PhoneError> {
        let query = node("picture").attr("type", "image").attr("query", "url");
        let mut phone = self.lock();
        let id = phone.new_id();
        let namespace = "w:profile:picture";
        let answer = phone.request(
            &self.network,
            namespace,
            "get",
            service(),
            Some(group),
            vec![query.build()],
            &id,
        );
        match answer {
            Ok(answer) => Ok(answer
                .child("picture")
                .map(|picture| picture.text("id").into_owned())),
            Err(PhoneError::Refused { code: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Who waits to be let in, by phone-number address: for admins.
    pub async fn join_requests(&self, group: &str) -> Result<Vec<String>, PhoneError> {
        let query = node("membership_approval_requests").build();
        let answer = self.group_request("get", address(group)?, query)?;
        Ok(answer
            .child("membership_approval_requests")
            .into_iter()
            .flat_map(|requests| requests.nodes())
            .map(number_of)
            .collect())
    }

    fn group_request(&self, kind: &'static str, to: Jid, change: Node) -> Result<Node, PhoneError> {
        self.lock()
            .ask(&self.network, "w:g2", kind, to, vec![change])
    }

    fn known(&self, person: &str) -> Result<Jid, PhoneError> {
        let jid = address(person)?;
        Ok(jid.to_non_ad())
    }
}

/// The phone-number address of a participant.
fn number_of(person: &Node) -> String {
    match person.text_opt("phone_number") {
        Some(number) => number.into_owned(),
        None => person.text("jid").into_owned(),
    }
}

fn shown(group: &Node) -> ShownGroup {
    let has = |tag| group.child(tag).is_some();
    let description = group
        .child("description")
        .and_then(|description| description.child("body"))
        .map(|body| body.body_text().into_owned());
    ShownGroup {
        subject: group.text("subject").into_owned(),
        description: description.unwrap_or_default(),
        members: group
            .nodes_named("participant")
            .map(|member| {
                let role = member.text_opt("type");
                let role = role.map_or_else(|| "member".to_owned(), Cow::into_owned);
                (number_of(member), role)
            })
            .collect(),
        by_lid: group.text("addressing_mode") == "lid",
        only_admins_write: has("announcement"),
        only_admins_change: has("locked"),
        expiration: group
            .child("ephemeral")
            .and_then(|ephemeral| ephemeral.parsed("expiration")),
        approval: has("membership_approval_mode"),
        everybody_adds: group
            .child("member_add_mode")
            .is_some_and(|mode| mode.body_text() == "all_member_add"),
        picture: None,
    }
}
