//! Reactions.

use std::sync::Arc;

use pombo_domain::channel::{ChannelError, SentMessage};
use pombo_domain::message::MessageKey;
use serde_json::json;
use wacore_binary::{Jid, JidExt as _};
use waproto::whatsapp as wa;
use whatsapp_rust::{Client, SendOptions};

use super::{Built, newsletter, refused};

pub(super) fn build(target: &MessageKey, emoji: &str, chat: &Jid) -> Built {
    let mut key = json!({"id": target.id, "remoteJid": chat.to_string(), "fromMe": target.from_me});
    let participant = target.participant.as_deref().filter(|jid| !jid.is_empty());
    if let Some(participant) = participant.filter(|_| !(chat.is_pn() || chat.is_lid())) {
        key["participant"] = participant.into();
    }
    // Compatible: a plain number in the answer, not two halves.
    let now = wacore::time::now_millis();
    Built::new(json!({"reactionMessage": {"text": emoji, "key": key, "senderTimestampMs": now}}))
}

/// The announcement group of a community takes reactions only encrypted with the message's own secret.
async fn must_be_encrypted(client: &Client, chat: &Jid) -> Result<bool, ChannelError> {
    if !chat.is_group() {
        return Ok(false);
    }
    let info = client.groups().query_info(chat).await;
    let info = info.map_err(|error| refused(&error.into()))?;
    Ok(info.is_community_announce == Some(true))
}

/// The network's number of a post.
fn server_id(target: &MessageKey) -> Result<u64, ChannelError> {
    let number = target.more.get("server_id").and_then(|number| {
        let text = number.as_str().and_then(|text| text.parse().ok());
        text.or_else(|| number.as_u64())
    });
    number.ok_or_else(|| {
        ChannelError::Invalid("a post in a newsletter is named by its `server_id`".to_owned())
    })
}

pub(super) async fn send(
    client: &Arc<Client>,
    id: &str,
    chat: &Jid,
    target: &MessageKey,
    emoji: &str,
    built: Built,
) -> Result<SentMessage, ChannelError> {
    if chat.is_newsletter() {
        let server_id = server_id(target)?;
        newsletter::react(client, id, chat, server_id, emoji).await?;
        return Ok(built.sent(id.to_owned(), chat));
    }
    let sent = if must_be_encrypted(client, chat).await? {
        let key = wa::MessageKey {
            remote_jid: Some(chat.to_string()),
            from_me: Some(target.from_me),
            id: Some(target.id.clone()),
            participant: target.participant.clone(),
        };
        client.send_reaction(chat.clone(), key, emoji).await
    } else {
        let options = SendOptions::default().with_message_id(id);
        client
            .send_message_with_options(chat.clone(), built.message()?, options)
            .await
    };
    let sent = sent.map_err(|error| refused(&error))?;
    Ok(built.sent(sent.message_id, chat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_named_by_number() {
        let mut target = MessageKey::new("T", "120363@newsletter", false);
        assert!(server_id(&target).is_err());
        for number in [json!("101"), json!(101)] {
            target.more.insert("server_id".to_owned(), number);
            assert_eq!(server_id(&target).expect("a number"), 101);
        }
        target.more.insert("server_id".to_owned(), json!("x"));
        assert!(server_id(&target).is_err());
    }

    #[test]
    fn a_reaction_names_its_message() {
        let chat: Jid = "120363002866886739@g.us".parse().expect("a JID");
        let mut target = MessageKey::new("T", "120363002866886739@g.us", false);
        target.participant = Some("5511900000002@s.whatsapp.net".to_owned());
        let built = build(&target, "🔥", &chat);
        let reaction = &built.wire["reactionMessage"];
        assert_eq!(reaction["text"], "🔥");
        assert_eq!(
            reaction["key"],
            json!({"id": "T", "remoteJid": "120363002866886739@g.us", "fromMe": false, "participant": "5511900000002@s.whatsapp.net"})
        );
        assert!(reaction["senderTimestampMs"].is_i64());
        let message = built.message().expect("it is a message");
        let sent = message
            .reaction_message
            .as_option()
            .expect("it is a reaction");
        assert!(
            sent.sender_timestamp_ms
                .is_some_and(|ms| ms > 1_700_000_000_000)
        );

        target.participant = Some(String::new());
        let direct: Jid = "5511900000002@s.whatsapp.net".parse().expect("a JID");
        let built = build(&target, "", &direct);
        assert_eq!(
            built.wire["reactionMessage"]["key"].get("participant"),
            None
        );
        assert_eq!(built.sent("A".to_owned(), &direct).context_info, None);
    }
}
