use pombo_domain::event::EventKind;

use super::config::RabbitmqConfig;
use super::names::{NameTooLong, Route};

fn route(exchange: &str, queue: &str, key: &str) -> Result<Route, NameTooLong> {
    Ok(Route {
        exchange: exchange.into(),
        queue: queue.into(),
        key: key.into(),
    })
}

#[test]
fn names_of_an_instance() {
    assert_eq!(
        Route::of_instance("acme", EventKind::MessagesUpsert),
        route("acme", "acme.messages.upsert", "messages.upsert")
    );
    assert_eq!(
        Route::of_instance("acme", EventKind::GroupParticipantsUpdate),
        route(
            "acme",
            "acme.group-participants.update",
            "group-participants.update"
        )
    );
    assert_eq!(
        Route::of_instance(&"é".repeat(120), EventKind::SendMessageUpdate),
        Err(NameTooLong)
    );
}

#[test]
fn names_for_everybody() {
    assert_eq!(
        Route::global("evolution_exchange", None, EventKind::TypebotChangeStatus),
        route(
            "evolution_exchange",
            "typebot.change-status",
            "typebot.change-status"
        )
    );
    assert_eq!(
        Route::global("all", Some("eu"), EventKind::Call),
        route("all", "eu.call", "call")
    );
}

fn config(uri: &str) -> RabbitmqConfig {
    RabbitmqConfig {
        uri: uri.to_owned().into(),
        exchange: "evolution_exchange".to_owned(),
        frame_max: 8192,
        prefix: None,
        declare: Vec::new(),
    }
}

#[test]
fn addresses() {
    let uri = config("amqp://h").amqp_uri().unwrap();
    assert_eq!((uri.vhost.as_str(), uri.authority.port), ("/", 5672));
    assert_eq!(uri.query.heartbeat, Some(30));
    assert_eq!(uri.query.frame_max, Some(8192));
    let uri = config("amqps://u:p%2F@[::1]/?heartbeat=5")
        .amqp_uri()
        .unwrap();
    assert_eq!(
        (uri.vhost.as_str(), uri.authority.host.as_str()),
        ("/", "::1")
    );
    assert_eq!(
        (uri.authority.userinfo.password.as_str(), uri.authority.port),
        ("p/", 5671)
    );
    assert_eq!(uri.query.heartbeat, Some(5));
    assert_eq!(
        config("amqp://10.0.0.9/own")
            .amqp_uri()
            .unwrap()
            .authority
            .host,
        "10.0.0.9"
    );
    let error = config("amqp:secret").amqp_uri().unwrap_err().to_string();
    assert!(!error.contains("secret"));
}
