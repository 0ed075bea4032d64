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

/// `POST /message/sendPoll/{instance}`: sends a poll.
pub(super) async fn send_poll(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendPoll>,
) -> Result<Sent, ApiError> {
    let content = OutgoingContent::Poll {
        name: request.name,
        values: request.values,
        selectable: request.selectable_count,
    };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Poll, outgoing).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendPoll {
    number: String,
    name: String,
    selectable_count: u32,
    values: Vec<String>,
    #[serde(flatten)]
    options: Options,
}

impl Checked for SendPoll {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let schema = Schema::object()
                .property("number", number())
                .property("name", Schema::string())
                .property("selectableCount", Schema::integer().minimum(0).maximum(10))
                .property(
                    "values",
                    Schema::array()
                        .min_items(2)
                        .max_items(10)
                        .unique()
                        .items(Schema::string()),
                );
            with_options(schema).required(&["number", "name", "selectableCount", "values"])
        });
        &SCHEMA
    }
}
