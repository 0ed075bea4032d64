//! The library's way to a connection.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Uri, header};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_websockets::ClientBuilder;
use wacore::net::WHATSAPP_WEB_ORIGIN;
use wacore::stats::TransportResourceReport;
use whatsapp_rust::anyhow::{Context, Error};
use whatsapp_rust::async_channel::{self, Receiver};
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory};
use whatsapp_rust_tokio_transport::from_websocket;

use super::dial::{BoxedStream, dial};
use super::route::Route;
use super::target::Target;
use crate::auth_state::StoreBackend;
use crate::session::queue::Gate;

/// Makes the connections of one client.
pub(crate) struct Dialer {
    target: Target,
    route: Option<Route>,
    tls: Arc<ClientConfig>,
    gate: Arc<Gate>,
    storage: Arc<StoreBackend>,
    trouble: Mutex<Option<String>>,
}

impl Dialer {
    pub(crate) fn new(
        target: Target,
        route: Option<Route>,
        tls: Arc<ClientConfig>,
        gate: Arc<Gate>,
        storage: Arc<StoreBackend>,
    ) -> Self {
        Self {
            target,
            route,
            tls,
            gate,
            storage,
            trouble: Mutex::new(None),
        }
    }

    /// Why the last attempt failed, if it did.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    async fn open(&self) -> Result<(Arc<dyn Transport>, Receiver<TransportEvent>), Error> {
        let mut stream = dial(&self.target, self.route.as_ref(), &self.tls).await?;
        if self.target.tls() {
            let name = ServerName::try_from(self.target.host().to_owned())?;
            let encrypted = TlsConnector::from(Arc::clone(&self.tls))
                .connect(name, stream)
                .await
                .context("TLS")?;
            stream = Box::new(encrypted) as BoxedStream;
        }
        let uri: Uri = self.target.url().parse()?;
        let origin = HeaderValue::from_static(WHATSAPP_WEB_ORIGIN);
        let (socket, _) = ClientBuilder::from_uri(uri)
            .add_header(header::ORIGIN, origin)?
            .connect_on(stream)
            .await
            .context("WebSocket")?;
        let (transport, events) = from_websocket(socket);
        let transport = Arc::new(AfterNotes {
            transport,
            storage: Arc::clone(&self.storage),
        });
        Ok((transport, gated(events, Arc::clone(&self.gate))))
    }
}

#[async_trait]
impl TransportFactory for Dialer {
    async fn create_transport(
        &self,
    ) -> Result<(Arc<dyn Transport>, Receiver<TransportEvent>), Error> {
        let opened = self.open().await;
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) =
            opened.as_ref().err().map(|error| format!("{error:#}"));
        opened
    }
}

/// Sends nothing before it is durable which messages could not be decrypted (`auth_state::inbound`).
struct AfterNotes {
    transport: Arc<dyn Transport>,
    storage: Arc<StoreBackend>,
}

#[async_trait]
impl Transport for AfterNotes {
    async fn send(&self, data: Bytes) -> Result<(), Error> {
        self.storage.notes_are_durable().await;
        self.transport.send(data).await
    }

    async fn disconnect(&self) {
        self.transport.disconnect().await;
    }

    fn resource_report(&self) -> Option<TransportResourceReport> {
        self.transport.resource_report()
    }
}

/// Hands on what comes in only while few events wait (`session::queue`). Ends with either side.
fn gated(events: Receiver<TransportEvent>, gate: Arc<Gate>) -> Receiver<TransportEvent> {
    let (onward, receiver) = async_channel::bounded(1);
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            if matches!(event, TransportEvent::DataReceived(_)) {
                gate.open().await;
            }
            if onward.send(event).await.is_err() {
                return;
            }
        }
    });
    receiver
}
