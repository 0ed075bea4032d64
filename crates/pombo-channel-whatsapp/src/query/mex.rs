//! GraphQL over stanzas. The library's own call hides the code of a refusal, which decides what the caller is told: the stanzas
//! are built and read here.

use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use serde_json::{Value, json};
use wacore::request::InfoQuery;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, NodeContent, NodeContentRef, Server};
use whatsapp_rust::Client;

use super::error::{of_code, of_iq};

/// Asks by the id of a document, and gives the member `field` of the answer's data.
pub(super) async fn ask(
    client: &Arc<Client>,
    document: &str,
    variables: &Value,
    field: &str,
) -> Result<Value, ChannelError> {
    let query = NodeBuilder::new("query")
        .attr("query_id", document)
        .bytes(json!({"variables": variables}).to_string().into_bytes())
        .build();
    let iq = InfoQuery::get(
        "w:mex",
        Jid::new("", Server::Pn),
        Some(NodeContent::Nodes(vec![query])),
    );
    let answer = client.send_iq(iq).await.map_err(|error| of_iq(&error))?;
    let result = answer.get().get_optional_child("result");
    let text = match result.and_then(|result| result.content.as_ref()) {
        Some(NodeContentRef::Bytes(bytes)) => serde_json::from_slice(bytes),
        Some(NodeContentRef::String(text)) => serde_json::from_str(text),
        _ => return Err(unreadable()),
    };
    read(text.map_err(|_| unreadable())?, field)
}

fn unreadable() -> ChannelError {
    ChannelError::Failed("WhatsApp's answer cannot be read".to_owned())
}

fn read(mut answer: Value, field: &str) -> Result<Value, ChannelError> {
    let errors = answer["errors"].as_array();
    if let Some(first) = errors.and_then(|errors| errors.first()) {
        let code = first["extensions"]["error_code"].as_u64();
        let code = code.and_then(|code| u16::try_from(code).ok());
        let text = first["message"].as_str().unwrap_or_default();
        return Err(of_code(code.unwrap_or(500), text));
    }
    match answer["data"].get_mut(field).map(Value::take) {
        // Asked for something that is not there, WhatsApp also answers with nothing.
        None | Some(Value::Null) => Err(ChannelError::NotFound("Not Found".to_owned())),
        Some(value) => Ok(value),
    }
}

/// A number that is written as a number or as a text.
pub(super) fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A text with something in it.
pub(super) fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_its_meaning() {
        let refused = |code: u16| {
            let answer = json!({"data": null, "errors": [{"message": "No", "extensions": {"error_code": code}}]});
            read(answer, "x").expect_err("refused")
        };
        assert!(matches!(refused(404), ChannelError::NotFound(text) if text == "No"));
        assert!(matches!(
            refused(403),
            ChannelError::Refused { code: 403, .. }
        ));
        assert!(matches!(
            read(json!({"errors": [{}]}), "x"),
            Err(ChannelError::Refused { code: 500, .. })
        ));
        assert!(matches!(
            read(json!({"data": {"x": null}}), "x"),
            Err(ChannelError::NotFound(_))
        ));
        assert_eq!(
            read(json!({"data": {"x": 1}, "errors": []}), "x").expect("an answer"),
            1
        );
    }

    #[test]
    fn numbers_are_also_texts() {
        assert_eq!(whole(&json!("12")), Some(12));
        assert_eq!(whole(&json!(12)), Some(12));
        assert_eq!(whole(&json!("x")), None);
        assert_eq!(text(&json!("")), None);
    }
}
