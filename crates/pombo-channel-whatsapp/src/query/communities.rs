//! Communities.

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::community::{ChangeResult, NewCommunity, Subgroup};
use pombo_domain::group::{Group, Participant};
use pombo_domain::port::Communities;
use serde_json::{Value, json};
use wacore::iq::mex_operations::fetch_all_subgroups;
use wacore::request::InfoQuery;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, NodeContent};
use whatsapp_rust::{CommunityError, CreateCommunityOptions, GroupError, MexError};

use super::error::{of_any, of_iq, parse};
use super::groups::describe::{described, member};
use super::mex::{ask, text, whole};
use crate::channel::WhatsappChannel;

/// The address of a community or group.
fn address(jid: &str) -> Result<Jid, ChannelError> {
    let jid = parse(jid)?.into_non_ad();
    if jid.is_group() {
        Ok(jid)
    } else {
        Err(ChannelError::Invalid(format!("`{jid}` is no group")))
    }
}

fn addresses(jids: &[String]) -> Result<Vec<Jid>, ChannelError> {
    jids.iter().map(|jid| address(jid)).collect()
}

fn people(jids: &[String]) -> Result<Vec<Jid>, ChannelError> {
    jids.iter()
        .map(|jid| parse(jid).map(Jid::into_non_ad))
        .collect()
}

#[async_trait]
impl Communities for WhatsappChannel {
    async fn create(&self, new: &NewCommunity) -> Result<Group, ChannelError> {
        let client = self.client()?;
        let mut options = CreateCommunityOptions::new(new.subject.clone());
        options.description = new.description.clone();
        options.closed = new.closed;
        options.allow_non_admin_sub_group_creation = new.members_create_groups;
        options.create_general_chat = new.general_chat;
        let made = client.community().create(options).await;
        Ok(described(&made.map_err(of_community)?.metadata))
    }

    async fn joined(&self) -> Result<Vec<Group>, ChannelError> {
        let client = self.client()?;
        let all = client.community().get_participating().await;
        let mut all: Vec<Group> = all.map_err(of_community)?.values().map(described).collect();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(all)
    }

    async fn find(&self, community: &str) -> Result<Group, ChannelError> {
        let (client, jid) = (self.client()?, address(community)?);
        let found = client.groups().get_metadata(&jid).await;
        let found = found.map_err(of_group)?;
        if found.is_parent_group {
            Ok(described(&found))
        } else {
            Err(ChannelError::Invalid(format!("`{jid}` is no community")))
        }
    }

    async fn subgroups(&self, community: &str) -> Result<Vec<Subgroup>, ChannelError> {
        let (client, jid) = (self.client()?, address(community)?);
        let answer = ask(
            &client,
            fetch_all_subgroups::DOC_ID,
            &json!({"group_id": jid.to_string()}),
            "xwa2_group_query_by_id",
        )
        .await?;
        Ok(subgroups(&answer))
    }

    async fn subgroup(&self, community: &str, group: &str) -> Result<Group, ChannelError> {
        let client = self.client()?;
        let found = client
            .community()
            .query_linked_group(address(community)?, address(group)?)
            .await;
        Ok(described(&found.map_err(of_community)?))
    }

    async fn create_subgroup(
        &self,
        community: &str,
        subject: &str,
        participants: &[String],
    ) -> Result<Group, ChannelError> {
        let client = self.client()?;
        let made = client
            .community()
            .create_subgroup(subject, &people(participants)?, address(community)?)
            .await;
        Ok(described(&made.map_err(of_community)?.metadata))
    }

    async fn link(
        &self,
        community: &str,
        groups: &[String],
    ) -> Result<Vec<ChangeResult>, ChannelError> {
        let client = self.client()?;
        let done = client
            .community()
            .link_subgroups(address(community)?, &addresses(groups)?)
            .await
            .map_err(of_community)?;
        Ok(results(&done.linked_jids, &done.failed_groups))
    }

    async fn unlink(
        &self,
        community: &str,
        groups: &[String],
        with_orphans: bool,
    ) -> Result<Vec<ChangeResult>, ChannelError> {
        let client = self.client()?;
        let done = client
            .community()
            .unlink_subgroups(address(community)?, &addresses(groups)?, with_orphans)
            .await
            .map_err(of_community)?;
        Ok(results(&done.unlinked_jids, &done.failed_groups))
    }

    async fn join_subgroup(
        &self,
        community: &str,
        group: &str,
    ) -> Result<Option<Group>, ChannelError> {
        let client = self.client()?;
        let (community, group) = (address(community)?, address(group)?);
        // The library's own call cannot read that an admin has to approve first.
        let join = NodeBuilder::new("join_linked_group")
            .attr("jid", &group)
            .build();
        let iq = InfoQuery::set("w:g2", community, Some(NodeContent::Nodes(vec![join])));
        let answer = client.send_iq(iq).await.map_err(|error| of_iq(&error))?;
        let waits = answer
            .get()
            .get_optional_child("membership_approval_request");
        if waits.is_some() {
            return Ok(None);
        }
        let joined = client.groups().get_metadata(&group).await;
        Ok(Some(described(&joined.map_err(of_group)?)))
    }

    async fn members(&self, community: &str) -> Result<Vec<Participant>, ChannelError> {
        let client = self.client()?;
        let all = client
            .community()
            .get_linked_groups_participants(address(community)?)
            .await;
        Ok(all.map_err(of_community)?.iter().map(member).collect())
    }

    async fn remove_members(
        &self,
        community: &str,
        participants: &[String],
    ) -> Result<Vec<ChangeResult>, ChannelError> {
        let client = self.client()?;
        let done = client
            .community()
            .remove_participants(address(community)?, &people(participants)?)
            .await
            .map_err(of_community)?;
        Ok(done
            .into_iter()
            .map(|person| ChangeResult {
                jid: person.jid.to_non_ad_string(),
                status: match person.error {
                    Some(code) => code.parse().unwrap_or(500),
                    None => 200,
                },
            })
            .collect())
    }

    async fn deactivate(&self, community: &str) -> Result<(), ChannelError> {
        let client = self.client()?;
        client
            .community()
            .deactivate(address(community)?)
            .await
            .map_err(of_community)
    }
}

fn results(done: &[Jid], failed: &[(Jid, u32)]) -> Vec<ChangeResult> {
    let done = done.iter().map(|jid| (jid, 200));
    let failed = failed
        .iter()
        .map(|(jid, code)| (jid, u16::try_from(*code).unwrap_or(500)));
    done.chain(failed)
        .map(|(jid, status)| ChangeResult {
            jid: jid.to_string(),
            status,
        })
        .collect()
}

fn seconds(seconds: Option<u64>) -> Option<i64> {
    seconds.and_then(|seconds| i64::try_from(seconds).ok())
}

/// Announcements first, as phones show them.
fn subgroups(answer: &Value) -> Vec<Subgroup> {
    let announcements = subgroup(&answer["default_sub_group"], true);
    let edges = answer["sub_groups"]["edges"].as_array();
    let others = edges.into_iter().flatten();
    announcements
        .into_iter()
        .chain(others.filter_map(|edge| subgroup(&edge["node"], false)))
        .collect()
}

fn subgroup(node: &Value, announcements: bool) -> Option<Subgroup> {
    let subject = &node["subject"];
    let size =
        whole(&node["participants_count"]).or_else(|| whole(&node["total_participants_count"]));
    let creation = whole(&subject["creation_time"]).or_else(|| whole(&node["creation_time"]));
    let general = &node["properties"]["general_chat"];
    Some(Subgroup {
        id: text(&node["id"])?,
        subject: text(subject)
            .or_else(|| text(&subject["value"]))
            .unwrap_or_default(),
        size: size.and_then(|size| u32::try_from(size).ok()),
        creation: seconds(creation),
        owner: text(&subject["creator"]["id"]).or_else(|| text(&node["creator"]["id"])),
        is_community_announce: announcements,
        is_general_chat: *general == true || *general == "true",
    })
}

fn of_community(error: CommunityError) -> ChannelError {
    match error {
        CommunityError::Iq(error) => of_iq(&error),
        CommunityError::Group(error) => of_group(error),
        CommunityError::Mex(error) => of_mex(&error),
        CommunityError::InvalidRequest(text) => ChannelError::Invalid(text),
        other => ChannelError::Failed(other.to_string()),
    }
}

fn of_group(error: GroupError) -> ChannelError {
    match error {
        GroupError::Iq(error) => of_iq(&error),
        GroupError::Mex(error) => of_mex(&error),
        GroupError::InvalidRequest(text) => ChannelError::Invalid(text),
        GroupError::Internal(error) => of_any(&error),
        other => ChannelError::Failed(other.to_string()),
    }
}

fn of_mex(error: &MexError) -> ChannelError {
    match error {
        MexError::Request(error) => of_iq(error),
        other => ChannelError::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_come_first() {
        let group = |id: &str, general: bool| {
            json!({"id": id, "subject": {"value": id, "creation_time": 5, "creator": {"id": "1@lid"}},
                   "participants_count": "2", "properties": {"general_chat": general}})
        };
        let read = subgroups(&json!({
            "default_sub_group": group("1@g.us", false),
            "sub_groups": {"edges": [{"node": group("2@g.us", true)}, {"node": {}}]},
        }));
        assert_eq!(read.len(), 2);
        assert!(read[0].is_community_announce && !read[0].is_general_chat);
        assert!(read[1].is_general_chat);
        assert_eq!((read[1].size, read[1].creation), (Some(2), Some(5)));
        assert_eq!(read[1].owner.as_deref(), Some("1@lid"));
    }

    #[test]
    fn what_failed_says_why() {
        let jid = |text: &str| text.parse::<Jid>().expect("a JID");
        let shown = results(&[jid("1@g.us")], &[(jid("2@g.us"), 404)]);
        assert_eq!(
            serde_json::to_value(shown).expect("JSON"),
            json!([{"jid": "1@g.us", "status": 200}, {"jid": "2@g.us", "status": 404}])
        );
        assert!(address("5511900000002@s.whatsapp.net").is_err());
    }
}
