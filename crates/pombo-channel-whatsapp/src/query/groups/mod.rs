//! Groups: what they are, and changing them.

pub(crate) mod describe;
mod known;
pub(crate) mod question;
mod refusal;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::group::{
    Group, GroupSetting, JoinRequest, Joining, MemberAction, MemberResult, NewGroup, Participant,
};
use pombo_domain::media::ProfilePicture;
use pombo_domain::port::Groups;
use wacore::iq::groups::{
    BATCH_PROFILE_PICTURES_LIMIT, GetGroupInviteInfoIq, GetMembershipRequestsIq,
    GroupParticipatingIq, GroupQueryIq,
};
use wacore::protocol::ProtocolNode as _;
use wacore_binary::{Jid, JidExt as _};
use whatsapp_rust::{
    Client, GroupCreateOptions, GroupDescription, GroupParticipantOptions, GroupSubject,
    JoinGroupResult, MemberAddMode, MembershipApprovalMode, ParticipantChangeResponse, PictureType,
    PreviousDescription,
};

pub(crate) use known::KnownGroups;

use super::error::parse;
use super::profiles::picture_of;
use crate::channel::WhatsappChannel;
use crate::incoming::other_identity;
use crate::json;
use describe::{complete, described};
use refusal::{About, FORBIDDEN, refused};

#[async_trait]
impl Groups for WhatsappChannel {
    async fn metadata(&self, group: &str) -> Result<Arc<Group>, ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let asked = self
            .groups
            .ask(&self.groups.groups, group, move || async move {
                let found = client.execute(question::One(GroupQueryIq::new(&jid))).await;
                let found = found.map_err(|error| about_group(error.into()))?;
                let mut group = described(&found);
                complete(&client, &mut group.participants).await;
                Ok(Arc::new(group))
            });
        asked.await.map_err(not_a_member)
    }

    async fn all(&self) -> Result<Vec<Arc<Group>>, ChannelError> {
        let client = self.client()?;
        let asked = self.groups.ask(&self.groups.all, "", move || async move {
            let found = client
                .execute(question::All(GroupParticipatingIq::new()))
                .await;
            let mut groups = Vec::new();
            for group in &found.map_err(|error| about_group(error.into()))? {
                let mut group = described(group);
                complete(&client, &mut group.participants).await;
                groups.push(Arc::new(group));
            }
            groups.sort_by(|one, other| one.id.cmp(&other.id));
            Ok(groups)
        });
        asked.await
    }

    async fn picture(&self, group: &str) -> Result<Option<String>, ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let asked = self
            .groups
            .ask(&self.groups.pictures, group, move || async move {
                picture_of(&client, &jid, false).await
            });
        asked.await
    }

    async fn pictures(&self) -> Result<Arc<HashMap<String, String>>, ChannelError> {
        let client = self.client()?;
        let all = self.all().await?;
        let all: Vec<Jid> = all
            .iter()
            .map(|group| group_jid(&group.id))
            .collect::<Result<_, _>>()?;
        let asked = self
            .groups
            .ask(&self.groups.all_pictures, "", move || async move {
                let mut pictures = HashMap::new();
                for groups in all.chunks(BATCH_PROFILE_PICTURES_LIMIT) {
                    let found = client
                        .groups()
                        .get_profile_pictures(groups.to_vec(), PictureType::Image)
                        .await
                        .map_err(about_group)?;
                    pictures.extend(found.into_iter().filter_map(|found| {
                        Some((found.group_jid.to_non_ad_string(), found.url?))
                    }));
                }
                Ok(Arc::new(pictures))
            });
        asked.await
    }

    async fn create(&self, group: &NewGroup) -> Result<Arc<Group>, ChannelError> {
        let client = self.client()?;
        let description = group
            .description
            .as_deref()
            .filter(|text| !text.is_empty())
            .map(description)
            .transpose()?;
        let people = group
            .participants
            .iter()
            .map(|jid| parse(jid).map(GroupParticipantOptions::new))
            .collect::<Result<_, _>>()?;
        let options = GroupCreateOptions {
            description,
            ..GroupCreateOptions::new(subject(&group.subject)?.into_string())
                .with_participants(people)
        };
        let made = client.groups().create_group(options).await;
        let made = described(&made.map_err(about_group)?.metadata);
        self.groups.forget(&made.id);
        // The answer names those who could not be added among the members. Still better than to say that there is no group.
        let asked = self.metadata(&made.id).await;
        Ok(asked.unwrap_or_else(|_| Arc::new(made)))
    }

    async fn change(&self, group: &str, setting: &GroupSetting) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let groups = client.groups();
        let done = match setting {
            GroupSetting::Subject(text) => groups.set_subject(&jid, subject(text)?).await,
            GroupSetting::Description(text) => {
                let text = Some(text)
                    .filter(|text| !text.is_empty())
                    .map(|text| description(text))
                    .transpose()?;
                groups
                    .set_description(&jid, text, PreviousDescription::Resolve)
                    .await
            }
            GroupSetting::Announce(on) => groups.set_announce(&jid, *on).await,
            GroupSetting::Restrict(on) => groups.set_locked(&jid, *on).await,
            GroupSetting::Ephemeral(timer) => groups.set_ephemeral(&jid, *timer).await,
            GroupSetting::JoinApproval(on) => {
                let mode = if *on {
                    MembershipApprovalMode::On
                } else {
                    MembershipApprovalMode::Off
                };
                groups.set_membership_approval(&jid, mode).await
            }
            GroupSetting::MemberAdd(on) => {
                let mode = if *on {
                    MemberAddMode::AllMemberAdd
                } else {
                    MemberAddMode::AdminAdd
                };
                groups.set_member_add_mode(&jid, mode).await
            }
        };
        self.changed(group, done.map_err(about_group)).await
    }

    async fn set_picture(
        &self,
        group: &str,
        picture: Option<&ProfilePicture>,
    ) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let groups = client.groups();
        let done = match picture {
            Some(picture) => {
                let image = picture.image.to_vec();
                groups.set_profile_picture(&jid, image).await
            }
            None => groups.remove_profile_picture(&jid).await,
        };
        self.groups.forget_picture(group);
        self.changed(group, done.map(drop).map_err(about_group))
            .await
    }

    async fn members(
        &self,
        group: &str,
        action: MemberAction,
        people: &[String],
    ) -> Result<Vec<MemberResult>, ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let people = self.members_of(&client, group, action, people).await?;
        let groups = client.groups();
        let done = match action {
            MemberAction::Add => groups.add_participants(&jid, &people).await,
            MemberAction::Remove => groups.remove_participants(&jid, &people).await,
            MemberAction::Promote => groups.promote_participants(&jid, &people).await,
            MemberAction::Demote => groups.demote_participants(&jid, &people).await,
            MemberAction::Approve => groups.approve_membership_requests(&jid, &people).await,
            MemberAction::Reject => groups.reject_membership_requests(&jid, &people).await,
        };
        let results = self.changed(group, done.map_err(about_group)).await?;
        Ok(results.into_iter().map(result).collect())
    }

    async fn join_requests(&self, group: &str) -> Result<Vec<JoinRequest>, ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let waiting = question::Waiting(GetMembershipRequestsIq::new(&jid));
        let found = client.execute(waiting).await;
        let mut requests = match found.map_err(|error| about_group(error.into())) {
            Ok(found) => found,
            Err(error) => return Err(self.explain(group, error).await),
        };
        for request in &mut requests {
            let mut person = [Participant {
                id: request.id.clone(),
                phone_number: request.phone_number.take(),
                lid: request.lid.take(),
                admin: None,
            }];
            complete(&client, &mut person).await;
            let [person] = person;
            (request.phone_number, request.lid) = (person.phone_number, person.lid);
        }
        Ok(requests)
    }

    async fn invite_code(&self, group: &str, renew: bool) -> Result<String, ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        match client.groups().get_invite_link(&jid, renew).await {
            Ok(link) => Ok(link.rsplit('/').next().unwrap_or_default().to_owned()),
            Err(error) => Err(self.explain(group, about_group(error)).await),
        }
    }

    async fn invited(&self, code: &str) -> Result<Group, ChannelError> {
        let client = self.client()?;
        let invited = question::Invited(GetGroupInviteInfoIq::new(code));
        let found = client.execute(invited).await;
        let mut group = described(&found.map_err(|error| about_invite(error.into()))?);
        complete(&client, &mut group.participants).await;
        Ok(group)
    }

    async fn join(&self, code: &str) -> Result<Joining, ChannelError> {
        let client = self.client()?;
        let joined = client.groups().join_with_invite_code(code).await;
        let joined = joined.map_err(about_invite)?;
        self.groups.forget(&joined.group_jid().to_non_ad_string());
        Ok(match joined {
            JoinGroupResult::Joined(jid) => Joining::Joined(jid.to_non_ad_string()),
            JoinGroupResult::PendingApproval(jid) => Joining::Asked(jid.to_non_ad_string()),
        })
    }

    async fn leave(&self, group: &str) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, group_jid(group)?);
        let left = client.groups().leave(&jid).await.map_err(about_group);
        self.groups.forget(group);
        left.map_err(not_a_member)
    }
}

impl WhatsappChannel {
    /// After a change: what was known is not true any more, and a refusal gets its reason.
    async fn changed<T>(
        &self,
        group: &str,
        done: Result<T, ChannelError>,
    ) -> Result<T, ChannelError> {
        match done {
            Ok(done) => {
                self.groups.forget(group);
                Ok(done)
            }
            Err(error) => Err(self.explain(group, error).await),
        }
    }

    /// "Forbidden" is what both strangers and members without rights hear: which of them the account is can be found out.
    async fn explain(&self, group: &str, error: ChannelError) -> ChannelError {
        if !matches!(&error, ChannelError::Refused { code: 403, text } if text == FORBIDDEN) {
            return error;
        }
        match self.metadata(group).await {
            Ok(_) => ChannelError::Refused {
                code: 403,
                text: "Only admins of the group may do this".to_owned(),
            },
            Err(known @ (ChannelError::NotFound(_) | ChannelError::Refused { code: 403, .. })) => {
                known
            }
            Err(_) => error,
        }
    }

    /// People under the identity that the group knows them by. Those who are not in it yet come as they are.
    async fn members_of(
        &self,
        client: &Client,
        group: &str,
        action: MemberAction,
        people: &[String],
    ) -> Result<Vec<Jid>, ChannelError> {
        let known = match action {
            MemberAction::Add => None,
            MemberAction::Remove
            | MemberAction::Promote
            | MemberAction::Demote
            | MemberAction::Approve
            | MemberAction::Reject => Some(self.metadata(group).await?),
        };
        let mut found = Vec::with_capacity(people.len());
        for person in people {
            let jid = parse(person)?;
            let jid = match &known {
                None => jid,
                Some(group) => match group.member(person) {
                    Some(member) => parse(&member.id)?,
                    None if group.addressing_mode.as_deref() == Some("lid") && jid.is_pn() => {
                        other_identity(client, &jid).await.unwrap_or(jid)
                    }
                    None => jid,
                },
            };
            if !found.contains(&jid) {
                found.push(jid);
            }
        }
        Ok(found)
    }
}

fn about_group(error: whatsapp_rust::GroupError) -> ChannelError {
    refused(About::Group, error)
}

fn about_invite(error: whatsapp_rust::GroupError) -> ChannelError {
    refused(About::Invite, error)
}

/// Whoever only looks at a group, or leaves it, needs no rights in it.
fn not_a_member(error: ChannelError) -> ChannelError {
    match error {
        ChannelError::Refused { code: 403, .. } => ChannelError::Refused {
            code: 403,
            text: "The account is not in this group".to_owned(),
        },
        other => other,
    }
}

fn group_jid(group: &str) -> Result<Jid, ChannelError> {
    parse(group).and_then(|jid| {
        if jid.is_group() {
            Ok(jid)
        } else {
            Err(ChannelError::Invalid(format!("`{group}` is no group")))
        }
    })
}

fn subject(text: &str) -> Result<GroupSubject, ChannelError> {
    GroupSubject::new(text).map_err(|error| ChannelError::Invalid(error.to_string()))
}

fn description(text: &str) -> Result<GroupDescription, ChannelError> {
    GroupDescription::new(text).map_err(|error| ChannelError::Invalid(error.to_string()))
}

fn result(response: ParticipantChangeResponse) -> MemberResult {
    MemberResult {
        status: response.error.clone().unwrap_or_else(|| "200".to_owned()),
        jid: response.jid.to_non_ad_string(),
        content: json::node::show(&response.into_node().as_node_ref()),
    }
}
