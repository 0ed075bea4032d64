use std::sync::LazyLock;

use pombo_domain::channel::{ChannelError, not_available};
use pombo_domain::instance::ChannelKind;
use serde::Deserialize;

use super::options::number;
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;

/// `POST /call/offer/{instance}`: places a call. No channel can; the original's own answer is made up.
pub(super) async fn call_offer(
    AuthorisedInstance(entry): AuthorisedInstance,
    ValidJson(_): ValidJson<CallOffer>,
) -> Result<(), ApiError> {
    let channel = entry.state().instance.channel;
    match channel {
        // Compatible: here the original names the other channel.
        ChannelKind::Evolution => Err(ApiError::bad_request(not_available(ChannelKind::Cloud))),
        ChannelKind::Whatsapp | ChannelKind::Cloud => {
            Err(ChannelError::NotAvailable(channel).into())
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CallOffer {}

impl Checked for CallOffer {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            Schema::object()
                .property("number", number())
                .property("isVideo", Schema::boolean())
                .property("callDuration", Schema::integer().minimum(1).maximum(15))
                .required(&["number", "callDuration"])
        });
        &SCHEMA
    }
}
