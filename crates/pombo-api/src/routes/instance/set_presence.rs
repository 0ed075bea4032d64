use std::sync::LazyLock;

use pombo_domain::channel::ChannelError;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /instance/setPresence/{instance}`: no channel of this build has a presence, so always 400 once the body is right.
pub(super) async fn set_presence(
    AuthorisedInstance(entry): AuthorisedInstance,
    ValidJson(_): ValidJson<PresenceRequest>,
) -> Result<(), ApiError> {
    Err(ChannelError::NotAvailable(entry.state().instance.channel).into())
}

#[derive(Deserialize)]
pub(super) struct PresenceRequest {}

impl Checked for PresenceRequest {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property(
                    "presence",
                    Schema::string().one_of(&[
                        "unavailable",
                        "available",
                        "composing",
                        "recording",
                        "paused",
                    ]),
                )
                .required(&["presence"])
        });
        &SCHEMA
    }
}
