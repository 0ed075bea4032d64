//! Groups.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::body::{Body, Part};
use super::super::error::AdminError;
use super::content::Base64;
use super::{DONE, Done, phone};
use crate::network::Network;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Create {
    subject: String,
    #[serde(default)]
    members: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(in super::super) struct Created {
    group: String,
}

fn borrowed(people: &[String]) -> Vec<&str> {
    people.iter().map(String::as_str).collect()
}

/// `POST /admin/phones/{number}/groups`.
pub(in super::super) async fn create(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(create): Body<Create>,
) -> Result<(StatusCode, Json<Created>), AdminError> {
    let phone = phone(&network, &number)?;
    let group = phone
        .create_group(&create.subject, &borrowed(&create.members))
        .await?;
    Ok((StatusCode::CREATED, Json(Created { group })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Change {
    subject: Option<String>,
    description: Option<String>,
    /// An empty one takes the picture away.
    picture: Option<Base64>,
    /// Only admins write.
    announcement: Option<bool>,
    /// Only admins change the group.
    locked: Option<bool>,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    promote: Vec<String>,
    #[serde(default)]
    demote: Vec<String>,
}

/// `PUT /admin/phones/{number}/groups/{group}`: what is absent stays.
pub(in super::super) async fn change(
    State(network): State<Arc<Network>>,
    Part((number, group)): Part<(String, String)>,
    Body(change): Body<Change>,
) -> Done {
    let phone = phone(&network, &number)?;
    if let Some(subject) = &change.subject {
        phone.set_subject(&group, subject).await?;
    }
    if let Some(description) = &change.description {
        phone.set_description(&group, description).await?;
    }
    if let Some(Base64(picture)) = &change.picture {
        let picture = (!picture.is_empty()).then_some(picture.as_slice());
        phone.set_group_picture(&group, picture).await?;
    }
    if let Some(announcement) = change.announcement {
        phone.set_announcement(&group, announcement).await?;
    }
    if let Some(locked) = change.locked {
        phone.set_locked(&group, locked).await?;
    }
    if !change.add.is_empty() {
        phone.add_members(&group, &borrowed(&change.add)).await?;
    }
    if !change.promote.is_empty() {
        phone.promote(&group, &borrowed(&change.promote)).await?;
    }
    if !change.demote.is_empty() {
        phone.demote(&group, &borrowed(&change.demote)).await?;
    }
    if !change.remove.is_empty() {
        phone
            .remove_members(&group, &borrowed(&change.remove))
            .await?;
    }
    DONE
}

/// `DELETE /admin/phones/{number}/groups/{group}`: leaves it.
pub(in super::super) async fn leave(
    State(network): State<Arc<Network>>,
    Part((number, group)): Part<(String, String)>,
) -> Done {
    phone(&network, &number)?.leave(&group).await?;
    DONE
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Invite {
    code: String,
}

/// `GET /admin/phones/{number}/groups/{group}/invite`: the code of its link.
pub(in super::super) async fn invite(
    State(network): State<Arc<Network>>,
    Part((number, group)): Part<(String, String)>,
) -> Result<Json<Invite>, AdminError> {
    let code = phone(&network, &number)?.invite_code(&group).await?;
    Ok(Json(Invite { code }))
}

/// `POST /admin/phones/{number}/join`: joins by the code of a link.
pub(in super::super) async fn join(
    State(network): State<Arc<Network>>,
    Part(number): Part<String>,
    Body(invite): Body<Invite>,
) -> Done {
    phone(&network, &number)?.join(&invite.code).await?;
    DONE
}
