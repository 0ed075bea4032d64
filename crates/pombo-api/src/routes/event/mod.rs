//! The routes of every event transport, one shape for all of them: `set` and `find`; for the durable ones also
//! `deliveries`, `replay`, `pause` and `resume`, the first two also without an instance, for the global line. And `/event/find`, the log itself.

mod change;
mod deliveries;
mod find;
mod find_events;
mod pause;
mod replay;
mod resume;
mod row;
mod set;

pub(super) use change::for_creation;
pub(super) use row::row;

use pombo_domain::subscription::TransportKind;

use super::{Key, Method, Route};

/// Deliveries, replay, pause, resume; deliveries and replay of the global line.
type DurablePaths = (TransportKind, [&'static str; 6]);

macro_rules! durable {
    ($kind:ident, $name:literal) => {
        (
            TransportKind::$kind,
            [
                concat!("/", $name, "/deliveries/{instanceName}"),
                concat!("/", $name, "/replay/{instanceName}"),
                concat!("/", $name, "/pause/{instanceName}"),
                concat!("/", $name, "/resume/{instanceName}"),
                concat!("/", $name, "/deliveries"),
                concat!("/", $name, "/replay"),
            ],
        )
    };
}

/// Every transport but the one to connected clients.
const DURABLE: [DurablePaths; 7] = [
    durable!(Webhook, "webhook"),
    durable!(Rabbitmq, "rabbitmq"),
    durable!(Nats, "nats"),
    durable!(Pusher, "pusher"),
    durable!(Sqs, "sqs"),
    durable!(Kafka, "kafka"),
    durable!(Mqtt, "mqtt"),
];

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
    let find_events = Route::of_instance(
        Method::Get,
        "/event/find/{instanceName}",
        200,
        "the instance's event log after a place",
        find_events::find_events,
    );
    let mut routes = settings();
    routes.extend(DURABLE.into_iter().flat_map(deliveries));
    routes.push(find_events);
    routes
}

fn deliveries(
    (transport, [list, again, pause, resume, global_list, global_again]): DurablePaths,
) -> [Route; 6] {
    [
        Route::of_instance(
            Method::Get,
            list,
            200,
            "deliveries that wait or were given up",
            move |instance, api, query| deliveries::deliveries(transport, instance, api, query),
        ),
        Route::of_instance(
            Method::Post,
            again,
            200,
            "delivers dead letters or logged events again",
            move |instance, api, body| replay::replay(transport, instance, api, body),
        ),
        Route::of_instance(
            Method::Post,
            pause,
            200,
            "lets events wait",
            move |instance, api| pause::pause(transport, instance, api),
        ),
        Route::of_instance(
            Method::Post,
            resume,
            200,
            "goes on with what waited",
            move |instance, api| resume::resume(transport, instance, api),
        ),
        Route::new(
            Method::Get,
            global_list,
            Key::Global,
            200,
            "the same for the line of everybody's events",
            move |key, api, query| deliveries::global_deliveries(transport, key, api, query),
        ),
        Route::new(
            Method::Post,
            global_again,
            Key::Global,
            200,
            "the same for the line of everybody's events",
            move |key, api, body| replay::global_replay(transport, key, api, body),
        ),
    ]
}

fn settings() -> Vec<Route> {
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
