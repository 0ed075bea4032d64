//! Messages that the network brought and nobody has are asked for again, until they come.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, Node};
use whatsapp_rust::Client;
use whatsapp_rust::features::RetryRequestOptions;

use crate::auth_state::{Missing, StoreBackend};

/// After a question that did not leave.
const PAUSE: Duration = Duration::from_secs(5);

/// Asks as long as it is there.
pub(super) struct Recovery {
    /// When the connection was opened, in milliseconds since the epoch; 0: never.
    opened: watch::Sender<i64>,
    _task: AbortOnDropHandle<()>,
}

impl Recovery {
    pub(super) fn start(storage: &Arc<StoreBackend>, client: &Arc<Client>) -> Self {
        let (opened, connection) = watch::channel(0);
        let task = recover(Arc::clone(storage), Arc::downgrade(client), connection);
        Self {
            opened,
            _task: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }

    /// There is a new connection, which will bring what the last one did not.
    pub(super) fn opened(&self) {
        self.opened.send_replace(wacore::time::now_millis());
    }
}

async fn recover(
    storage: Arc<StoreBackend>,
    client: Weak<Client>,
    mut connection: watch::Receiver<i64>,
) {
    loop {
        let opened = *connection.borrow_and_update();
        let (due, later) = storage.missing(opened);
        // Without a connection nobody can be asked.
        let wait = async {
            match later {
                Some(later) => {
                    let pause = later.saturating_sub(wacore::time::now_millis());
                    let pause = u64::try_from(pause).unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                None => std::future::pending().await,
            }
        };
        let mut left = due.is_empty();
        if opened > 0 {
            for message in due {
                let Some(client) = client.upgrade() else {
                    return;
                };
                left = ask(&storage, &client, &message).await;
                if !left {
                    break;
                }
            }
        }
        tokio::select! {
            () = wait, if left => {}
            () = tokio::time::sleep(PAUSE), if !left && opened > 0 => {}
            () = storage.more_is_missing() => {}
            changed = connection.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// `false`: the question did not leave.
async fn ask(storage: &StoreBackend, client: &Arc<Client>, message: &Missing) -> bool {
    if let Some(stanza) = stanza(client, message) {
        let options = RetryRequestOptions::new();
        let stanza = stanza.as_node_ref();
        if let Err(error) = client.request_message_retry(&stanza, options).await {
            debug!(id = message.id, "could not ask for a message: {error}");
            return false;
        }
        info!(id = message.id, "asked for a message that did not arrive");
    }
    if let Err(error) = storage.note_asked(message).await {
        debug!(
            id = message.id,
            "not noted that a message was asked for: {error}"
        );
        return false;
    }
    true
}

/// What the library needs to know of the stanza that brought the message. `None`: those are no addresses.
fn stanza(client: &Client, message: &Missing) -> Option<Node> {
    let (chat, sender): (Jid, Jid) = (message.chat.parse().ok()?, message.sender.parse().ok()?);
    let own = [client.pn(), client.lid()];
    let is_own = own.iter().flatten().any(|own| own.is_same_user_as(&sender));
    let stanza = NodeBuilder::new("message")
        .attr("id", message.id.clone())
        .attr("t", message.since / 1000);
    let stanza = if chat.is_group() || chat.is_broadcast_list() || chat.is_status_broadcast() {
        stanza.attr("from", chat).attr("participant", sender)
    } else if is_own {
        stanza.attr("from", sender).attr("recipient", chat)
    } else {
        stanza.attr("from", sender)
    };
    Some(stanza.build())
}
