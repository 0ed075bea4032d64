//! What a phone's user sees.

use std::time::Duration;

use tokio::sync::watch;

use super::super::error::PhoneError;
use super::super::handset::Phone;
use super::super::view::{Chat, ShownMessage, View};
use super::VirtualPhone;

impl VirtualPhone {
    /// Looks at the screen.
    pub fn look<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.lock().view)
    }

    /// A chat as it is now; `None` while nothing has happened in it.
    pub fn chat(&self, chat: &str) -> Option<Chat> {
        let chat = self.chat_name(chat).ok()?;
        self.look(|view| view.chat(&chat).cloned())
    }

    /// The next message of somebody else that has not been asked for yet, in the order in which they came.
    pub async fn next_message(&self, deadline: Duration) -> Result<ShownMessage, PhoneError> {
        self.wait(deadline, |phone| phone.arrivals.pop_front())
            .await
    }

    /// Waits until there is something on the screen.
    pub async fn wait_for<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&View) -> Option<T>,
    ) -> Result<T, PhoneError> {
        self.wait(deadline, |phone| find(&phone.view)).await
    }

    async fn wait<T>(
        &self,
        deadline: Duration,
        mut find: impl FnMut(&mut Phone) -> Option<T>,
    ) -> Result<T, PhoneError> {
        let mut changes: watch::Receiver<u64> = self.lock().changes.subscribe();
        let search = async {
            loop {
                changes.borrow_and_update();
                let found = find(&mut self.lock());
                if let Some(found) = found {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(deadline, search)
            .await
            .map_err(|_| PhoneError::TimedOut(deadline))
    }
}
