use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{OutgoingContent, SendAction};
use serde::Deserialize;

use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendLocation/{instance}`: sends a place.
pub(super) async fn send_location(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendLocation>,
) -> Result<Sent, ApiError> {
    let content = OutgoingContent::Location {
        latitude: request.latitude,
        longitude: request.longitude,
        name: request.name,
        address: request.address,
    };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Location, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct SendLocation {
    number: String,
    latitude: f64,
    longitude: f64,
    name: Option<String>,
    address: Option<String>,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendLocation {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .properties(&["latitude", "longitude"], &Schema::number())
                .properties(&["name", "address"], &Schema::string());
            with_options(schema).required(&["number", "latitude", "longitude", "name", "address"])
        });
        &SCHEMA
    }
}
