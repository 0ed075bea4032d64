//! `w:m`: where media is uploaded and downloaded, and the token that lets a client upload.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use crate::network::State;
use crate::node::node;

/// The kinds that real hosts name. Source: `media_conn` answers in clients' parsers.
const KINDS: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// `<media_conn/>`: one host, ourselves, for everything.
pub(crate) fn answer(state: &State) -> Answer {
    let Some(host) = state.media.host() else {
        return Err(Refusal::No(503, "service-unavailable"));
    };
    let host = host.to_string();
    let auth = state.media.authorise();
    let download: Vec<Node> = KINDS.into_iter().map(|kind| node(kind).build()).collect();
    Reply::node(
        node("media_conn")
            .attr("auth", auth.auth)
            .attr("ttl", auth.ttl)
            .attr("auth_ttl", auth.auth_ttl)
            .attr("max_buckets", 12)
            .attr("id", 1)
            .children([node("host")
                .attr("hostname", host)
                .attr("type", "primary")
                .attr("class", "mms")
                .children([
                    node("download").children(download).build(),
                    node("upload").build(),
                ])
                .build()])
            .build(),
    )
}
