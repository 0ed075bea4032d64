//! Building and reading stanzas.
//!
//! The types are those of `wacore-binary`; here is what the stanza handlers say often, in few words.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, Server};

/// A stanza on its way to devices: shared, since a fan-out sends the same one to many.
pub(crate) type Stanza = Arc<Node>;

/// Starts a node.
pub(crate) fn node(tag: &'static str) -> NodeBuilder {
    NodeBuilder::new(tag)
}

/// `s.whatsapp.net`: the service itself as an address.
pub(crate) fn service() -> Jid {
    Jid::new("", Server::Pn)
}

/// The address of a device: device 0 is written without its number.
pub(crate) fn device_jid(user: &str, device: u16, server: Server) -> Jid {
    Jid {
        device,
        ..Jid::new(user, server)
    }
}

/// A big-endian number of at most four bytes, as key ids and registration ids are sent.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

/// A key id: three bytes, big-endian.
pub(crate) fn key_id(id: u32) -> Vec<u8> {
    id.to_be_bytes()[1..].to_vec()
}

/// Reading a node: everything is optional, since it comes from outside.
pub(crate) trait NodeExt {
    /// An attribute as text; empty when it is missing.
    fn text(&self, key: &str) -> Cow<'_, str>;
    /// An attribute as text.
    fn text_opt(&self, key: &str) -> Option<Cow<'_, str>>;
    /// An attribute as an address.
    fn jid(&self, key: &str) -> Option<Jid>;
    /// An attribute as a number (or whatever can be parsed).
    fn parsed<T: FromStr>(&self, key: &str) -> Option<T>;
    /// The first child of that name.
    fn child(&self, tag: &str) -> Option<&Node>;
    /// All children.
    fn nodes(&self) -> &[Node];
    /// All children of that name.
    fn nodes_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Node>;
    /// The content, when it is bytes or text; empty otherwise.
    fn body(&self) -> &[u8];
    /// The content as text; bytes that are not UTF-8 are replaced.
    fn body_text(&self) -> Cow<'_, str>;
    /// The content as a key of 32 bytes.
    fn body_key(&self) -> Option<[u8; 32]>;
}

impl NodeExt for Node {
    fn text(&self, key: &str) -> Cow<'_, str> {
        self.text_opt(key).unwrap_or_default()
    }

    fn text_opt(&self, key: &str) -> Option<Cow<'_, str>> {
        self.attrs.get(key).map(|value| value.as_str())
    }

    fn jid(&self, key: &str) -> Option<Jid> {
        self.attrs.get(key).and_then(|value| value.to_jid())
    }

    fn parsed<T: FromStr>(&self, key: &str) -> Option<T> {
        self.text_opt(key).and_then(|text| text.parse().ok())
    }

    fn child(&self, tag: &str) -> Option<&Node> {
        self.nodes().iter().find(|child| child.tag == tag)
    }

    fn nodes(&self) -> &[Node] {
        match &self.content {
            Some(NodeContent::Nodes(nodes)) => nodes,
            Some(NodeContent::Bytes(_) | NodeContent::String(_)) | None => &[],
        }
    }

    fn nodes_named<'a>(&'a self, tag: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes().iter().filter(move |child| child.tag == tag)
    }

    fn body(&self) -> &[u8] {
        match &self.content {
            Some(NodeContent::Bytes(bytes)) => bytes,
            Some(NodeContent::String(text)) => text.as_bytes(),
            Some(NodeContent::Nodes(_)) | None => &[],
        }
    }

    fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body())
    }

    fn body_key(&self) -> Option<[u8; 32]> {
        self.body().try_into().ok()
    }
}

/// The stanza as text, for logs of the simulator and for what strict mode reports. Long byte strings are shortened.
pub(crate) fn print(node: &Node) -> String {
    let mut out = String::new();
    write_node(node, 0, &mut out);
    out
}

fn write_node(node: &Node, depth: usize, out: &mut String) {
    const DEEPEST: usize = 12;
    const SHOWN_BYTES: usize = 48;
    // Writing to a `String` cannot fail, so the results say nothing.
    write!(out, "<{}", node.tag).ok();
    for (key, value) in node.attrs.iter() {
        write!(out, " {key}={:?}", value.as_str()).ok();
    }
    match &node.content {
        None => out.push_str("/>"),
        Some(NodeContent::String(text)) => {
            write!(out, ">{text}</{}>", node.tag).ok();
        }
        Some(NodeContent::Bytes(bytes)) => {
            match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains(char::is_control) => write!(out, ">{text:?}").ok(),
                _ => write!(out, ">").ok(),
            };
            if out.ends_with('>') {
                for byte in bytes.iter().take(SHOWN_BYTES) {
                    write!(out, "{byte:02x}").ok();
                }
                if bytes.len() > SHOWN_BYTES {
                    write!(out, "... {} bytes", bytes.len()).ok();
                }
            }
            write!(out, "</{}>", node.tag).ok();
        }
        Some(NodeContent::Nodes(_)) if depth >= DEEPEST => out.push_str(">...</>"),
        Some(NodeContent::Nodes(nodes)) => {
            out.push('>');
            for child in nodes {
                write_node(child, depth + 1, out);
            }
            write!(out, "</{}>", node.tag).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stanza_is_printed_with_its_attributes_and_content() {
        let stanza = node("iq")
            .attr("id", "7")
            .children([
                node("ref").bytes(b"abc".to_vec()).build(),
                node("key").bytes(vec![0, 255]).build(),
            ])
            .build();
        assert_eq!(
            print(&stanza),
            "<iq id=\"7\"><ref>\"abc\"</ref><key>00ff</key></iq>"
        );
    }

    #[test]
    fn device_zero_is_written_without_a_number() {
        assert_eq!(
            device_jid("1", 0, Server::Pn).to_string(),
            "1@s.whatsapp.net"
        );
        assert_eq!(device_jid("1", 3, Server::Lid).to_string(), "1:3@lid");
    }

    #[test]
    fn key_ids_have_three_bytes() {
        assert_eq!(key_id(0x0001_0203), [1, 2, 3]);
        assert_eq!(number(&[1, 2, 3]), 0x0001_0203);
    }
}
