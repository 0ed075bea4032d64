use pombo_domain::event::EventKind;

use super::config::NatsConfig;
use super::subject::{global, of_instance};

#[test]
fn subjects_of_an_instance() {
    let of = |instance| of_instance(instance, EventKind::GroupParticipantsUpdate);
    assert_eq!(of("acme"), "acme.group-participants.update");
    assert_eq!(of("Shop.Nord"), "Shop.Nord.group-participants.update");
    assert_eq!(of("a b*>%"), "a%20b%2A%3E%25.group-participants.update");
    assert_eq!(of(".a."), "%2Ea%2E.group-participants.update");
    assert_eq!(of("$SYS"), "%24SYS.group-participants.update");
}

#[test]
fn subjects_for_everybody() {
    assert_eq!(global(None, EventKind::MessagesUpsert), "messages.upsert");
    assert_eq!(global(Some("eu.one"), EventKind::Call), "eu.one.call");
}

#[test]
fn addresses() {
    let servers = |uri: &str| {
        let config = NatsConfig {
            uri: uri.to_owned().into(),
            prefix: None,
            jetstream: false,
        };
        config.servers().map(|servers| servers.len())
    };
    assert_eq!(servers("nats://a:4222, tls://u:p@b").unwrap(), 2);
    assert_eq!(servers("localhost").unwrap(), 1);
    let error = servers("http://u:secret@b").unwrap_err().to_string();
    assert!(!error.contains("secret"));
    assert!(servers(" , ").is_err());
}
