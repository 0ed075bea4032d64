//! `/metrics`: the original's figures and ours, as Prometheus text 0.0.4.

use std::fmt::Write;
use std::sync::{Arc, Weak};
use std::time::Instant;

use pombo_api::HttpCounters;
use pombo_core::Gateway;
use pombo_domain::instance::ConnectionState;

/// The version of the API that we are compatible with.
pub const API_VERSION: &str = "2.3.6";

/// Everything that `/metrics` shows.
pub struct Metrics {
    /// The program.
    pub gateway: Weak<Gateway>,
    /// Its requests.
    pub http: Arc<HttpCounters>,
    /// Figures of the live transports: name, help and value.
    pub live: Box<dyn Fn() -> Vec<(&'static str, &'static str, u64)> + Send + Sync>,
    /// `clientName`.
    pub client_name: String,
    /// `SERVER_URL`.
    pub server_url: String,
    /// When the program started.
    pub started: Instant,
}

impl Metrics {
    /// The whole text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(4096);
        family(
            &mut text,
            "evolution_environment_info",
            "gauge",
            "Environment information",
        );
        sample(
            &mut text,
            "evolution_environment_info",
            &[
                ("version", API_VERSION),
                ("clientName", &self.client_name),
                ("serverUrl", &self.server_url),
            ],
            1,
        );
        if let Some(gateway) = self.gateway.upgrade() {
            self.instances(&mut text, &gateway);
            events(&mut text, &gateway);
        }
        for (name, help, value) in (self.live)() {
            let kind = if name.ends_with("_total") {
                "counter"
            } else {
                "gauge"
            };
            family(&mut text, name, kind, help);
            sample(&mut text, name, &[], value);
        }
        self.http.render(&mut text);
        family(
            &mut text,
            "pombo_build_info",
            "gauge",
            "Version of this program",
        );
        sample(
            &mut text,
            "pombo_build_info",
            &[("version", env!("CARGO_PKG_VERSION"))],
            1,
        );
        family(
            &mut text,
            "pombo_uptime_seconds",
            "gauge",
            "Seconds since the start",
        );
        sample(
            &mut text,
            "pombo_uptime_seconds",
            &[],
            self.started.elapsed().as_secs(),
        );
        text
    }

    fn instances(&self, text: &mut String, gateway: &Gateway) {
        let instances: Vec<_> = gateway
            .instances()
            .iter()
            .map(|entry| Arc::clone(&entry.state().instance))
            .collect();
        family(
            text,
            "evolution_instances_total",
            "gauge",
            "Total number of instances",
        );
        sample(
            text,
            "evolution_instances_total",
            &[],
            instances.len() as u64,
        );
        family(
            text,
            "evolution_instance_up",
            "gauge",
            "1 if instance state is open, else 0",
        );
        for instance in &instances {
            let labels = [
                ("instance", instance.name.as_str()),
                ("integration", instance.channel.as_str()),
            ];
            sample(
                text,
                "evolution_instance_up",
                &labels,
                u64::from(instance.connection == ConnectionState::Open),
            );
        }
        family(
            text,
            "evolution_instance_state",
            "gauge",
            "Instance state as a labelled metric",
        );
        for instance in &instances {
            let labels = [
                ("instance", instance.name.as_str()),
                ("integration", instance.channel.as_str()),
                ("state", instance.connection.as_str()),
            ];
            sample(text, "evolution_instance_state", &labels, 1);
        }
    }
}

fn events(text: &mut String, gateway: &Gateway) {
    let name = "pombo_events_total";
    family(
        text,
        name,
        "counter",
        "Events written to the log since the start",
    );
    sample(text, name, &[], gateway.bus().committed_total());
    let name = "pombo_event_log_head";
    family(text, name, "gauge", "Newest place in the event log");
    sample(text, name, &[], gateway.bus().head());
    let counters = [
        ("pombo_deliveries_total", "Deliveries that worked"),
        (
            "pombo_deliveries_parked_total",
            "Deliveries put aside to be tried again",
        ),
        ("pombo_deliveries_dead_total", "Deliveries given up"),
        ("pombo_delivery_attempts_total", "Delivery attempts"),
    ];
    for (place, (name, help)) in counters.into_iter().enumerate() {
        family(text, name, "counter", help);
        for sink in gateway.sinks() {
            sample(
                text,
                name,
                &[("sink", sink.name())],
                sink.counters().read()[place],
            );
        }
    }
    let name = "pombo_sink_lag_events";
    family(
        text,
        name,
        "gauge",
        "How far the slowest line of a sink is behind the log",
    );
    for sink in gateway.sinks() {
        sample(text, name, &[("sink", sink.name())], sink.lag());
    }
    family(
        text,
        "pombo_live_clients",
        "gauge",
        "Connected Socket.IO and WebSocket clients",
    );
    sample(text, "pombo_live_clients", &[], gateway.live_clients());
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn sample(text: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    text.push_str(name);
    for (position, (label, content)) in labels.iter().enumerate() {
        let open = if position == 0 { '{' } else { ',' };
        let content = content
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('"', "\\\"");
        if write!(text, "{open}{label}=\"{content}\"").is_err() {
            return;
        }
    }
    text.push_str(if labels.is_empty() { " " } else { "} " });
    text.push_str(&format!("{value}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = String::new();
        sample(&mut text, "m", &[("a", "x\"y\\z\n"), ("b", "")], 1);
        assert_eq!(text, "m{a=\"x\\\"y\\\\z\\n\",b=\"\"} 1\n");
    }
}
