//! Names, pictures, and the account's own profile.

use std::sync::Arc;

use pombo_domain::channel::{ContactNews, WhoKnows};
use pombo_domain::event::EventKind;
use pombo_domain::instance::Instance;
use pombo_store::contact::NewContact;
use pombo_store::{StoreError, contact, instance};
use serde_json::{Map, Value};

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Tells those that are new in `contacts.upsert`, the others in `contacts.update`, each as one list.
    pub(super) async fn accept_contacts(
        &self,
        entry: &Arc<Entry>,
        news: Vec<ContactNews>,
    ) -> Result<(), StoreError> {
        if news.is_empty() {
            return Ok(());
        }
        let instance = Arc::clone(&entry.state().instance);
        let (save, now, news) = (self.config.save, self.now(), Arc::new(news));
        self.store
            .write(move |tx| {
                let (instance, news) = (Arc::clone(&instance), Arc::clone(&news));
                Box::pin(async move {
                    let names: Vec<Option<String>> = news.iter().map(shown_name).collect();
                    let existed = if save.contacts {
                        let rows: Vec<_> = news
                            .iter()
                            .zip(&names)
                            .map(|(news, name)| NewContact {
                                instance_id: &instance.id,
                                remote_jid: &news.jid,
                                push_name: name.as_deref(),
                                profile_pic_url: picture(news),
                                now,
                            })
                            .collect();
                        let existed = contact::upsert_all(tx, &rows).await?;
                        for gone in news.iter().filter(|news| news.picture_url == Some(None)) {
                            contact::clear_picture(tx, &instance.id, &gone.jid, now).await?;
                        }
                        existed
                    } else {
                        // Only the address book makes contacts.
                        news.iter()
                            .map(|news| news.source != WhoKnows::AddressBook)
                            .collect()
                    };
                    let (mut new, mut known) = (Vec::new(), Vec::new());
                    for ((news, name), existed) in news.iter().zip(&names).zip(existed) {
                        let data = data(&instance, news, name.as_deref(), !existed);
                        if existed {
                            known.push(data);
                        } else {
                            new.push(data);
                        }
                    }
                    for (kind, list) in [
                        (EventKind::ContactsUpsert, new),
                        (EventKind::ContactsUpdate, known),
                    ] {
                        if !list.is_empty() {
                            tx.append_event(new_event(&instance, kind, now, &list));
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The account's own name or picture changed.
    pub(super) async fn accept_profile(
        &self,
        entry: &Arc<Entry>,
        name: Option<String>,
        picture_url: Option<Option<String>>,
    ) -> Result<(), StoreError> {
        let _changing = entry.change.lock().await;
        let old = Arc::clone(&entry.state().instance);
        let now = self.now();
        let new = Arc::new(Instance {
            profile_name: name.or_else(|| old.profile_name.clone()),
            profile_pic_url: picture_url.unwrap_or_else(|| old.profile_pic_url.clone()),
            updated_at: now,
            ..Instance::clone(&old)
        });
        let row = Arc::clone(&new);
        self.store
            .write(move |tx| {
                let row = Arc::clone(&row);
                Box::pin(async move {
                    let owner = row.owner_jid.as_deref();
                    let (name, picture) =
                        (row.profile_name.as_deref(), row.profile_pic_url.as_deref());
                    instance::set_profile(tx, &row.id, owner, name, picture, now).await
                })
            })
            .await?;
        entry.update(|state| state.instance = new);
        Ok(())
    }
}

/// Compatible: who was removed from the address book is called by their number.
fn shown_name(news: &ContactNews) -> Option<String> {
    if news.removed {
        return news.jid.split('@').next().map(str::to_owned);
    }
    news.name.clone()
}

fn picture(news: &ContactNews) -> Option<&str> {
    news.picture_url.as_ref().and_then(Option::as_deref)
}

/// `{remoteJid, pushName?, profilePicUrl?, instanceId}`; of somebody new there is always a `profilePicUrl`.
fn data(instance: &Instance, news: &ContactNews, name: Option<&str>, is_new: bool) -> Value {
    let mut data = Map::new();
    data.insert("remoteJid".to_owned(), news.jid.clone().into());
    if let Some(name) = name {
        data.insert("pushName".to_owned(), name.into());
    }
    if is_new || news.source == WhoKnows::AddressBook || news.picture_url.is_some() {
        data.insert("profilePicUrl".to_owned(), picture(news).into());
    }
    data.insert("instanceId".to_owned(), instance.id.as_str().into());
    Value::Object(data)
}
