//! Requests that the client library has no function for.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, Server};
use whatsapp_rust::request::IqError;
use whatsapp_rust::wacore::request::InfoQuery;

use super::Client;

pub(crate) fn node(tag: &'static str) -> NodeBuilder {
    NodeBuilder::new(tag)
}

/// A node with text in it.
pub(crate) fn text_node(tag: &'static str, text: &str) -> Node {
    node(tag).bytes(text.as_bytes().to_vec()).build()
}

pub(crate) fn service() -> Jid {
    Jid::new("", Server::Pn)
}

/// Asks (`get`) the service, and gives the answer.
pub(crate) async fn get(
    client: &Client,
    namespace: &'static str,
    request: Node,
) -> Result<Node, IqError> {
    let query = InfoQuery::get(
        namespace,
        service(),
        Some(NodeContent::Nodes(vec![request])),
    );
    Ok(client.send_iq(query).await?.to_owned_node())
}

/// The same with `set`.
pub(crate) async fn set(
    client: &Client,
    namespace: &'static str,
    request: Node,
) -> Result<Node, IqError> {
    let query = InfoQuery::set(
        namespace,
        service(),
        Some(NodeContent::Nodes(vec![request])),
    );
    Ok(client.send_iq(query).await?.to_owned_node())
}

/// The code of a refusal.
pub(crate) fn code(error: &IqError) -> u16 {
    match error {
        IqError::ServerError { code, .. } => *code,
        other => panic!("not a refusal: {other}"),
    }
}

/// The text of the node at the end of a path of tags.
pub(crate) fn text_at(tree: &Node, path: &[&str]) -> String {
    let mut node = tree;
    for tag in path {
        node = node
            .get_optional_child(tag)
            .unwrap_or_else(|| panic!("no <{tag}> in {node:?}"));
    }
    match &node.content {
        Some(NodeContent::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(NodeContent::String(text)) => text.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// An attribute; empty when it is missing.
pub(crate) fn attribute(node: &Node, key: &str) -> String {
    node.attrs
        .get(key)
        .map(|value| value.as_str().into_owned())
        .unwrap_or_default()
}
