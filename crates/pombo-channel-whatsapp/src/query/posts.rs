//! A page of a newsletter's posts.

use pombo_domain::channel::ChannelEvent;
use pombo_domain::message::MessageKey;
use pombo_domain::newsletter::{NewsletterPost, ReactionCount};
use serde_json::json;
use wacore::chrono::DateTime;
use wacore::types::message::{EditAttribute, MessageInfo};
use wacore_binary::{Jid, Node, NodeContent};
use waproto::codec;
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

use crate::content::Content;
use crate::incoming;

/// A post as the network keeps it.
#[derive(Debug)]
pub(crate) struct Post {
    /// The network's number.
    pub(crate) number: u64,
    /// When it was changed or deleted, in milliseconds; 0: never.
    pub(crate) revised: i64,
    id: String,
    own: bool,
    timestamp: i64,
    deleted: bool,
    message: wa::Message,
}

impl Post {
    fn read(node: &Node) -> Option<Self> {
        let id = attribute(node, "id")?;
        let bytes = match node
            .get_optional_child("plaintext")
            .map(|node| &node.content)
        {
            Some(Some(NodeContent::Bytes(bytes))) => bytes.as_slice(),
            _ => &[],
        };
        let deleted = attribute(node, "edit").as_deref() == Some("8");
        Some(Self {
            number: number(node, "server_id")?,
            revised: node
                .get_optional_child("meta")
                .and_then(|meta| number(meta, "msg_edit_t"))
                .unwrap_or(0),
            id,
            own: attribute(node, "is_sender").as_deref() == Some("true"),
            timestamp: number(node, "t").unwrap_or(0),
            deleted,
            message: codec::message_decode(bytes).ok()?,
        })
    }

    /// What the rules should hear of it, in the words in which they would have heard it when it came: that it is there, when it
    /// may be `new`, and what became of it. What they know already they do not tell again.
    pub(crate) fn told(&self, client: &Client, newsletter: &Jid, new: bool) -> Vec<ChannelEvent> {
        let edit = match (self.deleted, self.revised) {
            (true, _) => Some(EditAttribute::AdminRevoke),
            (false, 0) => None,
            (false, _) => Some(EditAttribute::AdminEdit),
        };
        let there = (new && !self.deleted).then_some(EditAttribute::Empty);
        [there, edit]
            .into_iter()
            .flatten()
            .filter_map(|edit| self.event(client, newsletter, edit))
            .collect()
    }

    fn event(
        &self,
        client: &Client,
        newsletter: &Jid,
        edit: EditAttribute,
    ) -> Option<ChannelEvent> {
        let mut info = MessageInfo {
            id: self.id.clone(),
            server_id: self.number.try_into().ok()?,
            timestamp: DateTime::from_timestamp(self.timestamp, 0)?,
            edit,
            ..MessageInfo::default()
        };
        info.source.chat = newsletter.clone();
        info.source.sender = newsletter.clone();
        info.source.is_from_me = self.own;
        incoming::post(client, &self.message, &info)
    }
}

/// A page as the network keeps it.
pub(super) fn page(answer: &Node) -> Vec<Post> {
    let messages = answer.get_optional_child("messages");
    let posts = messages.and_then(Node::children).unwrap_or_default();
    posts
        .iter()
        .filter(|node| node.tag == "message")
        .filter_map(Post::read)
        .collect()
}

/// `<messages><message id server_id t type is_sender? edit?><plaintext/>...`, below the answer. What has no number of the
/// server's cannot be named, and is left out.
pub(super) fn read(answer: &Node, newsletter: &Jid) -> Vec<NewsletterPost> {
    let messages = answer.get_optional_child("messages");
    let posts = messages.and_then(Node::children).unwrap_or_default();
    posts
        .iter()
        .filter(|node| node.tag == "message")
        .filter_map(|node| post(node, newsletter))
        .collect()
}

fn attribute(node: &Node, name: &str) -> Option<String> {
    node.attrs()
        .optional_string(name)
        .map(|text| text.into_owned())
        .filter(|text| !text.is_empty())
}

fn number<T: std::str::FromStr>(node: &Node, name: &str) -> Option<T> {
    attribute(node, name)?.parse().ok()
}

fn post(node: &Node, newsletter: &Jid) -> Option<NewsletterPost> {
    let server_id: u64 = number(node, "server_id")?;
    let mut key = MessageKey::new(
        attribute(node, "id").unwrap_or_default(),
        newsletter.to_string(),
        attribute(node, "is_sender").as_deref() == Some("true"),
    );
    key.more
        .insert("server_id".to_owned(), server_id.to_string().into());
    let deleted = attribute(node, "edit").as_deref() == Some("8");
    let bytes = match node
        .get_optional_child("plaintext")
        .map(|node| &node.content)
    {
        Some(Some(NodeContent::Bytes(bytes))) => bytes.as_slice(),
        _ => &[],
    };
    let content = codec::message_decode(bytes)
        .ok()
        .filter(|_| !deleted && !bytes.is_empty())
        .map(|message| Content::of(&message));
    let edited = node
        .get_optional_child("meta")
        .and_then(|meta| number::<i64>(meta, "msg_edit_t"));
    let mut reactions: Vec<ReactionCount> = node
        .get_optional_child("reactions")
        .and_then(Node::children)
        .unwrap_or_default()
        .iter()
        .filter_map(|reaction| {
            Some(ReactionCount {
                reaction: attribute(reaction, "code")?,
                count: number(reaction, "count").unwrap_or(0),
            })
        })
        .collect();
    reactions.sort_by_key(|reaction| std::cmp::Reverse(reaction.count));
    let (message_type, message) = content.map_or_else(
        || ("unknown".to_owned(), json!({})),
        |content| (content.message_type, content.message),
    );
    Some(NewsletterPost {
        key,
        message_type,
        message,
        message_timestamp: number(node, "t").unwrap_or(0),
        edited_timestamp: edited.map(|milliseconds| milliseconds / 1000),
        deleted,
        views: node
            .get_optional_child("views_count")
            .and_then(|views| number(views, "count")),
        reactions,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wacore_binary::builder::NodeBuilder;

    use super::*;

    fn shown(posts: &[Node]) -> Vec<Value> {
        let answer = NodeBuilder::new("iq")
            .children([NodeBuilder::new("messages")
                .children(posts.to_vec())
                .build()])
            .build();
        let jid = "120363@newsletter".parse().expect("a JID");
        let posts = read(&answer, &jid);
        posts
            .iter()
            .map(|post| serde_json::to_value(post).expect("JSON"))
            .collect()
    }

    #[test]
    fn posts_come_with_views_and_reactions() {
        let message = crate::json::message(&json!({"extendedTextMessage": {"text": "hi"}}));
        let bytes = codec::message_to_vec(&message.expect("a message"));
        let reaction = |code: &str, count: &str| {
            NodeBuilder::new("reaction")
                .attr("code", code)
                .attr("count", count)
                .build()
        };
        let post = NodeBuilder::new("message")
            .attr("id", "A")
            .attr("server_id", "101")
            .attr("t", "1795398065")
            .attr("is_sender", "true")
            .attr("edit", "3")
            .children([
                NodeBuilder::new("plaintext").bytes(bytes).build(),
                NodeBuilder::new("meta")
                    .attr("msg_edit_t", "1795398099000")
                    .build(),
                NodeBuilder::new("views_count").attr("count", "7").build(),
                NodeBuilder::new("reactions")
                    .children([reaction("👍", "1"), reaction("🎉", "3")])
                    .build(),
            ])
            .build();
        let nameless = NodeBuilder::new("message").attr("id", "B").build();
        assert_eq!(
            shown(&[nameless, post]),
            [json!({
                "key": {"id": "A", "fromMe": true, "remoteJid": "120363@newsletter", "server_id": "101"},
                "messageType": "conversation", "message": {"conversation": "hi"}, "messageTimestamp": 1_795_398_065,
                "editedTimestamp": 1_795_398_099, "deleted": false, "views": 7,
                "reactions": [{"reaction": "🎉", "count": 3}, {"reaction": "👍", "count": 1}],
            })]
        );
    }

    #[test]
    fn a_deleted_post_has_no_content() {
        let post = NodeBuilder::new("message")
            .attr("id", "A")
            .attr("server_id", "101")
            .attr("edit", "8")
            .children([NodeBuilder::new("plaintext")
                .bytes(vec![10, 2, 104, 105])
                .build()])
            .build();
        let shown = shown(&[post]);
        assert_eq!(shown[0]["deleted"], true);
        assert_eq!(shown[0]["message"], json!({}));
    }
}
