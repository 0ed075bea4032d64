//! When to stop, and how long stopping may take.

use std::time::Duration;

/// Everything must have ended by then.
pub const GRACE: Duration = Duration::from_secs(9);

/// Ends when the program is asked to stop: Ctrl-C, or SIGTERM from a service manager.
///
/// # Errors
/// When the operating system does not let us listen for signals.
pub async fn asked_to_stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
