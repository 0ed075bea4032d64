//! Profiles, privacy, blocking; chats and labels on all devices of the account.

use async_trait::async_trait;
use pombo_domain::channel::ChannelError;
use pombo_domain::label::Label;
use pombo_domain::media::ProfilePicture;
use pombo_domain::port::{ChatAction, LastMessage, Profiles};
use pombo_domain::profile::{BusinessProfile, CatalogPage, Collection, Privacy, Profile};
use serde_json::json;
use wacore::iq::privacy::{PrivacyCategory, PrivacyValue};
use waproto::whatsapp as wa;
use whatsapp_rust::{
    AppStateError, BlockingError, Client, ContactError, Jid, ProfileError, SyncActionMessageRange,
    message_key, message_range,
};

use super::error::{of_any, of_client, of_iq, parse};
use crate::channel::WhatsappChannel;

#[async_trait]
impl Profiles for WhatsappChannel {
    async fn picture_url(&self, jid: &str) -> Result<Option<String>, ChannelError> {
        let (client, jid) = (self.client()?, parse(jid)?);
        picture_of(&client, &jid, false).await
    }

    async fn profile(&self, jid: &str) -> Result<Profile, ChannelError> {
        let (client, address) = (self.client()?, parse(jid)?);
        let people = client
            .contacts()
            .get_user_info(std::slice::from_ref(&address))
            .await
            .map_err(of_contact)?;
        let person = people.into_values().next();
        let picture_url = self.picture_url(jid).await?;
        Ok(match person {
            Some(person) => Profile {
                picture_url,
                about: person.status,
                business: person.is_business,
                verified_name: person.verified_name.and_then(|verified| verified.name),
            },
            None => Profile {
                picture_url,
                ..Profile::default()
            },
        })
    }

    async fn business_profile(&self, jid: &str) -> Result<Option<BusinessProfile>, ChannelError> {
        let (client, address) = (self.client()?, parse(jid)?);
        let profile = client
            .get_business_profile(&address)
            .await
            .map_err(|error| of_iq(&error))?;
        Ok(profile.map(|profile| BusinessProfile {
            wid: profile.wid.unwrap_or(address).to_string(),
            address: profile.address,
            description: profile.description,
            website: profile.website,
            email: profile.email,
            category: profile
                .categories
                .into_iter()
                .next()
                .map(|category| category.name),
            business_hours: json!(profile.business_hours),
        }))
    }

    async fn catalog(
        &self,
        jid: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<CatalogPage, ChannelError> {
        self.ask_catalog(jid, limit, cursor).await
    }

    async fn collections(&self, jid: &str, limit: u32) -> Result<Vec<Collection>, ChannelError> {
        self.ask_collections(jid, limit).await
    }

    async fn set_name(&self, name: &str) -> Result<(), ChannelError> {
        let client = self.client()?;
        client
            .profile()
            .set_push_name(name)
            .await
            .map_err(of_profile)
    }

    async fn set_about(&self, about: &str) -> Result<(), ChannelError> {
        let client = self.client()?;
        client
            .profile()
            .set_status_text(about)
            .await
            .map_err(of_profile)
    }

    async fn set_picture(&self, picture: Option<&ProfilePicture>) -> Result<(), ChannelError> {
        let client = self.client()?;
        let profile = client.profile();
        let done = match picture {
            Some(picture) => profile.set_profile_picture(picture.image.to_vec()).await,
            None => profile.remove_profile_picture().await,
        };
        done.map(drop).map_err(of_profile)
    }

    async fn privacy(&self) -> Result<Privacy, ChannelError> {
        let client = self.client()?;
        let all = client
            .fetch_privacy_settings()
            .await
            .map_err(|error| of_iq(&error))?;
        let value = |category: PrivacyCategory| {
            all.get_value(&category)
                .map(|value| value.as_str().to_owned())
                .unwrap_or_default()
        };
        Ok(Privacy {
            readreceipts: value(PrivacyCategory::ReadReceipts),
            profile: value(PrivacyCategory::Profile),
            status: value(PrivacyCategory::Status),
            online: value(PrivacyCategory::Online),
            last: value(PrivacyCategory::Last),
            groupadd: value(PrivacyCategory::GroupAdd),
        })
    }

    async fn set_privacy(&self, privacy: &Privacy) -> Result<(), ChannelError> {
        let client = self.client()?;
        let now = self.privacy().await?;
        for (category, wanted, known) in [
            (
                PrivacyCategory::ReadReceipts,
                &privacy.readreceipts,
                &now.readreceipts,
            ),
            (PrivacyCategory::Profile, &privacy.profile, &now.profile),
            (PrivacyCategory::Status, &privacy.status, &now.status),
            (PrivacyCategory::Online, &privacy.online, &now.online),
            (PrivacyCategory::Last, &privacy.last, &now.last),
            (PrivacyCategory::GroupAdd, &privacy.groupadd, &now.groupadd),
        ] {
            if wanted != known {
                client
                    .set_privacy_setting(category, PrivacyValue::from(wanted.as_str()))
                    .await
                    .map_err(|error| of_iq(&error))?;
            }
        }
        Ok(())
    }

    async fn block(&self, jid: &str, blocked: bool) -> Result<(), ChannelError> {
        let (client, address) = (self.client()?, parse(jid)?);
        if client
            .get_lid_pn_entry(&address)
            .await
            .ok()
            .flatten()
            .is_none()
        {
            // Blocking needs both identities: this question teaches the client the other one.
            client
                .contacts()
                .is_on_whatsapp(std::slice::from_ref(&address))
                .await
                .map_err(of_contact)?;
        }
        let blocking = client.blocking();
        let done = if blocked {
            blocking.block(&address).await
        } else {
            blocking.unblock(&address).await
        };
        done.map_err(|error| match error {
            BlockingError::Iq(error) => of_iq(&error),
            BlockingError::InvalidJid(text) => ChannelError::Invalid(text),
            BlockingError::Internal(error) => of_any(&error),
            other => ChannelError::Failed(other.to_string()),
        })
    }

    async fn change_chat(
        &self,
        jid: &str,
        action: &ChatAction,
        last: Option<&LastMessage>,
    ) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, parse(jid)?);
        let range = last.map(|last| range(&jid, last)).transpose()?;
        let chats = client.chat_actions();
        let done = match action {
            ChatAction::Archive(true) => chats.archive_chat(&jid, range).await,
            ChatAction::Archive(false) => chats.unarchive_chat(&jid, range).await,
            ChatAction::Pin(true) => chats.pin_chat(&jid).await,
            ChatAction::Pin(false) => chats.unpin_chat(&jid).await,
            ChatAction::Mute(Some(until)) if *until > 0 => {
                chats.mute_chat_until(&jid, *until).await
            }
            ChatAction::Mute(Some(_)) => chats.mute_chat(&jid).await,
            ChatAction::Mute(None) => chats.unmute_chat(&jid).await,
            ChatAction::Read(read) => chats.mark_chat_as_read(&jid, *read, range).await,
            ChatAction::Clear => chats.clear_chat(&jid, true, false, range).await,
            ChatAction::Delete => chats.delete_chat(&jid, false, range).await,
        };
        done.map_err(of_app_state)
    }

    async fn label_chat(&self, label: &str, jid: &str, labeled: bool) -> Result<(), ChannelError> {
        let (client, jid) = (self.client()?, parse(jid)?);
        let labels = client.labels();
        let done = if labeled {
            labels.add_chat_label(label, &jid).await
        } else {
            labels.remove_chat_label(label, &jid).await
        };
        done.map_err(of_app_state)
    }

    async fn edit_label(&self, label: &Label, deleted: bool) -> Result<(), ChannelError> {
        let client = self.client()?;
        let labels = client.labels();
        let done = if deleted {
            labels.delete_label(&label.id).await
        } else {
            let color = label.color.parse().map_err(|_| {
                ChannelError::Invalid("the colour of a label is a number".to_owned())
            })?;
            labels.create_label(&label.id, &label.name, color).await
        };
        done.map_err(of_app_state)
    }
}

/// What a change of a chat covers: everything up to its newest message.
fn range(jid: &Jid, last: &LastMessage) -> Result<SyncActionMessageRange, ChannelError> {
    let key = &last.key;
    let participant = key
        .participant
        .as_deref()
        .filter(|participant| !participant.is_empty())
        .map(parse)
        .transpose()?;
    let key: wa::MessageKey = message_key(&key.id, jid, key.from_me, participant.as_ref());
    Ok(message_range(
        last.timestamp,
        None,
        vec![(key, last.timestamp)],
    ))
}

/// Where a picture is; `None` also where it is hidden from us, or nobody is there.
pub(super) async fn picture_of(
    client: &Client,
    jid: &Jid,
    preview: bool,
) -> Result<Option<String>, ChannelError> {
    match client.contacts().get_profile_picture(jid, preview).await {
        Ok(picture) => Ok(picture.map(|picture| picture.url)),
        Err(error) => match of_contact(error) {
            ChannelError::NotFound(_)
            | ChannelError::Refused {
                code: 401 | 403, ..
            } => Ok(None),
            error => Err(error),
        },
    }
}

fn of_contact(error: ContactError) -> ChannelError {
    match error {
        ContactError::Iq(error) => of_iq(&error),
        other => ChannelError::Invalid(other.to_string()),
    }
}

fn of_profile(error: ProfileError) -> ChannelError {
    match error {
        ProfileError::Iq(error) => of_iq(&error),
        ProfileError::Client(error) => of_client(&error),
        ProfileError::InvalidArgument(text) => ChannelError::Invalid(text),
        ProfileError::Internal(error) => of_any(&error),
        other => ChannelError::Failed(other.to_string()),
    }
}

fn of_app_state(error: AppStateError) -> ChannelError {
    match error {
        AppStateError::InvalidRequest(text) => ChannelError::Invalid(text),
        AppStateError::Internal(error) => of_any(&error),
        other => ChannelError::Failed(other.to_string()),
    }
}
