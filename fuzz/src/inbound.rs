//! Bodies of `POST /webhook/evolution`.

use pombo_channel_cloud::evolution::EvolutionWebhook;
use pombo_domain::channel::ChannelEvent;
use pombo_domain::port::InboundWebhook;

/// Whatever is accepted has a number, an id and a chat.
pub fn run(data: &[u8]) {
    for inbound in EvolutionWebhook.parse(data).into_iter().flatten() {
        let ChannelEvent::Message(message) = inbound.event else {
            panic!("this channel tells of messages only");
        };
        assert!(!inbound.number.is_empty());
        assert!(!message.key.id.is_empty());
        assert!(!message.key.remote_jid.is_empty());
        // It goes on as JSON: to the store and into envelopes.
        serde_json::to_string(&message.key).expect("a key can be written");
    }
}
