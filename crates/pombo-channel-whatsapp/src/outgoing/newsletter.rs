//! What goes to a newsletter: nothing is encrypted, and the network numbers it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};
use waproto::codec;
use waproto::whatsapp as wa;
use whatsapp_rust::{Client, NewsletterError, NodeFilter, SendError};

use super::refused;
use crate::query::error::of_code;

/// How long the network may take to say that it has a post.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a stanza with that id, and waits for the network's word on it: the number that it gave the post.
///
/// # Errors
/// What the network refused; `TimedOut` when it says nothing, and the post may be there all the same.
pub(crate) async fn publish<E: Into<SendError>>(
    client: &Arc<Client>,
    id: &str,
    sending: impl Future<Output = Result<(), E>>,
) -> Result<Option<u64>, ChannelError> {
    let filter = NodeFilter::tag("ack")
        .attr("class", "message")
        .attr("id", id);
    let answer = client.wait_for_node(filter);
    sending.await.map_err(|error| refused(&error.into()))?;
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(ack)) => {
            let ack = ack.get().to_owned();
            let number = |name: &str| {
                let text = ack.attrs().optional_string(name)?;
                text.parse::<u64>().ok()
            };
            match number("error").filter(|code| *code != 0) {
                Some(code) => Err(of_code(u16::try_from(code).unwrap_or(500), "")),
                None => Ok(number("server_id")),
            }
        }
        Ok(Err(_)) => Err(ChannelError::NotConnected),
        Err(_) => Err(ChannelError::TimedOut(
            "WhatsApp did not confirm the post in time".to_owned(),
        )),
    }
}

/// Gives a post an emoji; an empty one takes it back.
///
/// # Errors
/// As [`publish`].
pub(crate) async fn react(
    client: &Arc<Client>,
    id: &str,
    newsletter: &Jid,
    server_id: u64,
    emoji: &str,
) -> Result<(), ChannelError> {
    let reaction = NodeBuilder::new("reaction").attr("code", emoji).build();
    let stanza = NodeBuilder::new("message")
        .attr("to", newsletter)
        .attr("type", "reaction")
        .attr("id", id)
        .attr("server_id", server_id)
        .children([reaction])
        .build();
    publish(client, id, client.send_node(stanza))
        .await
        .map(drop)
}

/// Replaces a post, or takes it back when there is no content. The stanza has the id of the post itself.
///
/// # Errors
/// As [`publish`].
pub(crate) async fn revise(
    client: &Arc<Client>,
    id: &str,
    newsletter: &Jid,
    content: Option<wa::Message>,
) -> Result<(), ChannelError> {
    let newsletters = client.newsletter();
    let sending = async {
        match content {
            Some(content) => newsletters.edit_message(newsletter, id, content).await,
            None => newsletters.revoke_message(newsletter, id).await,
        }
    };
    let sending = async {
        sending.await.map_err(|error| match error {
            NewsletterError::Client(error) => SendError::Client(error),
            other => SendError::InvalidRequest(other.to_string()),
        })
    };
    publish(client, id, sending).await.map(drop)
}

/// A post with a file: `media_id` is the network's name for it. The library's own way leaves it out.
pub(super) fn with_file(id: &str, to: &Jid, message: &wa::Message, media_id: &str) -> Node {
    let mut plaintext = NodeBuilder::new("plaintext");
    if let Some(kind) = wacore::send::media_type_from_message(message) {
        plaintext = plaintext.attr("mediatype", kind);
    }
    NodeBuilder::new("message")
        .attr("to", to)
        .attr("type", wacore::send::stanza_type_from_message(message))
        .attr("id", id)
        .attr("media_id", media_id)
        .children([plaintext.bytes(codec::message_to_vec(message)).build()])
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_named_beside_the_post() {
        let to = "120363@newsletter".parse().expect("a JID");
        let message = crate::json::message(&json!({"imageMessage": {"caption": "look"}}));
        let node = with_file("3EB0", &to, &message.expect("a message"), "handle");
        let attribute = |name: &str| {
            node.attrs()
                .optional_string(name)
                .map(|text| text.into_owned())
        };
        assert_eq!(attribute("media_id").as_deref(), Some("handle"));
        assert_eq!(attribute("type").as_deref(), Some("media"));
        let plaintext = node.get_optional_child("plaintext").expect("a content");
        let kind = plaintext
            .attrs()
            .optional_string("mediatype")
            .map(|text| text.into_owned());
        assert_eq!(kind.as_deref(), Some("image"));
    }
}
