//! Making groups, and what is said about their members.

use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::group::{Group, MemberAction, NewGroup, Participant};
use pombo_domain::jid;
use pombo_domain::media::ProfilePicture;
use pombo_domain::message::{MediaSource, Outgoing, OutgoingContent};
use pombo_store::contact;
use serde::Serialize;
use tracing::warn;

use super::send::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// What invite links begin with.
pub const INVITE_URL: &str = "https://chat.whatsapp.com/";

/// A group as somebody wants it.
#[derive(Debug, Clone, Default)]
pub struct WantedGroup {
    /// Its name.
    pub subject: String,
    /// Its description.
    pub description: Option<String>,
    /// Numbers of its members; those that are not on WhatsApp are left out.
    pub numbers: Vec<String>,
    /// Everybody is to be an admin.
    pub promote: bool,
    /// Its picture.
    pub picture: Option<MediaSource>,
}

/// A member, with what the instance knows of them: `{id, phoneNumber?, lid?, admin, name, imgUrl}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedMember {
    /// The member.
    #[serde(flatten)]
    pub participant: Participant,
    /// What they call themselves.
    pub name: Option<String>,
    /// URL of their picture.
    pub img_url: Option<String>,
}

impl Gateway {
    /// Makes a group. Once it is there, this succeeds: an admin or a picture that is refused afterwards is missing in it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn create_group(
        &self,
        entry: &Arc<Entry>,
        wanted: WantedGroup,
    ) -> Result<Arc<Group>, SendError> {
        let channel = self.channel(entry)?;
        let groups = Self::groups(entry, &*channel)?;
        let picture = match wanted.picture {
            Some(source) => Some(self.prepared_picture(source).await?),
            None => None,
        };
        let answers = self.numbers(entry, &wanted.numbers).await?;
        let new = NewGroup {
            subject: wanted.subject,
            description: wanted.description,
            participants: answers
                .into_iter()
                .filter(|answer| answer.exists)
                .map(|answer| answer.jid)
                .collect(),
        };
        let group = groups.create(&new).await?;
        if let Some(picture) = picture {
            let set = groups.set_picture(&group.id, Some(&picture)).await;
            set.unwrap_or_else(|error| warn!("a new group has no picture: {error}"));
        }
        let members: Vec<String> = group
            .participants
            .iter()
            .filter(|member| member.admin.is_none())
            .map(|member| member.id.clone())
            .collect();
        if !wanted.promote || members.is_empty() {
            return Ok(group);
        }
        let promoted = groups
            .members(&group.id, MemberAction::Promote, &members)
            .await;
        if let Err(error) = promoted {
            warn!("nobody was promoted in a new group: {error}");
            return Ok(group);
        }
        Ok(groups.metadata(&group.id).await.unwrap_or(group))
    }

    /// Sets a group's picture from a URL or base64, scaled; `None` removes it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn set_group_picture(
        &self,
        entry: &Arc<Entry>,
        group: &str,
        source: Option<MediaSource>,
    ) -> Result<(), SendError> {
        let channel = self.channel(entry)?;
        let groups = Self::groups(entry, &*channel)?;
        let picture = match source {
            Some(source) => Some(self.prepared_picture(source).await?),
            None => None,
        };
        groups.set_picture(group, picture.as_ref()).await?;
        Ok(())
    }

    /// A picture as WhatsApp shows them beside names, from a URL or base64.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn prepared_picture(&self, source: MediaSource) -> Result<ProfilePicture, SendError> {
        let media = self
            .media
            .as_ref()
            .ok_or_else(|| ChannelError::Failed("files cannot be prepared here".to_owned()))?;
        Ok(media.profile_picture(source).await?)
    }

    /// The members of a group, with what the instance knows of them.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn group_members(
        &self,
        entry: &Arc<Entry>,
        group: &str,
    ) -> Result<Vec<NamedMember>, SendError> {
        let channel = self.channel(entry)?;
        let group = Self::groups(entry, &*channel)?.metadata(group).await?;
        let addresses: Vec<String> = group
            .participants
            .iter()
            .flat_map(|member| {
                std::iter::once(&member.id)
                    .chain(&member.phone_number)
                    .chain(&member.lid)
            })
            .cloned()
            .collect();
        let id = &entry.state().instance.id;
        let known = contact::of_addresses(&self.store, id, &addresses).await?;
        Ok(group
            .participants
            .iter()
            .map(|member| {
                let names = [
                    Some(&member.id),
                    member.phone_number.as_ref(),
                    member.lid.as_ref(),
                ];
                let contact = names
                    .into_iter()
                    .flatten()
                    .find_map(|address| known.get(address));
                NamedMember {
                    participant: member.clone(),
                    name: contact.and_then(|contact| contact.push_name.clone()),
                    img_url: contact.and_then(|contact| contact.profile_pic_url.clone()),
                }
            })
            .collect())
    }

    /// Sends the invite link of a group to some people, one after the other; the link. All of them are looked up first, so that
    /// nobody gets it when one of the numbers is wrong.
    ///
    /// # Errors
    /// [`SendError`]; when sending breaks off, those before have got it.
    pub async fn send_invite(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        group: &str,
        description: &str,
        numbers: &[String],
    ) -> Result<String, SendError> {
        let channel = self.channel(entry)?;
        let code = Self::groups(entry, &*channel)?
            .invite_code(group, false)
            .await?;
        let url = format!("{INVITE_URL}{code}");
        let mut people = Vec::with_capacity(numbers.len());
        for answer in self.numbers(entry, numbers).await? {
            if !answer.exists {
                return Err(SendError::NotOnWhatsapp(Box::new(answer)));
            }
            people.push(answer.jid);
        }
        for person in people {
            let text = format!("{description}\n\n{url}");
            let outgoing = Outgoing {
                link_preview: true,
                ..Outgoing::new(person, OutgoingContent::Text { text })
            };
            self.send(entry, outgoing).await?;
        }
        Ok(url)
    }
}

/// Who is mentioned in a text to a group, as phones understand it: by the identity that the group knows them by. A phone shows a
/// name in a text only for the identity that is written there, so a number that is written is mentioned, too.
pub(super) fn mentions(
    group: Option<&Group>,
    everyone: bool,
    numbers: &[String],
    text: &str,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut add = |jid: &str| {
        if !all.iter().any(|known| known == jid) {
            all.push(jid.to_owned());
        }
    };
    if let (true, Some(group)) = (everyone, group) {
        for member in &group.participants {
            add(&member.id);
            if let Some(number) = member.number().filter(|number| is_written(text, number)) {
                add(number);
            }
        }
        return all;
    }
    for number in numbers {
        let jid = jid::normalise(number);
        if jid::is_group(&jid) {
            continue;
        }
        add(&jid);
        if let Some(member) = group.and_then(|group| group.member(&jid)) {
            add(&member.id);
        }
    }
    all
}

fn is_written(text: &str, jid: &str) -> bool {
    let user = jid.split('@').next().unwrap_or_default();
    !user.is_empty() && text.contains(&format!("@{user}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: &str = "5511900000002@s.whatsapp.net";
    const BOB_LID: &str = "108205380617684@lid";
    const EVE_LID: &str = "108205380617685@lid";

    fn group(by_lid: bool) -> Group {
        let bob = if by_lid {
            (BOB_LID, Some(BOB), None)
        } else {
            (BOB, None, Some(BOB_LID))
        };
        let member = |(id, number, lid): (&str, Option<&str>, Option<&str>)| Participant {
            id: id.to_owned(),
            phone_number: number.map(str::to_owned),
            lid: lid.map(str::to_owned),
            admin: None,
        };
        Group {
            participants: vec![member(bob), member((EVE_LID, None, None))],
            ..Group::default()
        }
    }

    #[test]
    fn everybody_is_mentioned_as_the_group_knows_them() {
        let all = |by_lid, text| mentions(Some(&group(by_lid)), true, &[], text);
        assert_eq!(all(true, "hi all"), [BOB_LID, EVE_LID]);
        assert_eq!(
            all(true, "hi @5511900000002 and all"),
            [BOB_LID, BOB, EVE_LID]
        );
        assert_eq!(all(false, "hi @5511900000002"), [BOB, EVE_LID]);
        assert!(mentions(None, true, &[], "hi").is_empty());
    }

    #[test]
    fn numbers_are_mentioned_under_both_identities_where_the_group_hides_them() {
        let some = |by_lid, number: &str| {
            mentions(Some(&group(by_lid)), false, &[number.to_owned()], "text")
        };
        assert_eq!(some(true, "5511900000002"), [BOB, BOB_LID]);
        assert_eq!(some(true, BOB_LID), [BOB_LID]);
        assert_eq!(some(false, "+55 11 90000-0002"), [BOB]);
        assert_eq!(
            some(true, "5511900000009"),
            ["5511900000009@s.whatsapp.net"]
        );
        assert!(some(true, "120363002866886739@g.us").is_empty());
    }
}
