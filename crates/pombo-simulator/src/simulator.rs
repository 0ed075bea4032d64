//! What tests and the command line hold in hand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::fault::FaultPlan;
use crate::media::{MediaSettings, MediaStore};
use crate::network::clock::Clock;
use crate::network::queue::Queue;
use crate::network::random::Random;
use crate::network::settings::Settings;
use crate::network::strict::Violation;
use crate::network::{Addressing, Network, State};
use crate::noise::ServerIdentity;
use crate::persist::{self, StateFile, StateFileError};
use crate::phone::VirtualPhone;
use crate::server;
use crate::stanza::{companion, link_code, pair_device};

pub use crate::stanza::pair_device::PairingError;

/// A running network. Clones are handles to the same one; it stops when the last is dropped, or at [`Simulator::shutdown`].
#[derive(Clone)]
pub struct Simulator {
    running: Arc<Running>,
}

struct Running {
    network: Arc<Network>,
    address: SocketAddr,
    fail_on_drop: bool,
    file: Option<StateFile>,
}

/// The simulator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Only this machine may reach a simulated network.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// What an earlier simulator has kept cannot be used.
    #[error("the state cannot be used")]
    State(#[from] StateFileError),
}

impl Simulator {
    /// Starts a network for a test: on a free port, strict.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// For anything but the defaults.
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::default()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.running.address
    }

    /// The URL that clients connect to: `ws://127.0.0.1:PORT/ws/chat`.
    pub fn url(&self) -> String {
        format!("ws://{}/ws/chat", self.running.address)
    }

    /// The public key at the root of the server's certificates: what a client must trust.
    pub fn root_key(&self) -> [u8; 32] {
        self.network().server().root_public()
    }

    /// The network's time.
    pub fn clock(&self) -> &Clock {
        &self.network().clock
    }

    /// Adds an account with that phone number (digits) and name. The one of that number, if there is one, stays as it is.
    pub fn add_account(&self, phone_number: &str, name: &str) {
        self.network()
            .with(|state| state.add_account(phone_number, name));
    }

    /// The phone of the account with that number (digits), which is made if need be.
    pub fn phone(&self, phone_number: &str) -> VirtualPhone {
        let account = self
            .network()
            .with(|state| state.add_account(phone_number, phone_number));
        VirtualPhone::of(self.network(), account).expect("the account was just made, or was there")
    }

    /// The account's phone scans a QR code. Returns the companion's number.
    pub fn scan(&self, phone_number: &str, qr: &str) -> Result<u16, PairingError> {
        self.network().with(|state| {
            let account = state
                .account_of(phone_number)
                .ok_or(PairingError::NoAccount)?
                .id;
            pair_device::scan(state, account, qr)
        })
    }

    /// The user types the code that a client shows into the account's phone. A wrong code is noticed by the client only.
    pub async fn type_code(&self, phone_number: &str, code: &str) -> Result<(), PairingError> {
        link_code::type_code(self.network(), phone_number, code).await
    }

    /// The account's phone removes a companion. False when there is no such companion.
    pub fn unlink(&self, phone_number: &str, device: u16) -> bool {
        self.network().with(|state| {
            let account = state.account_of(phone_number).map(|account| account.id);
            account.is_some_and(|account| companion::unlink(state, account, device))
        })
    }

    /// The numbers of an account's companions.
    pub fn companions(&self, phone_number: &str) -> Vec<u16> {
        self.network().with(|state| {
            state
                .account_of(phone_number)
                .map(|account| account.companions().map(|device| device.number).collect())
                .unwrap_or_default()
        })
    }

    /// How many stanzas wait for a companion, or are not acknowledged by it.
    pub fn waiting(&self, phone_number: &str, device: u16) -> usize {
        self.network().with(|state| {
            state
                .account_of(phone_number)
                .and_then(|account| account.devices.get(&device))
                .map_or(0, |device| device.queue.len())
        })
    }

    /// The network forgets what waits for a companion, as if the companion had acknowledged it and then lost it.
    pub fn lose_waiting(&self, phone_number: &str, device: u16) {
        self.network().with(|state| {
            let account = state.account_of(phone_number).map(|account| account.id);
            if let Some(device) = account.and_then(|account| state.device_mut(account, device)) {
                device.queue = Queue::default();
            }
        });
    }

    /// Whether a companion is connected.
    pub fn is_online(&self, phone_number: &str, device: u16) -> bool {
        self.network().with(|state| {
            state
                .account_of(phone_number)
                .and_then(|account| account.devices.get(&device))
                .is_some_and(|device| device.connection.is_some())
        })
    }

    /// How many one-time keys of a device are left.
    pub fn pre_keys(&self, phone_number: &str, device: u16) -> usize {
        self.network().with(|state| {
            state
                .account_of(phone_number)
                .and_then(|account| account.devices.get(&device))
                .map_or(0, |device| device.pre_keys.len())
        })
    }

    /// Changes the server's key, so that clients' shorter handshakes fail and fall back.
    pub fn rotate_server_key(&self) {
        self.network().rotate_server_key();
    }

    /// What goes wrong on purpose: rules can be added and taken back at any time.
    pub fn faults(&self) -> &FaultPlan {
        &self.network().faults
    }

    /// The files that were uploaded.
    pub fn media(&self) -> &MediaStore {
        &self.network().media
    }

    /// What strict mode has collected so far; it is forgotten by this.
    pub fn take_violations(&self) -> Vec<Violation> {
        self.network()
            .with(|state| std::mem::take(&mut state.violations))
    }

    /// Panics when a client has sent something that the network does not know or would refuse.
    ///
    /// # Panics
    ///
    /// With all such stanzas printed.
    #[track_caller]
    pub fn assert_clean(&self) {
        let violations = self.take_violations();
        assert!(violations.is_empty(), "{}", printed(&violations));
    }

    /// Closes all connections and waits until every task is over.
    pub async fn shutdown(&self) {
        let network = self.network();
        if self.running.file.is_some() {
            // What phones are about to do is not in the file: let them do it.
            let quiet = async {
                while network
                    .with(|state| state.accounts.values().any(|account| account.phone_busy))
                {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(2), quiet)
                .await
                .ok();
        }
        network.stop.cancel();
        network.tasks.close();
        network.tasks.wait().await;
    }

    pub(crate) fn network(&self) -> &Arc<Network> {
        &self.running.network
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.network.stop.cancel();
        if let Some(file) = &self.file
            && let Err(error) = file.save_last(&self.network)
        {
            tracing::error!("the network's state is not kept: {error}");
        }
        if self.fail_on_drop && !std::thread::panicking() {
            let violations = self
                .network
                .with(|state| std::mem::take(&mut state.violations));
            assert!(violations.is_empty(), "{}", printed(&violations));
        }
    }
}

fn printed(violations: &[Violation]) -> String {
    let mut text = String::from("clients sent what the network does not accept:");
    for violation in violations {
        text.push_str("\n  ");
        text.push_str(&violation.to_string());
    }
    text
}

/// How a simulator is to be.
#[derive(Debug, Clone)]
pub struct SimulatorBuilder {
    listen: SocketAddr,
    file: Option<PathBuf>,
    seed: Option<u64>,
    clock: Clock,
    settings: Settings,
}

impl Default for SimulatorBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            file: None,
            seed: None,
            clock: Clock::default(),
            settings: Settings::default(),
        }
    }
}

impl SimulatorBuilder {
    /// Where to listen; only loopback addresses are accepted. Default: a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The same seed makes the same keys and ids. Default: another one each time.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Strict (the default): dropping the last handle panics when a client has sent what the network does not accept.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.settings.strict = strict;
        self
    }

    /// New groups are addressed by phone number, as old ones of the real network are. Default: by LID.
    #[must_use]
    pub fn groups_by_phone_number(mut self) -> Self {
        self.settings.group_addressing = Addressing::Pn;
        self
    }

    /// How many members a group can have. Default: 1025.
    #[must_use]
    pub fn group_limit(mut self, members: usize) -> Self {
        self.settings.group_limit = members;
        self
    }

    /// The network's clock. Default: real time.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long the QR codes of one connection are valid, in order. Default: 60 s, then five of 20 s.
    #[must_use]
    pub fn qr_lifetimes(mut self, lifetimes: impl IntoIterator<Item = Duration>) -> Self {
        self.settings.qr_lifetimes = lifetimes.into_iter().collect();
        self
    }

    /// How many stanzas may wait for a client that does not read.
    #[must_use]
    pub fn outgoing_limit(mut self, stanzas: usize) -> Self {
        self.settings.outgoing_limit = stanzas.max(1);
        self
    }

    /// How long files are kept, how large they may be, and where they go.
    #[must_use]
    pub fn media(mut self, settings: MediaSettings) -> Self {
        self.settings.media = settings;
        self
    }

    /// Keeps what the network knows in this file, and begins with what is in it. Files that were uploaded are kept in a folder
    /// beside it. Default: nothing is kept.
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        self.settings.media.folder = Some(path.with_extension("media"));
        self.file = Some(path);
        self
    }

    /// Starts it.
    pub async fn start(self) -> Result<Simulator, StartError> {
        if !self.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.listen));
        }
        let cannot_listen = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        let stored = match &self.file {
            Some(path) => persist::read(path)?,
            None => None,
        };
        let (seed, starts) = match &stored {
            Some(stored) => (stored.seed, stored.starts + 1),
            None => (self.seed.unwrap_or_else(rand::random), 0),
        };
        tracing::info!(seed, starts, %address, "simulator started");
        // A network that goes on does not draw the same keys again.
        let mut random = Random::seeded(seed.wrapping_add(starts));
        let identity = match (&stored, &self.file) {
            (Some(stored), Some(path)) => ServerIdentity::from_stored(&stored.server)
                .map_err(|_| StateFileError::Key { path: path.clone() })?,
            _ => ServerIdentity::generate(random.generator(), self.clock.now()),
        };
        let fail_on_drop = self.settings.strict;
        let mut state = State::new(self.settings, self.clock, random);
        state.media.set_host(address);
        if let (Some(stored), Some(path)) = (stored, &self.file) {
            stored.restore(&mut state, path)?;
        }
        let network = Network::new(state, identity, seed);
        let file = self.file.map(|path| StateFile::new(path, seed, starts));
        if let Some(file) = &file {
            file.clone().keep(&network);
        }
        network.address.get_or_init(|| address);
        let stop = network.stop.clone();
        let routes = server::router(Arc::clone(&network));
        network.tasks.spawn(async move {
            let serving = axum::serve(listener, routes).into_future();
            tokio::select! {
                () = stop.cancelled() => {}
                result = serving => if let Err(error) = result {
                    tracing::error!(%error, "the simulator cannot accept connections any more");
                }
            }
        });
        Ok(Simulator {
            running: Arc::new(Running {
                network,
                address,
                fail_on_drop,
                file,
            }),
        })
    }
}
