//! Newsletters ("channels"): who runs them, who follows, what was posted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wacore_binary::{Jid, Server};

use super::account::AccountId;
use super::device::DeviceNumber;
use super::group::Mark;
use super::picture::Picture;

/// Who runs a newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Staff {
    Owner,
    Admin,
}

/// A text with the time of its last change (seconds).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DatedText {
    pub(crate) text: String,
    pub(crate) at: u64,
}

/// What somebody who follows a newsletter has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Follower {
    pub(crate) since: u64,
    pub(crate) mute_posts: bool,
    pub(crate) mute_admin_activity: bool,
}

/// Something posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Post {
    pub(crate) server_id: u64,
    /// The message id that its author chose: edits name it.
    pub(crate) id: String,
    pub(crate) posted: Mark,
    /// `text`, `media`, ...: as its author sent it.
    pub(crate) kind: String,
    pub(crate) media_type: Option<String>,
    /// The message, encoded and not encrypted. Empty once it was revoked.
    pub(crate) body: Vec<u8>,
    pub(crate) edited_at: Option<u64>,
    pub(crate) revoked: bool,
    /// One for each follower.
    pub(crate) reactions: BTreeMap<AccountId, String>,
    /// Who has said that they have seen it.
    #[serde(default)]
    pub(crate) viewers: BTreeSet<AccountId>,
}

impl Post {
    /// How often each emoji was given; the most frequent first.
    pub(crate) fn reaction_counts(&self) -> Vec<(&str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for code in self.reactions.values() {
            *counts.entry(code).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }
}

/// A newsletter of this network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Newsletter {
    /// Digits only: the user part of its address.
    pub(crate) id: String,
    pub(crate) name: DatedText,
    pub(crate) description: DatedText,
    pub(crate) picture: Option<Picture>,
    pub(crate) created: Mark,
    pub(crate) invite_code: String,
    /// `all`, `basic`, `none` or `blocklist`.
    pub(crate) reaction_codes: String,
    pub(crate) staff: BTreeMap<AccountId, Staff>,
    /// Includes the staff.
    pub(crate) followers: BTreeMap<AccountId, Follower>,
    /// Who was asked to become an admin, and until when (seconds).
    pub(crate) admin_invites: BTreeMap<AccountId, u64>,
    /// Oldest first.
    pub(crate) posts: Vec<Post>,
    pub(crate) deleted: bool,
    /// Devices that want to hear of reactions at once, and until when (seconds).
    #[serde(skip)]
    pub(crate) watchers: BTreeMap<(AccountId, DeviceNumber), u64>,
}

impl Newsletter {
    pub(crate) fn jid(&self) -> Jid {
        Jid::new(self.id.as_str(), Server::Newsletter)
    }

    pub(crate) fn follow(&mut self, account: AccountId, now: u64) {
        self.followers.entry(account).or_insert(Follower {
            since: now,
            mute_posts: true,
            mute_admin_activity: false,
        });
    }

    /// `owner`, `admin`, `subscriber` or `guest`.
    pub(crate) fn role_of(&self, account: AccountId) -> &'static str {
        match self.staff.get(&account) {
            Some(Staff::Owner) => "owner",
            Some(Staff::Admin) => "admin",
            None if self.followers.contains_key(&account) => "subscriber",
            None => "guest",
        }
    }

    pub(crate) fn post_mut(&mut self, server_id: u64) -> Option<&mut Post> {
        self.posts
            .iter_mut()
            .find(|post| post.server_id == server_id)
    }

    /// The newest `count` posts before (without) `before` and after (without) `after`, oldest first.
    pub(crate) fn history(
        &self,
        count: usize,
        before: Option<u64>,
        after: Option<u64>,
    ) -> Vec<&Post> {
        let fitting: Vec<&Post> = self
            .posts
            .iter()
            .filter(|post| before.is_none_or(|before| post.server_id < before))
            .filter(|post| after.is_none_or(|after| post.server_id > after))
            .collect();
        let skipped = fitting.len().saturating_sub(count);
        fitting.into_iter().skip(skipped).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(server_id: u64) -> Post {
        Post {
            server_id,
            id: format!("M{server_id}"),
            posted: Mark {
                by: AccountId(1),
                at: 5,
            },
            kind: "text".to_owned(),
            media_type: None,
            body: vec![1],
            edited_at: None,
            revoked: false,
            reactions: BTreeMap::new(),
            viewers: BTreeSet::new(),
        }
    }

    #[test]
    fn history_pages_backwards_and_reads_forwards() {
        let mark = Mark {
            by: AccountId(1),
            at: 5,
        };
        let text = DatedText {
            text: String::new(),
            at: 5,
        };
        let newsletter = Newsletter {
            id: "1".to_owned(),
            name: text.clone(),
            description: text,
            picture: None,
            created: mark,
            invite_code: "i".to_owned(),
            reaction_codes: "all".to_owned(),
            staff: BTreeMap::from([(AccountId(1), Staff::Owner)]),
            followers: BTreeMap::new(),
            admin_invites: BTreeMap::new(),
            posts: (1..=5).map(post).collect(),
            deleted: false,
            watchers: BTreeMap::new(),
        };
        let ids = |posts: Vec<&Post>| posts.iter().map(|post| post.server_id).collect::<Vec<_>>();
        assert_eq!(ids(newsletter.history(2, None, None)), [4, 5]);
        assert_eq!(ids(newsletter.history(2, Some(4), None)), [2, 3]);
        assert_eq!(ids(newsletter.history(9, None, Some(3))), [4, 5]);
        assert_eq!(newsletter.role_of(AccountId(1)), "owner");
        assert_eq!(newsletter.role_of(AccountId(2)), "guest");
    }

    #[test]
    fn reactions_are_counted_by_emoji() {
        let mut post = post(1);
        for (account, code) in [(1, "👍"), (2, "🎉"), (3, "🎉")] {
            post.reactions.insert(AccountId(account), code.to_owned());
        }
        assert_eq!(post.reaction_counts(), [("🎉", 2), ("👍", 1)]);
    }
}
