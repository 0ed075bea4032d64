//! What clients send to the simulated network: the beginning of a connection, or stanzas (see `pombo_simulator::fuzz`).

use tokio::runtime::Runtime;

/// The network goes on, and its phones do too.
pub fn run(data: &[u8]) {
    thread_local! {
        static RUNTIME: Runtime = crate::runtime();
    }
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            pombo_simulator::fuzz::run(data);
            // Work that was left for later.
            tokio::task::yield_now().await;
        });
    });
}
