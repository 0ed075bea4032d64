//! The network as its connections, phones and HTTP routes share it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wacore_binary::Node;

use super::account::AccountId;
use super::clock::Clock;
use super::session::Session;
use super::state::State;
use crate::fault::FaultPlan;
use crate::media::MediaStore;
use crate::noise::ServerIdentity;
use crate::stanza::router;

/// Everything that one simulator consists of, but its listener.
pub(crate) struct Network {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) faults: Arc<FaultPlan>,
    pub(crate) media: Arc<MediaStore>,
    /// The key of the handshakes; may be rotated.
    pub(crate) server: RwLock<Arc<ServerIdentity>>,
    /// Where it listens; known once it does.
    pub(crate) address: OnceLock<SocketAddr>,
    /// Something may have changed since the state's file was written.
    pub(crate) touched: AtomicBool,
    /// All tasks of this network.
    pub(crate) tasks: TaskTracker,
    /// Ends them.
    pub(crate) stop: CancellationToken,
}

impl Network {
    pub(crate) fn new(state: State, server: ServerIdentity, seed: u64) -> Arc<Self> {
        Arc::new(Self {
            clock: state.clock.clone(),
            media: Arc::clone(&state.media),
            state: Mutex::new(state),
            faults: Arc::new(FaultPlan::new(seed)),
            server: RwLock::new(Arc::new(server)),
            address: OnceLock::new(),
            touched: AtomicBool::new(true),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// Works on the state under its lock; what it caused starts afterwards.
    pub(crate) fn with<T>(self: &Arc<Self>, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        self.touched.store(true, Ordering::Release);
        let result = work(&mut state);
        let later = std::mem::take(&mut state.later);
        drop(state);
        for work in later {
            work(self);
        }
        result
    }

    /// A panic under the lock fails the test that caused it, not all that come after: the state is a map, not an invariant.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a task that ends with the network.
    pub(crate) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// A stanza of an account's phone, treated like that of a companion. The answers (acknowledgement, `iq` result) come back
    /// at once. Not to be called with the state in hand; the phone's own lock may be held.
    pub(crate) fn send_from_phone(self: &Arc<Self>, account: AccountId, stanza: Node) -> Vec<Node> {
        self.with(|state| {
            state.phone_answers.clear();
            router::route(state, &Session::phone(account), stanza);
            std::mem::take(&mut state.phone_answers)
        })
    }

    /// Lets the account's phone do what it has to do, in order, on a task of its own.
    pub(super) fn run_errands(self: &Arc<Self>, id: AccountId) {
        let network = Arc::clone(self);
        self.spawn(async move {
            loop {
                let next = network.with(|state| {
                    let account = state.accounts.get_mut(&id)?;
                    let errand = account.errands.pop_front();
                    account.phone_busy = errand.is_some();
                    Some((Arc::clone(&account.phone), errand?))
                });
                let Some((phone, errand)) = next else {
                    return;
                };
                phone
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .run(&network, errand);
                // Decryption costs: others may run between two errands.
                tokio::task::yield_now().await;
            }
        });
    }

    /// A new key for the handshakes, under the same root.
    pub(crate) fn rotate_server_key(self: &Arc<Self>) {
        let now = self.clock.now();
        let old = self.server();
        let rotated = self.with(|state| Arc::new(old.rotated(state.random.generator(), now)));
        *self.server.write().unwrap_or_else(PoisonError::into_inner) = rotated;
    }

    pub(crate) fn server(&self) -> Arc<ServerIdentity> {
        Arc::clone(&self.server.read().unwrap_or_else(PoisonError::into_inner))
    }
}
