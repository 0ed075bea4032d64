//! Groups. People are named by number or address; the network's answer counts, so a group must exist.

use wacore_binary::{Jid, Node};

use super::super::error::PhoneError;
use super::VirtualPhone;
use super::handle::address;
use crate::node::{NodeExt as _, node};

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

    fn group_request(&self, kind: &'static str, to: Jid, change: Node) -> Result<Node, PhoneError> {
        self.lock()
            .ask(&self.network, "w:g2", kind, to, vec![change])
    }

    fn known(&self, person: &str) -> Result<Jid, PhoneError> {
        let jid = address(person)?;
        Ok(jid.to_non_ad())
    }
}
