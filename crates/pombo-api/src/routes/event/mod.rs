//! `set` and `find` of every event transport: one shape, generic over the transport.

mod change;
mod find;
mod row;
mod set;

pub(super) use change::for_creation;
pub(super) use row::row;

use pombo_domain::subscription::TransportKind;

use super::{Method, Route};

const PATHS: [(TransportKind, &str, &str); 8] = [
    (
        TransportKind::Webhook,
        "/webhook/set/{instanceName}",
        "/webhook/find/{instanceName}",
    ),
    (
        TransportKind::Websocket,
        "/websocket/set/{instanceName}",
        "/websocket/find/{instanceName}",
    ),
    (
        TransportKind::Rabbitmq,
        "/rabbitmq/set/{instanceName}",
        "/rabbitmq/find/{instanceName}",
    ),
    (
        TransportKind::Nats,
        "/nats/set/{instanceName}",
        "/nats/find/{instanceName}",
    ),
    (
        TransportKind::Pusher,
        "/pusher/set/{instanceName}",
        "/pusher/find/{instanceName}",
    ),
    (
        TransportKind::Sqs,
        "/sqs/set/{instanceName}",
        "/sqs/find/{instanceName}",
    ),
    (
        TransportKind::Kafka,
        "/kafka/set/{instanceName}",
        "/kafka/find/{instanceName}",
    ),
    (
        TransportKind::Mqtt,
        "/mqtt/set/{instanceName}",
        "/mqtt/find/{instanceName}",
    ),
];

pub(super) fn routes() -> Vec<Route> {
    PATHS
        .into_iter()
        .flat_map(|(transport, set_path, find_path)| {
            [
                Route::of_instance(
                    Method::Post,
                    set_path,
                    201,
                    "which events go over this transport",
                    move |instance, api, body| set::set(transport, instance, api, body),
                ),
                Route::of_instance(
                    Method::Get,
                    find_path,
                    200,
                    "the stored subscription, or null",
                    move |instance, api| find::find(transport, instance, api),
                ),
            ]
        })
        .collect()
}
