//! What is known of groups at this moment, and whether the network may be asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pombo_domain::channel::ChannelError;
use pombo_domain::group::Group;
use tokio::time::Instant;

use super::super::memory::Memory;

/// Groups change by notifications, which forget them; this is for those that never came.
const GOOD: Duration = Duration::from_secs(10 * 60);
/// The list of all groups is long: asked for again and again it is what the network punishes.
const GOOD_LIST: Duration = Duration::from_secs(30);
/// Members of all groups that are kept of one account.
const MEMBERS: usize = 20_000;
/// Addresses of pictures that are kept of one account.
const PICTURES: usize = 2_000;
/// After "too many questions": first, and at most.
const PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What an account knows of its groups.
pub(crate) struct KnownGroups {
    pub(super) groups: Memory<Arc<Group>>,
    /// Has one key, the empty one.
    pub(super) all: Memory<Vec<Arc<Group>>>,
    pub(super) pictures: Memory<Option<String>>,
    /// Has one key, the empty one.
    pub(super) all_pictures: Memory<Arc<HashMap<String, String>>>,
    pause: Mutex<Pause>,
}

#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    last: Option<Duration>,
}

impl Default for KnownGroups {
    fn default() -> Self {
        // A group without members weighs something, too.
        let weigh = |group: &Arc<Group>| group.participants.len() + 10;
        Self {
            groups: Memory::new(GOOD, MEMBERS, weigh),
            all: Memory::new(GOOD_LIST, 2 * MEMBERS, |groups| {
                groups
                    .iter()
                    .map(|group| group.participants.len() + 10)
                    .sum()
            }),
            pictures: Memory::new(GOOD, PICTURES, |_| 1),
            all_pictures: Memory::new(GOOD_LIST, PICTURES, |pictures| pictures.len()),
            pause: Mutex::default(),
        }
    }
}

impl KnownGroups {
    /// A group changed.
    pub(crate) fn forget(&self, group: &str) {
        self.groups.forget(group);
        self.all.forget("");
        self.all_pictures.forget("");
    }

    /// A group's picture changed.
    pub(crate) fn forget_picture(&self, group: &str) {
        self.pictures.forget(group);
        self.all_pictures.forget("");
    }

    /// Another connection, perhaps another account.
    pub(crate) fn clear(&self) {
        self.groups.clear();
        self.all.clear();
        self.pictures.clear();
        self.all_pictures.clear();
    }

    /// Asks through a memory; while the network wants a pause, an old answer has to do.
    pub(super) async fn ask<T, F>(
        &self,
        memory: &Memory<T>,
        key: &str,
        ask: impl FnOnce() -> F,
    ) -> Result<T, ChannelError>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, ChannelError>> + Send + 'static,
    {
        if let Some(left) = self.pause_left() {
            return memory.old(key).ok_or_else(|| paused(left));
        }
        let answer = memory.get(key, ask).await;
        match &answer {
            Err(ChannelError::Refused { code: 429, .. }) => self.begin_pause(),
            Ok(_) => self.end_pause(),
            Err(_) => {}
        }
        answer
    }

    fn pause_left(&self) -> Option<Duration> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let left = pause.until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn begin_pause(&self) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        // Many who waited for one answer begin one pause.
        if pause.until.is_some_and(|until| until > Instant::now()) {
            return;
        }
        let length = pause
            .last
            .map_or(PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        *pause = Pause {
            until: Some(Instant::now() + length),
            last: Some(length),
        };
    }

    fn end_pause(&self) {
        let mut pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer to a question from before the pause does not end it.
        if pause.until.is_none_or(|until| until <= Instant::now()) {
            *pause = Pause::default();
        }
    }
}

fn paused(left: Duration) -> ChannelError {
    ChannelError::Refused {
        code: 429,
        text: format!(
            "WhatsApp limits how often groups are asked for; try again in {} seconds",
            left.as_millis().div_ceil(1000)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn too_many_questions_make_a_pause() {
        let known = KnownGroups::default();
        let refuse = || async {
            Err::<Arc<Group>, _>(ChannelError::Refused {
                code: 429,
                text: "rate-overlimit".to_owned(),
            })
        };
        let group = Arc::new(Group {
            subject: "Team".to_owned(),
            ..Group::default()
        });
        let kept = Arc::clone(&group);
        known
            .ask(&known.groups, "known", || async { Ok(kept) })
            .await
            .unwrap();
        assert!(known.ask(&known.groups, "other", refuse).await.is_err());
        // During the pause nobody is asked; what was known long ago has to do.
        let never = || async { panic!("the network was asked") };
        let refused = known.ask(&known.groups, "other", never).await;
        assert!(
            matches!(refused, Err(ChannelError::Refused { code: 429, text }) if text.contains("10 seconds"))
        );
        assert_eq!(
            known.ask(&known.groups, "known", never).await.unwrap(),
            group
        );
        // The next one is longer, until an answer comes.
        tokio::time::advance(PAUSE).await;
        assert!(known.ask(&known.groups, "other", refuse).await.is_err());
        assert!(known.pause_left().is_some_and(|left| left > PAUSE));
        tokio::time::advance(PAUSE * 2).await;
        let found = Arc::clone(&group);
        known
            .ask(&known.groups, "other", || async { Ok(found) })
            .await
            .unwrap();
        known.forget("other");
        assert!(known.ask(&known.groups, "other", refuse).await.is_err());
        assert!(known.pause_left().is_some_and(|left| left <= PAUSE));
    }
}
