use std::sync::LazyLock;

use axum::extract::State;
use pombo_domain::message::{ListRow, ListSection, OutgoingContent, SendAction};
use serde::Deserialize;

use super::options::{Options, number, with_options};
use super::send::{Sent, send};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, Checked, ValidJson};
use crate::schema::Schema;
use crate::state::Api;

/// `POST /message/sendList/{instance}`: sends a list to choose from.
pub(super) async fn send_list(
    AuthorisedInstance(entry): AuthorisedInstance,
    State(api): State<Api>,
    ValidJson(request): ValidJson<SendList>,
) -> Result<Sent, ApiError> {
    let content = OutgoingContent::List {
        title: request.title,
        description: request.description,
        footer: request.footer_text,
        button: request.button_text,
        sections: request.sections.into_iter().map(Into::into).collect(),
    };
    let outgoing = request.options.outgoing(request.number, content);
    send(&api, &entry, SendAction::List, outgoing).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SendList {
    number: String,
    title: String,
    description: Option<String>,
    footer_text: String,
    button_text: String,
    sections: Vec<Section>,
    #[serde(flatten)]
    options: Options,
}

#[derive(Deserialize)]
struct Section {
    title: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    title: String,
    description: Option<String>,
    row_id: String,
}

impl From<Section> for ListSection {
    fn from(section: Section) -> Self {
        Self {
            title: section.title,
            rows: section
                .rows
                .into_iter()
                .map(|row| ListRow {
                    title: row.title,
                    description: row.description,
                    id: row.row_id,
                })
                .collect(),
        }
    }
}

impl Checked for SendList {
    fn schema() -> &'static Schema {
        static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
            let text = Schema::string();
            let row = Schema::object()
                .properties(&["title", "description", "rowId"], &text)
                .required(&["title", "rowId"]);
            let section = Schema::object()
                .property("title", text.clone())
                .property("rows", Schema::array().min_items(1).unique().items(row))
                .required(&["title", "rows"]);
            let schema = Schema::object()
                .property("number", number())
                .properties(&["title", "description", "footerText", "buttonText"], &text)
                .property(
                    "sections",
                    Schema::array().min_items(1).unique().items(section),
                );
            with_options(schema).required(&[
                "number",
                "title",
                "footerText",
                "buttonText",
                "sections",
            ])
        });
        &SCHEMA
    }
}
