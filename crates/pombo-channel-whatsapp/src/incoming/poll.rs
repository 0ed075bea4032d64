//! Votes in polls: encrypted with a secret that came with the poll.

use std::sync::Arc;
use std::time::Duration;

use pombo_domain::channel::PollVote;
use pombo_domain::message::MessageKey;
use tracing::debug;
use wa::message::PollUpdateMessage;
use wacore::poll::{self, PollVoteCiphertext};
use wacore::types::message::MessageInfo;
use wacore_binary::Jid;
use waproto::whatsapp as wa;
use whatsapp_rust::Client;

use super::key::{self, Me};

/// The library writes secrets a moment after it told the message that brought them.
const LOOKS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);

/// Everything about a vote but the choice itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ballot<'a> {
    poll: &'a str,
    payload: &'a [u8],
    iv: &'a [u8],
    /// Who made the poll.
    creator: Jid,
    voter: Jid,
    timestamp_ms: i64,
}

/// Reads a vote; `None` when it lacks something.
pub(super) fn ballot<'a>(
    update: &'a PollUpdateMessage,
    info: &MessageInfo,
    me: &Me,
) -> Option<Ballot<'a>> {
    let key = update.poll_creation_message_key.as_option()?;
    let vote = update.vote.as_option()?;
    let voter = info.source.sender.to_non_ad();
    // The key is as the voter sees it.
    let participant = key.participant.as_deref().filter(|jid| !jid.is_empty());
    let creator = match (participant.map(str::parse::<Jid>), key.from_me) {
        (Some(participant), _) => participant.ok()?.into_non_ad(),
        (None, Some(true)) => voter.clone(),
        (None, _) if info.source.is_from_me => info.source.chat.to_non_ad(),
        (None, _) => {
            let own = if voter.is_lid() { &me.lid } else { &me.pn };
            own.clone().or_else(|| me.pn.clone())?
        }
    };
    Some(Ballot {
        poll: key.id.as_deref()?,
        payload: vote.enc_payload.as_deref()?,
        iv: vote.enc_iv.as_deref()?,
        creator,
        voter,
        timestamp_ms: update
            .sender_timestamp_ms
            .unwrap_or_else(|| info.timestamp.timestamp_millis()),
    })
}

/// A person's identities, the given one first.
async fn identities(client: &Client, me: &Me, jid: &Jid, known: Option<&Jid>) -> Vec<Jid> {
    let mut all = vec![jid.to_non_ad()];
    let other = match known.map(Jid::to_non_ad).or_else(|| me.other(jid)) {
        Some(other) => Some(other),
        None => super::other_identity(client, jid).await,
    };
    all.extend(other.filter(|other| !all.contains(other)));
    all
}

/// Tries the vote with a secret and every way in which the two people may have been named.
fn open(
    ballot: &Ballot<'_>,
    secret: &[u8],
    creators: &[Jid],
    voters: &[Jid],
) -> Option<Vec<Vec<u8>>> {
    let ciphertext = PollVoteCiphertext {
        enc_payload: ballot.payload,
        enc_iv: ballot.iv,
    };
    creators.iter().find_map(|creator| {
        voters.iter().find_map(|voter| {
            let (creator, voter) = (creator.to_string(), voter.to_string());
            poll::decrypt_poll_vote_with_secret(ciphertext, secret, ballot.poll, &creator, &voter)
                .ok()
        })
    })
}

/// Decrypts a vote; `None` when the poll's secret is not there, or does not fit.
pub(super) async fn vote(
    client: &Arc<Client>,
    update: &PollUpdateMessage,
    info: &MessageInfo,
    me: &Me,
    chat_alt: Option<&Jid>,
) -> Option<PollVote> {
    let ballot = ballot(update, info, me)?;
    let sender_alt = info.source.sender_alt.as_ref();
    let voters = identities(client, me, &ballot.voter, sender_alt).await;
    let creators = match voters.contains(&ballot.creator) {
        true => voters.clone(),
        false => identities(client, me, &ballot.creator, None).await,
    };
    let direct = !info.source.is_group;
    let known = if info.source.is_from_me {
        chat_alt
    } else {
        sender_alt
    };
    let chats = match direct {
        true => identities(client, me, &info.source.chat, known).await,
        false => vec![info.source.chat.clone()],
    };
    for look in 0..LOOKS {
        if look > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let mut found = false;
        for secret in secrets(client, &chats, &creators, ballot.poll).await {
            found = true;
            if let Some(options) = open(&ballot, &secret, &creators, &voters) {
                return Some(told(ballot, options, info, me, chat_alt));
            }
        }
        if found {
            debug!(
                message.id = ballot.poll,
                "a vote does not fit the poll's secret"
            );
            return None;
        }
    }
    debug!(
        message.id = ballot.poll,
        "a vote in a poll whose secret is not known"
    );
    None
}

async fn secrets(client: &Client, chats: &[Jid], creators: &[Jid], poll: &str) -> Vec<Vec<u8>> {
    let backend = client.persistence_manager().backend();
    let mut secrets = Vec::new();
    for chat in chats {
        for creator in creators {
            let (chat, creator) = (chat.to_string(), creator.to_string());
            match backend.get_msg_secret(&chat, &creator, poll).await {
                Ok(secret) => secrets.extend(secret),
                Err(error) => debug!("a poll's secret could not be read: {error}"),
            }
        }
    }
    secrets
}

fn told(
    ballot: Ballot<'_>,
    options: Vec<Vec<u8>>,
    info: &MessageInfo,
    me: &Me,
    chat_alt: Option<&Jid>,
) -> PollVote {
    let key = key::of(info, chat_alt);
    let poll = MessageKey {
        id: ballot.poll.to_owned(),
        from_me: me.is(&ballot.creator),
        participant: info.source.is_group.then(|| ballot.creator.to_string()),
        ..key.clone()
    };
    PollVote {
        poll,
        voter: (!info.source.is_from_me).then(|| ballot.voter.to_string()),
        key,
        options,
        timestamp_ms: ballot.timestamp_ms,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::key::tests::{info, jid, me};
    use super::*;
    use crate::json;

    fn update(key: serde_json::Value, payload: &[u8], iv: &[u8]) -> wa::Message {
        json::message(&json!({"pollUpdateMessage": {
            "pollCreationMessageKey": key,
            "vote": {"encPayload": json::indexed(payload), "encIv": json::indexed(iv)},
            "senderTimestampMs": 1_795_398_107_097_i64,
        }}))
        .expect("a test's message")
    }

    #[test]
    fn the_creator_is_found_as_the_voter_sees_it() {
        let mine = Some("5511900000001@s.whatsapp.net");
        let theirs = Some("5511900000002@s.whatsapp.net");
        let group = jid("120363002866886739@g.us");
        for (key, grouped, wanted) in [
            (json!({"id": "P", "fromMe": false}), false, mine),
            (json!({"id": "P", "fromMe": true}), false, theirs),
            (
                json!({"id": "P", "fromMe": false, "participant": "108205380617683@lid"}),
                true,
                Some("108205380617683@lid"),
            ),
        ] {
            let message = update(key, &[1], &[2]);
            let mut info = info("V");
            if grouped {
                info.source.chat = group.clone();
                info.source.is_group = true;
            }
            let update = message
                .poll_update_message
                .as_option()
                .expect("it is a vote");
            let ballot = ballot(update, &info, &me());
            assert_eq!(
                ballot.map(|ballot| ballot.creator.to_string()).as_deref(),
                wanted
            );
        }
    }

    #[test]
    fn a_vote_is_opened_under_whatever_identity_it_was_made() {
        let secret = [7; 32];
        let chosen = vec![poll::compute_option_hash("Yes").to_vec()];
        let (creator, voter) = ("108205380617683@lid", "108205380617684@lid");
        let (payload, iv) =
            poll::encrypt_poll_vote_with_secret(&chosen, &secret, "P", creator, voter)
                .expect("encryption works");
        let message = update(json!({"id": "P", "fromMe": false}), &payload, &iv);
        let info = info("V");
        let update = message
            .poll_update_message
            .as_option()
            .expect("it is a vote");
        let ballot = ballot(update, &info, &me()).expect("it is complete");
        assert_eq!(ballot.timestamp_ms, 1_795_398_107_097);
        let creators = [ballot.creator.clone(), jid(creator)];
        let voters = [ballot.voter.clone(), jid(voter)];
        assert_eq!(
            open(&ballot, &secret, &creators, &voters),
            Some(chosen.clone())
        );
        assert_eq!(open(&ballot, &[8; 32], &creators, &voters), None);
        assert_eq!(open(&ballot, &secret, &creators[..1], &voters), None);

        let vote = told(ballot, chosen, &info, &me(), None);
        assert!(vote.poll.from_me);
        assert_eq!(vote.poll.id, "P");
        assert_eq!(vote.voter.as_deref(), Some("5511900000002@s.whatsapp.net"));
        assert_eq!(vote.key.id, "V");
    }

    #[test]
    fn an_incomplete_vote_is_nothing() {
        let message =
            json::message(&json!({"pollUpdateMessage": {"pollCreationMessageKey": {"id": "P"}}}))
                .expect("a test's message");
        let update = message
            .poll_update_message
            .as_option()
            .expect("it is a vote");
        assert_eq!(ballot(update, &info("V"), &me()), None);
    }
}
