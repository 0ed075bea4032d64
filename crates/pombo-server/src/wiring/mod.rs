//! Puts the program together: configuration in, a running server out.

mod brokers;
mod error_reports;
mod gateway;
mod health;
mod http;
mod media;
mod metrics;
#[cfg(feature = "whatsapp")]
mod whatsapp;

pub use health::ask_health;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use pombo_api::{ApiState, CorsLayer, HttpCounters};
use pombo_channel_cloud::evolution::{EvolutionFactory, EvolutionWebhook};
use pombo_core::Gateway;
use pombo_domain::clock::SystemClock;
use pombo_domain::port::{LiveFeed, LiveTransport};
use pombo_net::OutboundClient;
use pombo_store::Db;
use pombo_transports::socketio::{SocketIoLayer, SocketIoLive};
use pombo_transports::webhook::{WebhookConfig as WebhookTransportConfig, WebhookTransport};
use pombo_transports::websocket::{Hub, WebSocketConfig};
use secrecy::ExposeSecret;
use tracing::{info, warn};

use self::error_reports::error_reports;
use self::gateway::{database, gateway_config, outbound};
use self::http::{api_config, cors, socketio_config};
use self::media::{find_ffmpeg, media};
use self::metrics::metrics;
use crate::banner::{KeyOrigin, ready};
use crate::config::{self, Config};
use crate::serve::{Limits, acceptor, bind, serve as serve_http};
use crate::shutdown::{GRACE, asked_to_stop};

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
            builder.nodes(),
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
    let builder = brokers::transports(&config, &outbound)?
        .into_iter()
        .fold(builder, pombo_core::GatewayBuilder::transport);
    let media = media(&config, outbound.clone());
    #[cfg(feature = "whatsapp")]
    let builder = whatsapp::channel(&config, builder)?;
    let gateway = builder
        .media(media.clone())
        .channel(Arc::new(EvolutionFactory))
        .inbound(Arc::new(EvolutionWebhook))
        .transport(Arc::new(webhook))
        .start()
        .await?;

    let looking = tokio::spawn(find_ffmpeg(media));

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
            .map_response(|response: ::http::Response<_>| response.map(axum::body::Body::new))
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
    looking.abort();
    drop(errors);
    info!("stopped");
    Ok(())
}
