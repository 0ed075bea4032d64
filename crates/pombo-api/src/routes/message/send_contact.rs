use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{ContactCard, OutgoingContent, SendAction};
use serde::Deserialize;

use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::{Pattern, Schema};
use crate::state::Api;

/// `POST /message/sendContact/{instance}`: sends contact cards.
pub(super) async fn send_contact(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendContact>,
) -> Result<Sent, ApiError> {
    let cards = request.contact.into_iter().map(Into::into).collect();
    let content = OutgoingContent::Contacts(cards);
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::Contact, outgoing).await
}

#[derive(Deserialize)]
pub(super) struct SendContact {
    number: String,
    contact: Vec<Card>,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Card {
    full_name: String,
    phone_number: String,
    wuid: Option<String>,
    organization: Option<String>,
    email: Option<String>,
    url: Option<String>,
}

impl From<Card> for ContactCard {
    fn from(card: Card) -> Self {
        Self {
            full_name: card.full_name,
            phone_number: card.phone_number,
            wuid: card.wuid,
            organization: card.organization,
            email: card.email,
            url: card.url,
        }
    }
}

impl Checked for SendContact {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let card = Schema::object()
                .property("fullName", Schema::string())
                .property(
                    "wuid",
                    Schema::string()
                        .min_length(10)
                        .pattern(Pattern::Digits)
                        .describe("\"wuid\" must be a numeric string"),
                )
                .property("phoneNumber", Schema::string().min_length(10))
                .properties(&["organization", "email", "url"], &Schema::string())
                .required(&["fullName", "phoneNumber"])
                .not_empty(&["fullName"]);
            let schema = Schema::object()
                .property("number", number())
                .property("contact", Schema::array().items(card).min_items(1).unique());
            with_options(schema).required(&["number", "contact"])
        });
        &SCHEMA
    }
}
