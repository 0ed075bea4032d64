//! Messages that the network brought, the library is past, and nobody has: they are asked for again.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{debug, info};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, JidExt as _, Node};
use whatsapp_rust::Client;
use whatsapp_rust::features::RetryRequestOptions;

use crate::auth_state::{StoreBackend, Unseen};

/// The first copy may be waiting in the library's batch, for three seconds at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for what is reported until the client is gone.
pub(super) async fn recover(
    storage: Arc<StoreBackend>,
    client: Weak<Client>,
    mut unseen: mpsc::Receiver<Unseen>,
) {
    while let Some(message) = unseen.recv().await {
        tokio::time::sleep_until((message.since + PATIENCE).into()).await;
        let Some(client) = client.upgrade() else {
            return;
        };
        match storage.has_seen(&message).await {
            Ok(false) => ask(&storage, &client, &message).await,
            Ok(true) => {}
            Err(error) => {
                debug!(
                    id = message.id,
                    "cannot see whether a message is there: {error}"
                );
            }
        }
    }
}

async fn ask(storage: &StoreBackend, client: &Arc<Client>, message: &Unseen) {
    let Some(stanza) = stanza(client, message) else {
        debug!(id = message.id, "cannot tell whom to ask for a message");
        return;
    };
    let options = RetryRequestOptions::new();
    match client
        .request_message_retry(&stanza.as_node_ref(), options)
        .await
    {
        Ok(_) => info!(
            id = message.id,
            "asked for a message that was lost on its way"
        ),
        // It comes again with the next connection.
        Err(error) => {
            debug!(id = message.id, "could not ask for a message: {error}");
            return;
        }
    }
    if let Err(error) = storage.note_asked(message).await {
        debug!(
            id = message.id,
            "not noted that a message was asked for: {error}"
        );
    }
}

/// What the library needs to know of the stanza that brought the message.
fn stanza(client: &Client, message: &Unseen) -> Option<Node> {
    let (chat, sender): (Jid, Jid) = (message.chat.parse().ok()?, message.sender.parse().ok()?);
    let own = [client.pn(), client.lid()];
    let is_own = own.iter().flatten().any(|own| own.is_same_user_as(&sender));
    let stanza = NodeBuilder::new("message")
        .attr("id", message.id.clone())
        .attr("t", wacore::time::now_secs());
    let stanza = if chat.is_group() || chat.is_broadcast_list() || chat.is_status_broadcast() {
        stanza.attr("from", chat).attr("participant", sender)
    } else if is_own {
        stanza.attr("from", sender).attr("recipient", chat)
    } else {
        stanza.attr("from", sender)
    };
    Some(stanza.build())
}
