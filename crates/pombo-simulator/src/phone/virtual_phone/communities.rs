//! Communities: groups of groups.

use wacore_binary::{Jid, Node};

use super::super::error::PhoneError;
use super::VirtualPhone;
use super::handle::address;
use crate::node::{NodeExt as _, node};

/// A group as the phone shows it in the list of a community's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubgroupOnScreen {
    /// Its address.
    pub jid: String,
    /// Its name.
    pub subject: String,
    /// The announcements, in which everybody is.
    pub announcements: bool,
}

impl VirtualPhone {
    /// Makes a community with announcements and a general chat. Returns its address.
    pub async fn create_community(&self, subject: &str) -> Result<String, PhoneError> {
        let key = self.lock().new_id();
        let create = node("create")
            .attr("subject", subject)
            .attr("key", key)
            .children([node("parent").build(), node("create_general_chat").build()])
            .build();
        let answer = self.community_request("set", Jid::group(""), create)?;
        let id = answer
            .child("group")
            .map(|group| group.text("id").into_owned());
        let id = id.filter(|id| !id.is_empty()).ok_or(PhoneError::NoAnswer)?;
        let id = id.split('@').next().unwrap_or_default().to_owned();
        Ok(format!("{id}@g.us"))
    }

    /// The groups of a community that the account is in.
    pub async fn subgroups(&self, community: &str) -> Result<Vec<SubgroupOnScreen>, PhoneError> {
        let request = node("sub_groups").build();
        let answer = self.community_request("get", address(community)?, request)?;
        let groups = answer.child("sub_groups").ok_or(PhoneError::NoAnswer)?;
        Ok(groups
            .nodes_named("group")
            .map(|group| SubgroupOnScreen {
                jid: format!("{}@g.us", group.text("id")),
                subject: group.text("subject").into_owned(),
                announcements: group.child("default_sub_group").is_some(),
            })
            .collect())
    }

    /// Comes into a group of a community that the account is in.
    pub async fn join_subgroup(&self, community: &str, group: &str) -> Result<(), PhoneError> {
        let join = node("join_linked_group")
            .attr("jid", address(group)?)
            .build();
        self.community_request("set", address(community)?, join)
            .map(drop)
    }

    /// Whether the account is in a group, as the network says.
    pub async fn is_member(&self, group: &str) -> Result<bool, PhoneError> {
        let query = node("query").attr("request", "interactive").build();
        match self.community_request("get", address(group)?, query) {
            Ok(_) => Ok(true),
            Err(PhoneError::Refused {
                code: 403 | 404, ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The community that a group of the account's belongs to.
    pub async fn community_of(&self, group: &str) -> Result<Option<String>, PhoneError> {
        let query = node("query").attr("request", "interactive").build();
        let answer = self.community_request("get", address(group)?, query)?;
        let group = answer.child("group").ok_or(PhoneError::NoAnswer)?;
        Ok(group
            .child("linked_parent")
            .and_then(|parent| parent.jid("jid"))
            .map(|jid| jid.to_string()))
    }

    fn community_request(
        &self,
        kind: &'static str,
        to: Jid,
        request: Node,
    ) -> Result<Node, PhoneError> {
        self.lock()
            .ask(&self.network, "w:g2", kind, to, vec![request])
    }
}
