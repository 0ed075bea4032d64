//! Puts the program together: configuration in, a running server out.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use pombo_api::{
    AddressRule, ApiConfig, ApiState, CorsLayer, CorsPolicy, ErrorReport, HttpCounters, MetaConfig,
    MetricsAccess, MetricsLogin,
};
use pombo_channel_cloud::evolution::{EvolutionFactory, EvolutionWebhook};
use pombo_core::{FailedDelivery, Gateway, GatewayConfig, RetrySchedule, SaveSwitches};
use pombo_domain::clock::{Clock, SystemClock, Timestamp};
use pombo_domain::event::EventKind;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::id::RowId;
use pombo_domain::port::{LiveFeed, LiveTransport};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use pombo_net::{Backoff, Growth, NextAttempt, OutboundClient, RetryLimit, ThreadRandom};
use pombo_store::{Backend, Db, DbConfig, Synchronous};
use pombo_transports::socketio::{AllowedHosts, SocketIoConfig, SocketIoLayer, SocketIoLive};
use pombo_transports::webhook::{WebhookConfig as WebhookTransportConfig, WebhookTransport};
use pombo_transports::websocket::{Hub, WebSocketConfig};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::banner::{KeyOrigin, ready};
use crate::config::{self, AddressList, Config, DatabaseBackend, Origins, SqliteSynchronous};
use crate::metrics::Metrics;
use crate::serve::{Limits, acceptor, bind, serve as serve_http};
use crate::shutdown::{GRACE, asked_to_stop};

/// Connections to a database server.
const DATABASE_CONNECTIONS: u32 = 8;
/// Error reports that may wait for `WEBHOOK_EVENTS_ERRORS_WEBHOOK`; more are dropped, they are no events.
const ERROR_REPORTS: usize = 256;

/// Serves until asked to stop. `say` gets the lines for a person once requests are answered.
///
/// # Errors
/// Whatever keeps the program from starting, in words for a person.
pub async fn serve(config: Config, say: impl FnOnce(&str)) -> anyhow::Result<()> {
    let started = Instant::now();
    for warning in config.warnings() {
        warn!("{warning}");
    }
    pombo_net::install_crypto_provider();
    config::prepare_data_dir(&config.data_dir)
        .with_context(|| format!("POMBO_DATA_DIR: cannot make {}", config.data_dir.display()))?;
    let stored_key = match config.auth.api_key {
        Some(_) => None,
        None => Some(config::load_or_create_api_key(&config.data_dir)?),
    };
    if let Some(warning) = stored_key.as_ref().and_then(|key| key.warning.as_ref()) {
        warn!("{warning}");
    }
    let api_key = config
        .auth
        .api_key
        .clone()
        .or_else(|| stored_key.as_ref().map(|stored| stored.key.clone()));
    let api_key = api_key.context("no API key")?;
    let tls = config
        .server
        .tls
        .as_ref()
        .map(|files| acceptor(&files.private_key, &files.certificate_chain))
        .transpose()?;

    let address = config.server.socket_address();
    let listener = bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;

    let store = Db::open(database(&config)).await?;
    let outbound = OutboundClient::new(outbound(&config))?;
    let builder = Gateway::builder(store.clone(), gateway_config(&config, api_key)).await?;
    let mut live: Vec<Arc<dyn LiveTransport>> = Vec::new();
    let mut socketio: Option<(SocketIoLive, SocketIoLayer)> = None;
    let mut feed: Option<Arc<Hub>> = None;
    if config.websocket.enabled {
        let built = pombo_transports::socketio::build(
            socketio_config(&config)?,
            builder.keys(),
            builder.history(),
        );
        live.push(Arc::new(built.0.clone()));
        socketio = Some(built);
        let hub = Arc::new(Hub::new(WebSocketConfig::default(), builder.history()));
        live.push(Arc::clone(&hub) as Arc<dyn LiveTransport>);
        feed = Some(hub);
    }
    let builder = live
        .into_iter()
        .fold(builder, pombo_core::GatewayBuilder::live);
    let webhook = WebhookTransport::new(
        WebhookTransportConfig {
            timeout: config.webhook.request_timeout,
            non_retryable: config.webhook.retry.non_retryable.clone(),
            ..WebhookTransportConfig::default()
        },
        outbound.clone(),
        Arc::new(SystemClock),
    );
    let gateway = builder
        .channel(Arc::new(EvolutionFactory))
        .inbound(Arc::new(EvolutionWebhook))
        .start(Arc::new(webhook))
        .await?;

    let counters = Arc::new(HttpCounters::default());
    let metrics = metrics(
        &config,
        &gateway,
        &counters,
        socketio.as_ref().map(|(live, _)| live.clone()),
        feed.clone(),
        started,
    );
    let (error_hook, errors) = error_reports(&config, outbound);
    let cors = cors(&config);
    let state = ApiState {
        gateway: Arc::clone(&gateway),
        feed: feed.map(|hub| hub as Arc<dyn LiveFeed>),
        config: api_config(&config, cors.clone()),
        metrics,
        error_hook,
        counters,
    };
    let mut router = pombo_api::router(state);
    if let Some((_, layer)) = socketio {
        let live = tower::ServiceBuilder::new()
            .layer(CorsLayer::new(cors))
            .map_response(|response: http::Response<_>| response.map(axum::body::Body::new))
            .layer(layer)
            .service(router.clone());
        router = ["/socket.io", "/socket.io/", "/socket.io/{*rest}"]
            .into_iter()
            .fold(axum::Router::new(), |routes, path| {
                routes.route_service(path, live.clone())
            })
            .fallback_service(router);
    }

    let origin = stored_key
        .as_ref()
        .map_or(KeyOrigin::Environment, |stored| KeyOrigin::Generated {
            key: stored.key.expose_secret(),
            file: &stored.path,
        });
    let instances = gateway.instances().len();
    say(&ready(
        address,
        tls.is_some(),
        &store.describe(),
        instances,
        origin,
    ));
    info!(
        elapsed_ms = started.elapsed().as_millis(),
        instances, "ready on {address}"
    );

    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let listening = tokio::spawn(serve_http(
        listener,
        tls,
        router,
        Limits::default(),
        async move {
            // The sender is never used: dropping it is the signal.
            drop(stopped.await);
        },
    ));
    asked_to_stop().await.context("cannot listen for signals")?;
    info!("stopping");
    drop(stopping);
    let farewell = async {
        gateway.close_live().await;
        if let Err(error) = listening.await {
            warn!("the listener ended badly: {error}");
        }
        gateway.close().await;
    };
    if tokio::time::timeout(GRACE, farewell).await.is_err() {
        warn!("not everything ended in time; what was acknowledged is stored");
    }
    drop(errors);
    info!("stopped");
    Ok(())
}

/// Asks a gateway on this machine whether it is ready.
///
/// # Errors
/// When it does not answer, or is not ready.
pub async fn ask_health(config: &Config) -> anyhow::Result<()> {
    pombo_net::install_crypto_provider();
    let mut address = config.server.socket_address();
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    if config.server.tls.is_some() {
        // The certificate names a host that we do not know; that the port answers at all must do.
        tokio::time::timeout(
            Duration::from_secs(3),
            tokio::net::TcpStream::connect(address),
        )
        .await??;
        return Ok(());
    }
    let client = OutboundClient::new(pombo_net::OutboundConfig {
        policy: pombo_net::OutboundPolicy::Open,
        ..Default::default()
    })?;
    let url = format!("http://{address}/health/ready");
    let response = client
        .get(&url, http::HeaderMap::new(), Some(Duration::from_secs(3)))
        .await?;
    if response.status != http::StatusCode::OK {
        bail!("{url} answered {}", response.status);
    }
    Ok(())
}

fn database(config: &Config) -> DbConfig {
    let backend = match &config.database.backend {
        DatabaseBackend::Sqlite { path, synchronous } => Backend::Sqlite {
            path: path.clone(),
            synchronous: match synchronous {
                SqliteSynchronous::Full => Synchronous::Full,
                SqliteSynchronous::Normal => Synchronous::Normal,
            },
        },
        DatabaseBackend::Postgres { uri, migrations } => Backend::Postgres {
            url: uri.clone(),
            bouncer: migrations.is_some(),
        },
        DatabaseBackend::Mysql { uri } => Backend::Mysql { url: uri.clone() },
    };
    DbConfig {
        backend,
        wait: config.database.wait,
        max_connections: DATABASE_CONNECTIONS,
    }
}

fn outbound(config: &Config) -> pombo_net::OutboundConfig {
    let policy = match config.outbound.policy {
        config::OutboundPolicy::Open => pombo_net::OutboundPolicy::Open,
        config::OutboundPolicy::Private => pombo_net::OutboundPolicy::Private,
        config::OutboundPolicy::Public => pombo_net::OutboundPolicy::Public,
    };
    pombo_net::OutboundConfig {
        policy,
        request_timeout: config.webhook.request_timeout,
        ..Default::default()
    }
}

fn gateway_config(config: &Config, api_key: SecretString) -> GatewayConfig {
    let save = &config.database.save;
    GatewayConfig {
        expose_token: config.auth.expose_in_fetch_instances,
        client_name: config.instances.client_name.clone(),
        envelope: EnvelopeStyle {
            server_url: config.server.url.as_deref().map(Into::into),
            local_time: config.events.local_time,
        },
        save: SaveSwitches {
            messages: save.messages,
            message_updates: save.message_updates,
            contacts: save.contacts,
            chats: save.chats,
        },
        websocket_global: config.websocket.enabled && config.websocket.global_events,
        replay: config.events.replay,
        retention: config.events.retention,
        max_events: config.events.max_rows,
        delete_unopened_after: config.instances.delete_after,
        global_webhook: global_webhook(config).map(Arc::new),
        retry: retry_schedule(config),
        ..GatewayConfig::with_api_key(api_key)
    }
}

/// The subscription of the webhook that gets everybody's events. It has no row: its options live in the environment.
fn global_webhook(config: &Config) -> Option<Subscription> {
    let global = config.webhook.global.as_ref()?;
    let flags = EventKind::ALL.into_iter().filter(|kind| {
        let name = kind.upper();
        // The original's flag for group updates is `GROUPS_UPDATE`.
        global.events.contains(&name)
    });
    let options = json!({"url": global.url, "webhookByEvents": global.by_events, "global": true});
    let now = SystemClock.now();
    Some(Subscription {
        id: RowId::from("global".to_owned()),
        instance_id: "".into(),
        transport: TransportKind::Webhook,
        enabled: true,
        events: EventList::new(flags.map(EventKind::upper)),
        options: match options {
            Value::Object(options) => options,
            _ => Map::new(),
        },
        created_at: now,
        updated_at: now,
        retired_at_seq: None,
    })
}

/// Unset: our schedule over 72 hours. Set: what the variables mean in the original.
fn retry_schedule(config: &Config) -> RetrySchedule {
    let set = &config.webhook.retry;
    let schedule = if set.is_unset() {
        pombo_net::RetrySchedule::default()
    } else {
        pombo_net::RetrySchedule {
            backoff: Backoff {
                initial: set.initial_delay.unwrap_or(Duration::from_secs(5)),
                max: set.max_delay.unwrap_or(Duration::from_secs(300)),
                growth: if set.exponential.unwrap_or(true) {
                    Growth::Doubling
                } else {
                    Growth::Constant
                },
                jitter_factor: set.jitter.unwrap_or(0.2),
            },
            limit: RetryLimit::Attempts(set.max_attempts.unwrap_or(10)),
        }
    };
    RetrySchedule::new(move |failed: FailedDelivery| {
        match schedule.next(failed.attempts, failed.age, failed.asked, &ThreadRandom) {
            NextAttempt::After(delay) => Some(delay),
            NextAttempt::GiveUp => None,
        }
    })
}

fn socketio_config(config: &Config) -> anyhow::Result<SocketIoConfig> {
    let allowed = &config.websocket.allowed_hosts;
    let texts: Vec<_> = allowed
        .ranges()
        .iter()
        .map(ToString::to_string)
        .chain(allowed.is_everybody().then(|| "*".to_owned()))
        .collect();
    Ok(SocketIoConfig {
        binary: config.websocket.binary,
        eio3: config.websocket.eio3,
        allowed_hosts: AllowedHosts::parse(texts.iter().map(String::as_str))?,
        origin_allowed: match config.cors.origins.clone() {
            Origins::Any => None,
            listed @ Origins::Only(_) => Some(Arc::new(move |origin: &str| listed.allows(origin))),
        },
        ..SocketIoConfig::default()
    })
}

fn cors(config: &Config) -> CorsPolicy {
    let policy = match config.cors.origins.clone() {
        Origins::Any => CorsPolicy::any(),
        listed @ Origins::Only(_) => CorsPolicy::listed(move |origin| listed.allows(origin)),
    };
    policy
        .methods(&config.cors.methods)
        .credentials(config.cors.credentials)
}

fn rule(list: &AddressList) -> AddressRule {
    let list = list.clone();
    AddressRule::new(move |address: IpAddr| list.contains(address))
}

fn api_config(config: &Config, cors: CorsPolicy) -> ApiConfig {
    let mut transports = BTreeSet::from([TransportKind::Webhook]);
    let switches = [
        (TransportKind::Websocket, config.websocket.enabled),
        (TransportKind::Rabbitmq, config.rabbitmq.is_some()),
        (TransportKind::Nats, config.nats.is_some()),
        (TransportKind::Kafka, config.kafka.is_some()),
        (TransportKind::Sqs, config.sqs.is_some()),
        (TransportKind::Pusher, config.pusher.is_some()),
    ];
    transports.extend(
        switches
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(transport, _)| transport),
    );
    let facebook = &config.business.facebook;
    ApiConfig {
        server_url: config.server.url.clone(),
        meta: MetaConfig {
            webhook_token: config.business.webhook_token.expose_secret().to_owned(),
            app_id: facebook.app_id.clone(),
            config_id: facebook.config_id.clone(),
            user_token: facebook
                .user_token
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
        },
        transports,
        inbound_key_required: config.auth.evolution_webhook,
        body_limit: config.server.body_limit,
        request_timeout: config.server.request_timeout,
        trusted_proxies: rule(&config.server.trusted_proxies),
        websocket_exempt: rule(&config.websocket.allowed_hosts),
        cors,
        metrics_access: MetricsAccess {
            addresses: (!config.metrics.allowed.is_empty()).then(|| rule(&config.metrics.allowed)),
            basic: config.metrics.auth_required.then(|| MetricsLogin {
                user: config.metrics.user.clone(),
                password: config.metrics.password.clone(),
            }),
        },
        ..ApiConfig::default()
    }
}

type MetricsText = Arc<dyn Fn() -> String + Send + Sync>;

fn metrics(
    config: &Config,
    gateway: &Arc<Gateway>,
    http: &Arc<HttpCounters>,
    socketio: Option<SocketIoLive>,
    hub: Option<Arc<Hub>>,
    started: Instant,
) -> Option<MetricsText> {
    if !config.metrics.enabled {
        return None;
    }
    let metrics = Metrics {
        gateway: Arc::downgrade(gateway),
        http: Arc::clone(http),
        live: Box::new(move || {
            let mut figures = Vec::new();
            if let Some(socketio) = &socketio {
                let live = socketio.metrics();
                figures.push((
                    "pombo_socketio_clients",
                    "Connected Socket.IO clients",
                    live.clients() as u64,
                ));
                figures.push((
                    "pombo_socketio_deliveries_total",
                    "Events handed to Socket.IO clients",
                    live.delivered(),
                ));
                figures.push((
                    "pombo_socketio_slow_clients_total",
                    "Socket.IO clients that fell behind and were disconnected",
                    live.dropped_slow(),
                ));
                figures.push((
                    "pombo_socketio_refused_handshakes_total",
                    "Refused Socket.IO handshakes",
                    live.refused_handshakes(),
                ));
                figures.push((
                    "pombo_socketio_refused_joins_total",
                    "Refused Socket.IO joins",
                    live.refused_joins(),
                ));
            }
            if let Some(hub) = &hub {
                let live = hub.metrics();
                figures.push((
                    "pombo_websocket_clients",
                    "Connected WebSocket clients",
                    live.clients() as u64,
                ));
                figures.push((
                    "pombo_websocket_deliveries_total",
                    "Events handed to WebSocket clients",
                    live.delivered(),
                ));
                figures.push((
                    "pombo_websocket_slow_clients_total",
                    "WebSocket clients that fell behind and were closed",
                    live.dropped_slow(),
                ));
            }
            figures
        }),
        client_name: config.instances.client_name.clone(),
        server_url: config.server.url.clone().unwrap_or_default(),
        started,
    };
    Some(Arc::new(move || metrics.render()))
}

/// The hook that the routes tell of error answers, and the task that posts them. Source: `WEBHOOK_EVENTS_ERRORS*`.
fn error_reports(
    config: &Config,
    outbound: OutboundClient,
) -> (
    Option<pombo_api::ErrorHook>,
    Option<tokio::task::JoinSet<()>>,
) {
    let Some(target) = config.webhook.errors.clone() else {
        return (None, None);
    };
    let (sender, mut reports) = mpsc::channel::<Value>(ERROR_REPORTS);
    let server_url = config.server.url.clone();
    let mut task = tokio::task::JoinSet::new();
    task.spawn(async move {
        let mut headers = http::HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        while let Some(report) = reports.recv().await {
            let sent = outbound
                .post(
                    &target.url,
                    headers.clone(),
                    report.to_string().into(),
                    None,
                )
                .await;
            if let Err(error) = sent {
                warn!("cannot report an error to WEBHOOK_EVENTS_ERRORS_WEBHOOK: {error}");
            }
        }
    });
    let hook = move |report: &ErrorReport| {
        let now: Timestamp = SystemClock.now();
        // The original also sends the global key; that stays here.
        let body = json!({"event": "error", "data": {"error": report.error, "message": report.message, "status": report.status.as_u16(),
            "response": {"message": report.message}}, "date_time": now, "api_key": null, "server_url": server_url});
        // Compatible: fire and forget; a full queue drops the report.
        sender.try_send(body).ok();
    };
    (Some(Arc::new(hook)), Some(task))
}
