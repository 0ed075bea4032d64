use std::sync::LazyLock;

use axum::Json;
use axum::extract::State;
use pombo_core::Gateway;
use pombo_store::contact;
use serde::Deserialize;
use serde_json::{Value, json};

use super::own::own_or;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::routes::schemas;
use crate::schema::Schema;
use crate::state::Api;

/// `POST /chat/fetchProfile/{instance}`: what somebody shows, or the account itself.
///
/// 200 with `{wuid, name?, numberExists, picture, status: {status, setAt?}, isBusiness, email?, description?, website?}`.
pub(super) async fn fetch_profile(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<FetchProfile>,
) -> Result<Json<Value>, ApiError> {
    let channel = api.gateway.channel(&entry)?;
    let profiles = Gateway::profiles(&entry, &*channel)?;
    let jid = own_or(&api, &entry, request.number.as_deref()).await?;
    let instance = entry.state().instance.clone();
    let own = instance.owner_jid.as_deref() == Some(jid.as_str());
    let name = if own {
        instance.profile_name.clone()
    } else {
        let known = contact::of_addresses(
            api.gateway.store(),
            &instance.id,
            std::slice::from_ref(&jid),
        );
        known
            .await?
            .remove(&jid)
            .and_then(|contact| contact.push_name)
    };
    let profile = profiles.profile(&jid).await?;
    let business = match profile.business {
        true => profiles.business_profile(&jid).await?,
        false => None,
    };
    let mut shown = json!({
        "wuid": jid, "numberExists": true, "picture": profile.picture_url,
        "status": {"status": profile.about}, "isBusiness": profile.business,
    });
    if let Value::Object(members) = &mut shown {
        if let Some(name) = name.or(profile.verified_name) {
            members.insert("name".to_owned(), name.into());
        }
        if let Some(business) = business {
            members.insert("email".to_owned(), json!(business.email));
            members.insert("description".to_owned(), business.description.into());
            let website = business.website.into_iter().next();
            members.insert("website".to_owned(), json!(website));
        }
    }
    Ok(Json(shown))
}

#[derive(Deserialize)]
pub(super) struct FetchProfile {
    number: Option<String>,
}

impl Checked for FetchProfile {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(schemas::profile_number);
        &SCHEMA
    }
}
