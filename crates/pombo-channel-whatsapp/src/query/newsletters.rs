//! Newsletters: who runs them and follows them, and what is in them.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pombo_domain::channel::ChannelError;
use pombo_domain::newsletter::{
    Newsletter, NewsletterFollower, NewsletterPatch, NewsletterPost, NewsletterRole,
};
use pombo_domain::port::{NewsletterName, Newsletters, StaffChange};
use serde_json::{Value, json};
use tracing::debug;
use wacore::iq::mex_operations as doc;
use wacore::iq::newsletter::NEWSLETTER_XMLNS;
use wacore::request::InfoQuery;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, Node, NodeContent};

use super::error::{of_iq, parse};
use super::mex::{ask, text, whole};
use super::posts;
use crate::channel::WhatsappChannel;
use crate::outgoing;

/// Where a newsletter's picture is, and its link.
const PICTURES: &str = "https://pps.whatsapp.net";
const LINKS: &str = "https://whatsapp.com/channel/";

/// The address of a newsletter.
pub(crate) fn address(jid: &str) -> Result<Jid, ChannelError> {
    let jid = parse(jid)?.into_non_ad();
    if jid.is_newsletter() {
        Ok(jid)
    } else {
        Err(ChannelError::Invalid(format!("`{jid}` is no newsletter")))
    }
}

impl WhatsappChannel {
    /// Asks about one newsletter.
    async fn ask_of(
        &self,
        newsletter: &str,
        document: &str,
        more: Value,
        field: &str,
    ) -> Result<Value, ChannelError> {
        let client = self.client()?;
        let mut variables = json!({"newsletter_id": address(newsletter)?.to_string()});
        if let (Some(members), Value::Object(more)) = (variables.as_object_mut(), more) {
            members.extend(more);
        }
        ask(&client, document, &variables, field).await
    }

    /// Posts as the network keeps them, oldest first: the newest `count`, or those before one.
    pub(crate) async fn page(
        &self,
        newsletter: &str,
        count: u32,
        before: Option<u64>,
    ) -> Result<Vec<posts::Post>, ChannelError> {
        let (answer, _) = self.ask_for_posts(newsletter, count, before).await?;
        Ok(posts::page(&answer))
    }

    async fn ask_for_posts(
        &self,
        newsletter: &str,
        count: u32,
        before: Option<u64>,
    ) -> Result<(Node, Jid), ChannelError> {
        let (client, jid) = (self.client()?, address(newsletter)?);
        let mut wanted = NodeBuilder::new("messages").attr("count", count);
        if let Some(before) = before {
            wanted = wanted.attr("before", before);
        }
        let iq = InfoQuery::get(
            NEWSLETTER_XMLNS,
            jid.clone(),
            Some(NodeContent::Nodes(vec![wanted.build()])),
        );
        let answer = client.send_iq(iq).await.map_err(|error| of_iq(&error))?;
        Ok((answer.get().to_owned(), jid))
    }

    /// What comes in this newsletter from now on is missed no more. That it is new to the account does not fail with it.
    async fn mark_newsletter(&self, newsletter: &str) {
        if let Err(error) = self.begin_newsletter(newsletter).await {
            debug!("{newsletter} is not read up: {error}");
        }
    }

    /// How GraphQL names a person: by LID where that is known.
    async fn person(&self, jid: &str) -> Result<String, ChannelError> {
        let client = self.client()?;
        let jid = parse(jid)?.into_non_ad();
        if jid.is_lid() {
            return Ok(jid.to_string());
        }
        let other = crate::incoming::other_identity(&client, &jid).await;
        Ok(other.unwrap_or(jid).to_string())
    }
}

#[async_trait]
impl Newsletters for WhatsappChannel {
    async fn create(&self, new: &NewsletterPatch) -> Result<Newsletter, ChannelError> {
        let client = self.client()?;
        let input = json!({"input": {
            "name": new.name,
            "description": new.description,
            "picture": new.picture.as_ref().map(|image| BASE64_STANDARD.encode(image)),
        }});
        let made = ask(
            &client,
            doc::create_newsletter::DOC_ID,
            &input,
            "xwa2_newsletter_create",
        )
        .await?;
        let made = newsletter(&made);
        self.mark_newsletter(&made.id).await;
        Ok(made)
    }

    async fn find(&self, name: NewsletterName<'_>) -> Result<Newsletter, ChannelError> {
        let client = self.client()?;
        let (kind, key) = match name {
            NewsletterName::Jid(jid) => ("JID", address(jid)?.to_string()),
            NewsletterName::Invite(code) => ("INVITE", code.to_owned()),
        };
        let variables = json!({
            "input": {"key": key, "type": kind, "view_role": "GUEST"},
            "fetch_viewer_metadata": true,
            "fetch_full_image": true,
            "fetch_creation_time": true,
        });
        let found = ask(
            &client,
            doc::fetch_newsletter::DOC_ID,
            &variables,
            "xwa2_newsletter",
        )
        .await?;
        Ok(newsletter(&found))
    }

    async fn followed(&self) -> Result<Vec<Newsletter>, ChannelError> {
        let client = self.client()?;
        let all = ask(
            &client,
            doc::fetch_all_newsletters_metadata::DOC_ID,
            &json!({}),
            "xwa2_newsletter_subscribed",
        )
        .await?;
        Ok(all
            .as_array()
            .into_iter()
            .flatten()
            .map(newsletter)
            .collect())
    }

    async fn follow(&self, newsletter: &str, follows: bool) -> Result<(), ChannelError> {
        let (document, field) = if follows {
            (doc::join_newsletter::DOC_ID, "xwa2_newsletter_join_v2")
        } else {
            (doc::leave_newsletter::DOC_ID, "xwa2_newsletter_leave_v2")
        };
        self.ask_of(newsletter, document, json!({}), field).await?;
        if follows {
            self.mark_newsletter(newsletter).await;
        }
        Ok(())
    }

    async fn mute(
        &self,
        newsletter: &str,
        muted: bool,
        activity: bool,
    ) -> Result<(), ChannelError> {
        let client = self.client()?;
        let kind = if activity {
            "MUTE_ADMIN_ACTIVITY"
        } else {
            "MUTE_FOLLOWER_ACTIVITY"
        };
        let input = json!({"input": {
            "newsletter_id": address(newsletter)?.to_string(),
            "type": kind,
            "value": if muted { "ON" } else { "OFF" },
        }});
        let document = doc::update_newsletter_user_setting::DOC_ID;
        let field = "xwa2_newsletter_update_user_setting";
        ask(&client, document, &input, field).await.map(drop)
    }

    async fn update(&self, jid: &str, patch: &NewsletterPatch) -> Result<Newsletter, ChannelError> {
        let mut updates = json!({});
        if let Some(name) = &patch.name {
            updates["name"] = name.as_str().into();
        }
        if let Some(description) = &patch.description {
            updates["description"] = description.as_str().into();
        }
        if let Some(picture) = &patch.picture {
            updates["picture"] = BASE64_STANDARD.encode(picture).into();
        }
        if let Some(reactions) = &patch.reactions {
            let value = reactions.to_uppercase();
            updates["settings"] = json!({"reaction_codes": {"value": value}});
        }
        let changed = self
            .ask_of(
                jid,
                doc::update_newsletter::DOC_ID,
                json!({"updates": updates}),
                "xwa2_newsletter_update",
            )
            .await?;
        Ok(newsletter(&changed))
    }

    async fn delete(&self, newsletter: &str) -> Result<(), ChannelError> {
        let (document, field) = (doc::delete_newsletter::DOC_ID, "xwa2_newsletter_delete_v2");
        self.ask_of(newsletter, document, json!({}), field)
            .await
            .map(drop)
    }

    async fn posts(
        &self,
        newsletter: &str,
        count: u32,
        before: Option<u64>,
    ) -> Result<Vec<NewsletterPost>, ChannelError> {
        let (answer, jid) = self.ask_for_posts(newsletter, count, before).await?;
        Ok(posts::read(&answer, &jid))
    }

    async fn react(
        &self,
        newsletter: &str,
        server_id: u64,
        emoji: &str,
    ) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, address(newsletter)?);
        outgoing::newsletter::react(&client, &outgoing::new_id(), &jid, server_id, emoji).await
    }

    async fn followers(
        &self,
        newsletter: &str,
        count: u32,
    ) -> Result<Vec<NewsletterFollower>, ChannelError> {
        let client = self.client()?;
        let jid = address(newsletter)?.to_string();
        let input = json!({"input": {"newsletter_id": jid, "count": count}});
        let answer = ask(
            &client,
            doc::fetch_newsletter_followers::DOC_ID,
            &input,
            "xwa2_newsletter_followers",
        )
        .await?;
        let edges = answer["followers"]["edges"].as_array();
        Ok(edges.into_iter().flatten().filter_map(follower).collect())
    }

    async fn pending_admins(
        &self,
        newsletter: &str,
    ) -> Result<Vec<NewsletterFollower>, ChannelError> {
        let answer = self
            .ask_of(
                newsletter,
                doc::fetch_newsletter_pending_invites::DOC_ID,
                json!({}),
                "xwa2_newsletter_admin",
            )
            .await?;
        let pending = answer["pending_admin_invites"].as_array();
        let people = pending.into_iter().flatten();
        Ok(people
            .filter_map(|invite| follower(&json!({"node": invite["user"]})))
            .collect())
    }

    async fn change_staff(
        &self,
        newsletter: &str,
        change: StaffChange,
        person: &str,
    ) -> Result<Option<i64>, ChannelError> {
        let (document, field) = match change {
            StaffChange::Invite => (
                doc::create_newsletter_admin_invite::DOC_ID,
                "xwa2_newsletter_admin_invite_create",
            ),
            StaffChange::RevokeInvite => (
                doc::revoke_newsletter_admin_invite::DOC_ID,
                "xwa2_newsletter_admin_invite_revoke",
            ),
            StaffChange::Demote => (
                doc::demote_newsletter_admin::DOC_ID,
                "xwa2_newsletter_admin_demote",
            ),
            StaffChange::Own => (
                doc::change_newsletter_owner::DOC_ID,
                "xwa2_newsletter_change_owner",
            ),
        };
        let person = json!({"user_id": self.person(person).await?});
        let answer = self.ask_of(newsletter, document, person, field).await?;
        Ok(seconds(&answer["invite_expiration_time"]))
    }

    async fn accept_admin_invite(&self, newsletter: &str) -> Result<(), ChannelError> {
        let (document, field) = (
            doc::accept_newsletter_admin_invite::DOC_ID,
            "xwa2_newsletter_admin_invite_accept",
        );
        self.ask_of(newsletter, document, json!({}), field)
            .await
            .map(drop)
    }
}

fn seconds(value: &Value) -> Option<i64> {
    whole(value).and_then(|seconds| i64::try_from(seconds).ok())
}

fn role(value: &Value) -> Option<NewsletterRole> {
    Some(match value.as_str()?.to_lowercase().as_str() {
        "owner" => NewsletterRole::Owner,
        "admin" => NewsletterRole::Admin,
        "subscriber" => NewsletterRole::Subscriber,
        "guest" => NewsletterRole::Guest,
        _ => return None,
    })
}

fn newsletter(value: &Value) -> Newsletter {
    let (thread, viewer) = (&value["thread_metadata"], &value["viewer_metadata"]);
    let invite = text(&thread["invite"]);
    let path =
        text(&thread["picture"]["direct_path"]).or_else(|| text(&thread["preview"]["direct_path"]));
    let settings = viewer["settings"].as_array().into_iter().flatten();
    let mut follower = settings.filter(|setting| setting["type"] == "MUTE_FOLLOWER_ACTIVITY");
    let muted = match follower.next() {
        Some(setting) => &setting["value"],
        None => &viewer["mute"],
    };
    Newsletter {
        id: value["id"].as_str().unwrap_or_default().to_owned(),
        name: text(&thread["name"]["text"]).unwrap_or_default(),
        description: text(&thread["description"]["text"]).unwrap_or_default(),
        invite_link: invite.as_ref().map(|code| format!("{LINKS}{code}")),
        invite_code: invite,
        creation: seconds(&thread["creation_time"]),
        subscribers: whole(&thread["subscribers_count"]).unwrap_or(0),
        verified: thread["verification"] == "VERIFIED",
        state: text(&value["state"]["type"])
            .map_or_else(|| "active".to_owned(), |state| state.to_lowercase()),
        role: role(&viewer["role"]),
        muted: *muted == "ON",
        reactions: text(&thread["settings"]["reaction_codes"]["value"])
            .map(|codes| codes.to_lowercase()),
        picture: path.map(|path| format!("{PICTURES}{path}")),
    }
}

fn follower(edge: &Value) -> Option<NewsletterFollower> {
    let node = &edge["node"];
    Some(NewsletterFollower {
        id: text(&node["id"])?,
        phone_number: text(&node["pn"]),
        name: text(&node["display_name"]),
        role: role(&edge["role"]),
        since: seconds(&edge["follow_time"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newsletter_is_read_with_what_is_told() {
        let read = newsletter(&json!({
            "id": "120363@newsletter", "state": {"type": "ACTIVE"},
            "thread_metadata": {
                "name": {"text": "News"}, "description": {"text": ""}, "invite": "0029Va", "subscribers_count": "12",
                "creation_time": "1795398065", "verification": "VERIFIED",
                "picture": {"direct_path": "/v/pic"}, "settings": {"reaction_codes": {"value": "ALL"}},
            },
            "viewer_metadata": {"role": "OWNER", "mute": "OFF", "settings": [{"type": "MUTE_FOLLOWER_ACTIVITY", "value": "ON"}]},
        }));
        assert_eq!(
            serde_json::to_value(&read).expect("JSON"),
            json!({
                "id": "120363@newsletter", "name": "News", "description": "", "inviteCode": "0029Va",
                "inviteLink": "https://whatsapp.com/channel/0029Va", "creation": 1_795_398_065, "subscribers": 12,
                "verified": true, "state": "active", "role": "owner", "muted": true, "reactions": "all",
                "picture": "https://pps.whatsapp.net/v/pic",
            })
        );
        let bare = newsletter(&json!({"id": "1@newsletter"}));
        assert_eq!((bare.role, bare.subscribers, bare.muted), (None, 0, false));
    }

    #[test]
    fn only_newsletters_are_newsletters() {
        assert!(address("120363@newsletter").is_ok());
        assert!(address("120363@g.us").is_err());
        assert!(address("").is_err());
    }
}
