//! Groups and their members.

use std::sync::Arc;

use pombo_domain::channel::{GroupChange, GroupNews};
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::group::{Group, Participant};
use pombo_domain::instance::Instance;
use pombo_store::chat::ChatTouch;
use pombo_store::{StoreError, chat, contact};
use serde_json::{Value, json};

use super::ignores;
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// Groups in one event: each can have a thousand members.
const GROUPS: usize = 20;

impl Gateway {
    /// Tells `groups.upsert`, and keeps the groups' names as those of their chats.
    pub(super) async fn accept_groups(
        &self,
        entry: &Arc<Entry>,
        groups: Vec<Group>,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        let groups: Vec<Group> = groups
            .into_iter()
            .filter(|group| !ignores(&state, &group.id))
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        let (instance, save, now) = (Arc::clone(&state.instance), self.config.save, self.now());
        let groups = Arc::new(groups);
        self.store
            .write(move |tx| {
                let (instance, groups) = (Arc::clone(&instance), Arc::clone(&groups));
                Box::pin(async move {
                    if save.chats {
                        let touches: Vec<_> = groups
                            .iter()
                            .map(|group| ChatTouch {
                                instance_id: &instance.id,
                                remote_jid: &group.id,
                                message: None,
                                unread_add: 0,
                                name: Some(&group.subject),
                                now,
                            })
                            .collect();
                        chat::touch_all(tx, &touches).await?;
                    }
                    for piece in groups.chunks(GROUPS) {
                        tx.append_event(new_event(&instance, EventKind::GroupsUpsert, now, &piece));
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Tells `groups.update` or `group-participants.update`.
    pub(super) async fn accept_group_change(
        &self,
        entry: &Arc<Entry>,
        news: GroupNews,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &news.group) {
            return Ok(());
        }
        let instance = Arc::clone(&state.instance);
        let told = match &news.change {
            GroupChange::Participants {
                action,
                participants,
            } => self.members(&instance, &news, action, participants).await?,
            GroupChange::Metadata(patch) => {
                let mut data = json!(patch);
                if let Value::Object(members) = &mut data {
                    members.insert("id".to_owned(), news.group.clone().into());
                    author(members, &news);
                }
                new_event(&instance, EventKind::GroupsUpdate, self.now(), &[data])
            }
            GroupChange::JoinRequest {
                action,
                participants,
            } => {
                let mut data = json!({"id": news.group, "joinRequest": {"action": action, "participants": participants}});
                if let Value::Object(members) = &mut data {
                    author(members, &news);
                }
                new_event(&instance, EventKind::GroupsUpdate, self.now(), &[data])
            }
        };
        let subject = match &news.change {
            GroupChange::Metadata(patch) => patch.subject.clone(),
            GroupChange::Participants { .. } | GroupChange::JoinRequest { .. } => None,
        };
        let (save, now, group) = (self.config.save, self.now(), news.group.clone());
        self.store
            .write(move |tx| {
                let (instance, told) = (Arc::clone(&instance), told.clone());
                let (group, subject) = (group.clone(), subject.clone());
                Box::pin(async move {
                    if let (Some(subject), true) = (&subject, save.chats) {
                        let touch = ChatTouch {
                            instance_id: &instance.id,
                            remote_jid: &group,
                            message: None,
                            unread_add: 0,
                            name: Some(subject),
                            now,
                        };
                        chat::touch(tx, &touch).await?;
                    }
                    tx.append_event(told);
                    Ok(())
                })
            })
            .await
    }

    /// `{id, author, authorPn, participants: [jid], action, participantsData: [{jid, phoneNumber, name, imgUrl}]}`
    async fn members(
        &self,
        instance: &Instance,
        news: &GroupNews,
        action: &str,
        participants: &[Participant],
    ) -> Result<NewEvent, StoreError> {
        let mut addresses: Vec<String> = Vec::new();
        for participant in participants {
            addresses.push(participant.id.clone());
            addresses.extend(participant.phone_number.clone());
        }
        let known = contact::of_addresses(&self.store, &instance.id, &addresses).await?;
        let details: Vec<Value> = participants
            .iter()
            .map(|participant| {
                let number = phone_number(participant);
                let contact = known
                    .get(&participant.id)
                    .or_else(|| known.get(number.as_deref()?));
                json!({
                    "jid": participant.id,
                    "phoneNumber": number,
                    "name": contact.and_then(|contact| contact.push_name.as_deref()),
                    "imgUrl": contact.and_then(|contact| contact.profile_pic_url.as_deref()),
                })
            })
            .collect();
        let ids: Vec<&str> = participants
            .iter()
            .map(|participant| participant.id.as_str())
            .collect();
        let mut data = json!({"id": news.group});
        if let Value::Object(members) = &mut data {
            author(members, news);
            members.insert("participants".to_owned(), json!(ids));
            members.insert("action".to_owned(), action.into());
            members.insert("participantsData".to_owned(), details.into());
        }
        Ok(new_event(
            instance,
            EventKind::GroupParticipantsUpdate,
            self.now(),
            &data,
        ))
    }
}

fn author(members: &mut serde_json::Map<String, Value>, news: &GroupNews) {
    for (name, author) in [("author", &news.author), ("authorPn", &news.author_pn)] {
        if let Some(author) = author {
            members.insert(name.to_owned(), author.clone().into());
        }
    }
}

fn phone_number(participant: &Participant) -> Option<String> {
    participant
        .phone_number
        .clone()
        .or_else(|| Some(participant.id.clone()).filter(|id| id.ends_with("@s.whatsapp.net")))
}
