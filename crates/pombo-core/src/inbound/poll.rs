//! Votes in polls, with running results.

use std::sync::Arc;

use pombo_domain::channel::PollVote;
use pombo_domain::event::EventKind;
use pombo_domain::message::MessageStatus;
use pombo_store::poll_vote::Vote;
use pombo_store::{StoreError, message, message_update, poll_vote};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tracing::debug;

use super::ignores;
use super::status::{StatusNews, step};
use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::Entry;

impl Gateway {
    /// Counts a vote, and tells the poll's results in `messages.update`.
    pub(super) async fn accept_vote(
        &self,
        entry: &Arc<Entry>,
        vote: PollVote,
    ) -> Result<(), StoreError> {
        let state = entry.state();
        if ignores(&state, &vote.poll.remote_jid) {
            return Ok(());
        }
        let (instance, save, now) = (Arc::clone(&state.instance), self.config.save, self.now());
        let vote = Arc::new(vote);
        self.store
            .write(move |tx| {
                let (instance, vote) = (Arc::clone(&instance), Arc::clone(&vote));
                Box::pin(async move {
                    let Some(poll) = message::in_tx(tx, &instance.id, &vote.poll.id, None).await?
                    else {
                        debug!(instance = %instance.name, "a vote in a poll that is not stored");
                        return Ok(());
                    };
                    let names = options(&poll.message);
                    let voter = vote.voter.clone().or_else(|| instance.owner_jid.clone());
                    let cast = Vote {
                        voter: voter.unwrap_or_default(),
                        options: chosen(&names, &vote.options),
                    };
                    if !poll_vote::cast(tx, &instance.id, &poll.id, &cast, vote.timestamp_ms)
                        .await?
                    {
                        return Ok(());
                    }
                    let votes = poll_vote::of_poll(tx, &instance.id, &poll.id).await?;
                    let results = results(&names, &votes);
                    let status = poll.status.unwrap_or(MessageStatus::DeliveryAck);
                    let mut data = StatusNews::of(&poll, status, true).data();
                    if let Value::Object(members) = &mut data {
                        members.insert("pollUpdates".to_owned(), results.clone());
                    }
                    if save.message_updates {
                        let mut step = step(&poll, status, Some(&cast.voter), now);
                        step.poll_updates = Some(results);
                        message_update::insert(tx, &step).await?;
                    }
                    tx.append_event(new_event(&instance, EventKind::MessagesUpdate, now, &data));
                    Ok(())
                })
            })
            .await
    }
}

/// The options of a poll, in any of its versions.
fn options(message: &Value) -> Vec<String> {
    let members = message.as_object().into_iter().flatten();
    let poll = members
        .filter(|(name, _)| name.starts_with("pollCreationMessage"))
        .find_map(|(_, poll)| poll["options"].as_array());
    poll.into_iter()
        .flatten()
        .filter_map(|option| Some(option["optionName"].as_str()?.to_owned()))
        .collect()
}

/// The names whose SHA-256 are in the vote.
fn chosen(names: &[String], hashes: &[Vec<u8>]) -> Vec<String> {
    names
        .iter()
        .filter(|name| {
            let hash = Sha256::digest(name.as_bytes());
            hashes
                .iter()
                .any(|chosen| chosen.as_slice() == hash.as_slice())
        })
        .cloned()
        .collect()
}

/// `[{name, voters}]`, every option in the order of the poll.
fn results(names: &[String], votes: &[Vote]) -> Value {
    names
        .iter()
        .map(|name| {
            let voters: Vec<&str> = votes
                .iter()
                .filter(|vote| vote.options.contains(name))
                .map(|vote| vote.voter.as_str())
                .collect();
            json!({"name": name, "voters": voters})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_counted_by_name() {
        let poll = json!({"messageContextInfo": {}, "pollCreationMessageV3": {"options": [{"optionName": "Yes"}, {"optionName": "No"}]}});
        let names = options(&poll);
        assert_eq!(names, ["Yes", "No"]);
        let yes = Sha256::digest("Yes").to_vec();
        assert_eq!(chosen(&names, &[yes, vec![0; 32]]), ["Yes"]);
        let votes = [
            Vote {
                voter: "1@lid".into(),
                options: vec!["Yes".into()],
            },
            Vote {
                voter: "2@lid".into(),
                options: vec![],
            },
        ];
        assert_eq!(
            results(&names, &votes),
            json!([{"name": "Yes", "voters": ["1@lid"]}, {"name": "No", "voters": []}])
        );
    }
}
