//! Waiting for a condition.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a condition may take on two busy cores.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Asks again and again until the answer is there.
///
/// # Panics
/// When it is not there within [`DEADLINE`]; the text says what was waited for.
pub async fn until<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            start.elapsed() < DEADLINE,
            "waited {DEADLINE:?} in vain for: {what}"
        );
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}
