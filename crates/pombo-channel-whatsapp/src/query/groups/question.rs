//! Questions whose answers say more than the library reads of them: texts that are not in its dictionary, and the numbers of those
//! who ask to be let in. The questions are the library's own.

use anyhow::anyhow;
use pombo_domain::group::JoinRequest;
use wacore::iq::groups::{
    GetGroupInviteInfoIq, GetMembershipRequestsIq, GroupInfoResponse, GroupParticipatingIq,
    GroupQueryIq,
};
use wacore::iq::spec::IqSpec;
use wacore::protocol::ProtocolNode as _;
use wacore::request::InfoQuery;
use wacore_binary::{Jid, NodeRef};
use whatsapp_rust::{GroupMetadata, MemberAddMode};

use super::describe::seconds;

/// What a group is.
pub(super) struct One(pub(super) GroupQueryIq);

impl IqSpec for One {
    type Response = GroupMetadata;

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, answer: &NodeRef<'_>) -> Result<Self::Response, anyhow::Error> {
        only_group(answer)
    }
}

/// What an invite code leads to.
pub(super) struct Invited(pub(super) GetGroupInviteInfoIq);

impl IqSpec for Invited {
    type Response = GroupMetadata;

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, answer: &NodeRef<'_>) -> Result<Self::Response, anyhow::Error> {
        only_group(answer)
    }
}

/// All groups of the account.
pub(super) struct All(pub(super) GroupParticipatingIq);

impl IqSpec for All {
    type Response = Vec<GroupMetadata>;

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, answer: &NodeRef<'_>) -> Result<Self::Response, anyhow::Error> {
        for (list, tag) in [("groups", "group"), ("communities", "community")] {
            if let Some(list) = answer.get_optional_child(list) {
                return list.get_children_by_tag(tag).map(read).collect();
            }
        }
        Err(anyhow!("there is no list of groups in the answer"))
    }
}

/// Who waits for an admin.
pub(super) struct Waiting(pub(super) GetMembershipRequestsIq);

impl IqSpec for Waiting {
    type Response = Vec<JoinRequest>;

    fn build_iq(&self) -> InfoQuery<'static> {
        self.0.build_iq()
    }

    fn parse_response(&self, answer: &NodeRef<'_>) -> Result<Self::Response, anyhow::Error> {
        let list = answer
            .get_optional_child("membership_approval_requests")
            .ok_or_else(|| anyhow!("there is no list of requests in the answer"))?;
        list.get_children_by_tag("membership_approval_request")
            .map(|request| {
                let mut attrs = request.attrs();
                let id = attrs
                    .optional_jid("jid")
                    .ok_or_else(|| anyhow!("a request of nobody"))?;
                let mut other = |name| {
                    let jid: Option<Jid> = attrs.optional_jid(name);
                    jid.filter(|jid| *jid != id)
                        .map(|jid| jid.to_non_ad_string())
                };
                let (phone_number, lid) = (other("phone_number"), other("lid"));
                let time = attrs
                    .optional_string("request_time")
                    .and_then(|time| time.parse().ok());
                Ok(JoinRequest {
                    id: id.to_non_ad_string(),
                    phone_number,
                    lid,
                    request_time: time.and_then(seconds),
                })
            })
            .collect()
    }
}

fn only_group(answer: &NodeRef<'_>) -> Result<GroupMetadata, anyhow::Error> {
    let group = answer
        .get_optional_child("group")
        .or_else(|| answer.get_optional_child("community"))
        .ok_or_else(|| anyhow!("there is no group in the answer"))?;
    read(group)
}

/// A `<group>`. The library reads the text of `member_add_mode` only when it comes as a word of the dictionary.
pub(crate) fn read(group: &NodeRef<'_>) -> Result<GroupMetadata, anyhow::Error> {
    let mut read = GroupInfoResponse::try_from_node_ref(group)?;
    if read.member_add_mode.is_none() {
        read.member_add_mode = group
            .get_optional_child("member_add_mode")
            .and_then(|mode| mode.content_as_string())
            .and_then(|mode| MemberAddMode::try_from(mode.as_str()).ok());
    }
    Ok(GroupMetadata::from(read))
}

#[cfg(test)]
mod tests {
    use wacore_binary::builder::NodeBuilder;

    use super::*;

    #[test]
    fn texts_are_read_however_they_come() {
        let mode = |mode: NodeBuilder| {
            let group = NodeBuilder::new("group")
                .attr("id", "120363002866886739")
                .attr("subject", "Team")
                .children([mode.build()])
                .build();
            read(&group.as_node_ref()).expect("a group").member_add_mode
        };
        let node = || NodeBuilder::new("member_add_mode");
        let all = Some(MemberAddMode::AllMemberAdd);
        assert_eq!(mode(node().bytes(b"all_member_add".to_vec())), all);
        assert_eq!(mode(node().string_content("all_member_add")), all);
        assert_eq!(mode(node().bytes(b"nonsense".to_vec())), None);
    }
}
