//! What a phone does by itself, and who its user says to be.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Part};
use super::super::error::AdminError;
use super::content::Base64;
use super::{DONE, Done, phone};
use crate::network::Network;
use crate::phone::history::InventedPast;
use crate::phone::{Answer, VirtualPhone};

/// The switches, as they are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Switches {
    online: bool,
    receipts: bool,
    reads: bool,
    answers: Answers,
    typing_ms: u64,
    lid: bool,
    secrets: bool,
}

/// What a phone answers to messages of others in direct chats.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answers {
    /// Nothing.
    Nothing,
    /// The same again, behind this.
    Echo(String),
    /// Always this.
    Text(String),
}

impl Switches {
    pub(super) fn of(phone: &VirtualPhone) -> Self {
        let habits = phone.habits();
        Self {
            online: phone.is_online(),
            receipts: habits.delivery_receipts,
            reads: habits.reads,
            answers: match habits.answers {
                Answer::Nothing => Answers::Nothing,
                Answer::Echo(prefix) => Answers::Echo(prefix),
                Answer::Text(text) => Answers::Text(text),
            },
            typing_ms: u64::try_from(habits.typing.as_millis()).unwrap_or(u64::MAX),
            lid: habits.writes_to_lids,
            secrets: habits.secrets,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Change {
    online: Option<bool>,
    receipts: Option<bool>,
    reads: Option<bool>,
    answers: Option<Answers>,
    typing_ms: Option<u64>,
    lid: Option<bool>,
    secrets: Option<bool>,
    name: Option<String>,
    about: Option<String>,
    /// An empty one takes the picture away.
    picture: Option<Base64>,
}

/// `PUT /admin/phones/{number}`: switches, and the profile. What is absent stays.
pub(in super::super) async fn change(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(change): Body<Change>,
) -> Result<Json<Switches>, AdminError> {
    let phone = phone(&network, &number)?;
    // Going online comes first, going offline last: what is between needs a network.
    if change.online == Some(true) {
        phone.go_online();
    }
    phone.set_habits(|habits| {
        let set = |switch: &mut bool, wanted: Option<bool>| *switch = wanted.unwrap_or(*switch);
        set(&mut habits.delivery_receipts, change.receipts);
        set(&mut habits.reads, change.reads);
        set(&mut habits.writes_to_lids, change.lid);
        set(&mut habits.secrets, change.secrets);
        if let Some(typing) = change.typing_ms {
            habits.typing = Duration::from_millis(typing);
        }
        match change.answers {
            Some(Answers::Nothing) => habits.answers = Answer::Nothing,
            Some(Answers::Echo(prefix)) => habits.answers = Answer::Echo(prefix),
            Some(Answers::Text(text)) => habits.answers = Answer::Text(text),
            None => {}
        }
    });
    if let Some(name) = &change.name {
        phone.set_name(name).await?;
    }
    if let Some(about) = &change.about {
        phone.set_about(about).await?;
    }
    if let Some(Base64(picture)) = &change.picture {
        let picture = (!picture.is_empty()).then_some(picture.as_slice());
        phone.set_picture(picture).await?;
    }
    if change.online == Some(false) {
        phone.go_offline();
    }
    Ok(Json(Switches::of(&phone)))
}

/// `POST /admin/phones/{number}/reinstall`: new keys, no companions; everybody is told that the security code changed.
pub(in super::super) async fn reinstall(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
) -> Done {
    phone(&network, &number)?.reinstall()?;
    DONE
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Past {
    #[serde(default)]
    chats: usize,
    #[serde(default)]
    messages: usize,
    #[serde(default)]
    contacts: usize,
}

/// `POST /admin/phones/{number}/past`: an invented past, which companions linked from now on get as history.
pub(in super::super) async fn invent_past(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(past): Body<Past>,
) -> Done {
    const MOST: usize = 1_000_000;
    if past.chats.saturating_mul(past.messages.max(1)) > MOST || past.contacts > MOST {
        return Err(AdminError::bad_request(
            "that is more than a million messages or contacts",
        ));
    }
    phone(&network, &number)?.invent_past(InventedPast {
        chats: past.chats,
        messages: past.messages,
        contacts: past.contacts,
    });
    DONE
}
