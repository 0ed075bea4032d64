//! What the routes counted, for the metrics.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration histogram, in microseconds.
const BOUNDS: [u64; 8] = [
    1_000, 5_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000, 60_000_000,
];

/// Requests by class of status, and how long they took.
#[derive(Debug, Default)]
pub struct HttpCounters {
    /// Informational (a WebSocket that opened), 2xx, 3xx, 4xx, 5xx.
    classes: [AtomicU64; 5],
    buckets: [AtomicU64; BOUNDS.len()],
    micros: AtomicU64,
    in_flight: AtomicU64,
}

impl HttpCounters {
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, status: http::StatusCode, elapsed: Duration) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(bucket) = BOUNDS.iter().position(|bound| micros <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The one who asked went away before the answer.
    pub(crate) fn abandon(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Appends the Prometheus text.
    pub fn render(&self, text: &mut String) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut line = |line: std::fmt::Arguments<'_>| {
            writeln!(text, "{line}").expect("a text can always grow")
        };
        line(format_args!(
            "# HELP pombo_http_requests_total Answered requests by class of status"
        ));
        line(format_args!("# TYPE pombo_http_requests_total counter"));
        for (class, counter) in ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .iter()
            .zip(&self.classes)
        {
            line(format_args!(
                "pombo_http_requests_total{{class=\"{class}\"}} {}",
                read(counter)
            ));
        }
        line(format_args!(
            "# HELP pombo_http_request_seconds How long answers took"
        ));
        line(format_args!("# TYPE pombo_http_request_seconds histogram"));
        let total: u64 = self.classes.iter().map(read).sum();
        let mut below = 0;
        for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
            below += read(bucket);
            line(format_args!(
                "pombo_http_request_seconds_bucket{{le=\"{}\"}} {below}",
                seconds(*bound)
            ));
        }
        line(format_args!(
            "pombo_http_request_seconds_bucket{{le=\"+Inf\"}} {total}"
        ));
        line(format_args!(
            "pombo_http_request_seconds_sum {}",
            seconds(read(&self.micros))
        ));
        line(format_args!("pombo_http_request_seconds_count {total}"));
        line(format_args!(
            "# HELP pombo_http_in_flight Requests being answered"
        ));
        line(format_args!("# TYPE pombo_http_in_flight gauge"));
        line(format_args!(
            "pombo_http_in_flight {}",
            read(&self.in_flight)
        ));
    }
}

/// Microseconds as seconds, exactly.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_shown() {
        let counters = HttpCounters::default();
        counters.begin();
        counters.begin();
        counters.end(http::StatusCode::CREATED, Duration::from_millis(3));
        let mut text = String::new();
        counters.render(&mut text);
        assert!(text.contains("pombo_http_requests_total{class=\"2xx\"} 1\n"));
        assert!(text.contains("pombo_http_request_seconds_bucket{le=\"0.005000\"} 1\n"));
        assert!(text.contains("pombo_http_request_seconds_sum 0.003000\n"));
        assert!(text.contains("pombo_http_in_flight 1\n"));
        counters.abandon();
    }
}
