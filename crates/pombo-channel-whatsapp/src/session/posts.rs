//! Posts in newsletters that came while nobody listened, or that a crash took.
//!
//! The library acknowledges a post before we see it, and the network does not give it again. What the network keeps is the
//! newsletter itself: after each login it is read from a mark on, and everything behind the mark is offered to the rules, which
//! know what they have. The mark moves only over what was stored. A newsletter without a mark is new to us: its past is nobody's
//! news, and it gets one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pombo_domain::channel::{ChannelError, ChannelEvent};
use pombo_domain::port::{AuthChange, AuthStoreError, Newsletters as _};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{debug, warn};
use wacore::types::events::{Event, MessageBatch};
use wacore_binary::{Jid, JidExt as _};
use whatsapp_rust::Client;

use crate::channel::WhatsappChannel;
use crate::query::posts::Post;

/// Newsletter -> mark, JSON.
const KIND: &str = "newsletter_mark";
/// Posts of one question, and questions about one newsletter.
const PAGE: u32 = 50;
/// See [`PAGE`].
const PAGES: usize = 20;
/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts to have posts stored.
const AGAIN: Duration = Duration::from_millis(500);

/// How far a newsletter is known.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The network's number of the newest post.
    number: u64,
    /// When a post was last changed or deleted, in milliseconds.
    #[serde(default)]
    revised: i64,
}

/// What this connection has seen of newsletters.
#[derive(Debug, Default)]
pub(crate) struct Posts(Mutex<BTreeMap<String, Seen>>);

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// The newest post that was stored.
    number: u64,
    /// Set when everything up to the mark is stored.
    mark: Option<Mark>,
}

impl Posts {
    fn of<T>(&self, newsletter: &str, look: impl FnOnce(&mut Seen) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(all.entry(newsletter.to_owned()).or_default())
    }

    /// The connection has ended: what comes until the next one is not seen.
    pub(crate) fn forget(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// The work of catching up; it ends with this.
#[derive(Default)]
pub(super) struct CatchingUp(Option<JoinHandle<()>>);

impl Drop for CatchingUp {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

impl CatchingUp {
    /// Begins, anew if it had begun.
    pub(super) fn begin(&mut self, channel: &Arc<WhatsappChannel>, client: &Arc<Client>) {
        let (channel, client) = (Arc::clone(channel), Arc::clone(client));
        let task = tokio::spawn(async move {
            if let Err(error) = catch_up(&channel, &client).await {
                debug!(instance = %channel.opening.instance.name, "newsletters are not read up: {error}");
            }
        });
        if let Some(before) = self.0.replace(task) {
            before.abort();
        }
    }

    /// Begins when the account has begun to follow a newsletter elsewhere.
    pub(super) fn hear(
        &mut self,
        channel: &Arc<WhatsappChannel>,
        client: &Arc<Client>,
        event: &Event,
    ) {
        if let Event::MexNotification(news) = event
            && news.op_name.ends_with("NewsletterJoin")
        {
            self.begin(channel, client);
        }
    }
}

impl WhatsappChannel {
    /// Posts of this batch are stored: the mark moves over them, if everything before them is stored too.
    pub(super) async fn posts_are_stored(&self, batch: &MessageBatch) {
        for message in batch.messages.iter() {
            let (chat, number) = (&message.info.source.chat, message.info.server_id);
            let Ok(number) = u64::try_from(number) else {
                continue;
            };
            if !chat.is_newsletter() || number == 0 {
                continue;
            }
            let newsletter = chat.to_non_ad_string();
            let moved = self.posts.of(&newsletter, |seen| {
                seen.number = seen.number.max(number);
                let mark = seen.mark.as_mut().filter(|mark| mark.number < number)?;
                mark.number = number;
                Some(*mark)
            });
            if let Some(mark) = moved {
                self.keep_mark(&newsletter, mark).await;
            }
        }
    }

    /// A newsletter is new to the account: its past is nobody's news, and what comes is.
    pub(crate) async fn begin_newsletter(&self, newsletter: &str) -> Result<(), ChannelError> {
        let client = self.client()?;
        read_up(self, &client, newsletter, None).await
    }

    async fn keep_mark(&self, newsletter: &str, mark: Mark) {
        let kept = serde_json::to_vec(&mark).unwrap_or_default();
        let change = AuthChange::Put {
            kind: KIND,
            key: newsletter.to_owned(),
            value: Bytes::from(kept),
            at_ms: 0,
        };
        // Without it more is read the next time.
        if let Err(error) = self.opening.auth.apply(vec![change]).await {
            debug!(instance = %self.opening.instance.name, "a newsletter's mark is not kept: {error}");
        }
    }

    async fn marks(&self) -> Result<BTreeMap<String, Mark>, AuthStoreError> {
        let kept = self.opening.auth.list(KIND, "").await?;
        Ok(kept
            .into_iter()
            .filter_map(|(newsletter, mark)| {
                Some((newsletter, serde_json::from_slice(&mark).ok()?))
            })
            .collect())
    }
}

async fn catch_up(channel: &WhatsappChannel, client: &Arc<Client>) -> Result<(), ChannelError> {
    let failed = |error: AuthStoreError| ChannelError::Failed(error.to_string());
    let marks = channel.marks().await.map_err(failed)?;
    let late = || ChannelError::TimedOut("the network does not answer".to_owned());
    let followed = timeout(PATIENCE, channel.followed())
        .await
        .map_err(|_| late())??;
    for newsletter in followed {
        let id = &newsletter.id;
        if channel.posts.of(id, |seen| seen.mark.is_some()) {
            continue;
        }
        match read_up(channel, client, id, marks.get(id).copied()).await {
            Ok(()) => {}
            // One that is gone keeps nobody from the others.
            Err(error @ ChannelError::Invalid(_)) => debug!("{id} is not read up: {error}"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads a newsletter from its mark on; without one, what is there is known.
async fn read_up(
    channel: &WhatsappChannel,
    client: &Arc<Client>,
    newsletter: &str,
    mark: Option<Mark>,
) -> Result<(), ChannelError> {
    let mut posts: Vec<Post> = Vec::new();
    let mut before = None;
    for _ in 0..PAGES {
        let asked = channel.page(newsletter, PAGE, before);
        let page = timeout(PATIENCE, asked)
            .await
            .map_err(|_| ChannelError::TimedOut("the network does not answer".to_owned()))??;
        let oldest = page.iter().map(|post| post.number).min();
        posts.extend(page);
        match (mark, oldest) {
            (Some(mark), Some(oldest)) if oldest > mark.number + 1 => before = Some(oldest),
            _ => break,
        }
    }
    posts.sort_by_key(|post| post.number);
    if let Some(mark) = mark {
        let jid: Jid = newsletter
            .parse()
            .map_err(|_| ChannelError::Invalid(format!("`{newsletter}` is no newsletter")))?;
        let missed: Vec<ChannelEvent> = posts
            .iter()
            .filter(|post| post.number > mark.number || post.revised > mark.revised)
            .flat_map(|post| post.told(client, &jid, post.number > mark.number))
            .collect();
        if !missed.is_empty() {
            debug!(instance = %channel.opening.instance.name, "{} posts or changes to look at", missed.len());
        }
        while let Err(error) = channel.opening.inbox.accept(missed.clone()).await {
            warn!(instance = %channel.opening.instance.name, "posts are not stored, trying again: {error}");
            tokio::time::sleep(AGAIN).await;
        }
    }
    let read = Mark {
        number: posts.iter().map(|post| post.number).max().unwrap_or(0),
        revised: posts.iter().map(|post| post.revised).max().unwrap_or(0),
    };
    let before = mark.unwrap_or_default();
    let moved = channel.posts.of(newsletter, |seen| {
        let mark = Mark {
            number: read.number.max(before.number).max(seen.number),
            revised: read.revised.max(before.revised),
        };
        seen.mark = Some(mark);
        mark
    });
    channel.keep_mark(newsletter, moved).await;
    Ok(())
}
