use secrecy::ExposeSecret;

use super::{
    env,
    read::Config,
    reader::set_text,
    source::Source,
    variable::{Status, Variable},
};

/// Keys that are public, because an example file of the original shows them.
const PUBLIC_EXAMPLE_KEYS: [&str; 3] = ["429683C4C977415CAAFCCE10F7D57E11", "mude-me", "change-me"];

/// Parts that this build does not have yet, and the switch that asks for each.
const NOT_BUILT: [(&Variable, &str); 8] = [
    (
        &env::TYPEBOT_ENABLED,
        "Typebot is not part of this build yet",
    ),
    (&env::OPENAI_ENABLED, "OpenAI is not part of this build yet"),
    (&env::DIFY_ENABLED, "Dify is not part of this build yet"),
    (&env::N8N_ENABLED, "n8n is not part of this build yet"),
    (
        &env::FLOWISE_ENABLED,
        "Flowise is not part of this build yet",
    ),
    (&env::EVOAI_ENABLED, "EvoAI is not part of this build yet"),
    (
        &env::CHATWOOT_ENABLED,
        "the Chatwoot bridge is not part of this build yet",
    ),
    (&env::S3_ENABLED, "S3 storage is not part of this build yet"),
];

/// What the operator should know, one line each.
pub(super) fn warnings(source: &dyn Source, config: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    risks(source, config, &mut lines);
    half_set(source, config, &mut lines);
    for (switch, text) in NOT_BUILT {
        if is_on(source, switch) {
            lines.push(format!("{}=true: {text}", switch.name));
        }
    }
    if config.cache.redis_mentioned {
        lines.push("CACHE_REDIS_* is accepted and has no effect: no Redis is needed".to_owned());
    }
    lines.extend(without_effect(source));
    lines.extend(misspelled(source));
    lines
}

/// Settings that open more than their reader may have wanted.
fn risks(source: &dyn Source, config: &Config, lines: &mut Vec<String>) {
    if config.websocket.allowed_hosts.is_everybody() {
        lines.push(
            "WEBSOCKET_ALLOWED_HOSTS contains `*`: everybody who reaches this server may read all events without a key"
                .to_owned(),
        );
    }
    if let Some(key) = config.auth.api_key.as_ref().map(|key| key.expose_secret()) {
        if PUBLIC_EXAMPLE_KEYS.contains(&key) {
            lines.push(
                "AUTHENTICATION_API_KEY is the key of a public example file: everybody knows it; choose another"
                    .to_owned(),
            );
        } else if key.len() < 16 {
            lines.push(
                "AUTHENTICATION_API_KEY has fewer than 16 characters: it may be guessed".to_owned(),
            );
        }
    }
    if config.metrics.enabled && !config.metrics.auth_required && config.metrics.allowed.is_empty()
    {
        lines.push(
            "PROMETHEUS_METRICS=true without METRICS_AUTH_REQUIRED or METRICS_ALLOWED_IPS: everybody may read /metrics"
                .to_owned(),
        );
    }
    if set_text(source, &env::POMBO_OUTBOUND_POLICY)
        .is_some_and(|policy| policy.eq_ignore_ascii_case("open"))
    {
        lines.push(
            "POMBO_OUTBOUND_POLICY=open: whoever has a key can make this server call any address it reaches".to_owned(),
        );
    }
}

/// Settings that need another one.
fn half_set(source: &dyn Source, config: &Config, lines: &mut Vec<String>) {
    match &config.webhook.global {
        Some(webhook) if webhook.events.is_empty() => lines.push(
            "WEBHOOK_GLOBAL_ENABLED=true, but no WEBHOOK_EVENTS_* is: nothing is sent to it"
                .to_owned(),
        ),
        None if is_on(source, &env::WEBHOOK_GLOBAL_ENABLED) => {
            lines.push(
                "WEBHOOK_GLOBAL_ENABLED=true without WEBHOOK_GLOBAL_URL: nothing is sent"
                    .to_owned(),
            );
        }
        Some(_) | None => {}
    }
    if config.webhook.errors.is_none() && is_on(source, &env::WEBHOOK_EVENTS_ERRORS) {
        lines.push(
            "WEBHOOK_EVENTS_ERRORS=true without WEBHOOK_EVENTS_ERRORS_WEBHOOK: nothing is sent"
                .to_owned(),
        );
    }
    let metrics = &config.metrics;
    if metrics.enabled
        && metrics.auth_required
        && (metrics.user.is_none() || metrics.password.is_none())
    {
        lines.push(
            "METRICS_AUTH_REQUIRED=true without METRICS_USER and METRICS_PASSWORD: nobody may read /metrics".to_owned(),
        );
    }
    if let Some(text @ ("1" | "true")) = set_text(source, &env::DEL_INSTANCE).as_deref() {
        lines.push(format!(
            "DEL_INSTANCE={text} does nothing, as in the original; a number of minutes from 2 does"
        ));
    }
}

/// One line that names what is set for nothing. What container images set by themselves is not mentioned, nor Redis.
fn without_effect(source: &dyn Source) -> Option<String> {
    let quiet =
        |name: &str| matches!(name, "NODE_ENV" | "DOCKER_ENV") || name.starts_with("CACHE_REDIS_");
    let names: Vec<_> = env::variables()
        .filter(|variable| variable.status == Status::NoEffect && !quiet(variable.name))
        .filter(|variable| set_text(source, variable).is_some())
        .map(|variable| variable.name)
        .collect();
    (!names.is_empty()).then(|| format!("accepted, but without effect: {}", names.join(", ")))
}

/// Names that nobody knows, when they are ours or close to a known one.
fn misspelled(source: &dyn Source) -> Vec<String> {
    let mut lines = Vec::new();
    for name in source.names() {
        let ours = name.starts_with("POMBO_") && !set_by_kubernetes(&name);
        if env::find(&name).is_some() || !(ours || name.len() >= 10) {
            continue;
        }
        let near = env::variables()
            .map(|variable| (distance(&name, variable.name), variable.name))
            .min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance <= if ours { 6 } else { 2 });
        match near {
            Some((_, near)) => lines.push(format!(
                "{name} is no variable of this program; did you mean {near}?"
            )),
            None if ours => lines.push(format!(
                "{name} is no variable of this program (see docs/env.md)"
            )),
            None => {}
        }
    }
    lines
}

/// A cluster that runs a service named `pombo` gives these to every container.
fn set_by_kubernetes(name: &str) -> bool {
    name == "POMBO_PORT" || name.starts_with("POMBO_PORT_") || name.starts_with("POMBO_SERVICE_")
}

fn is_on(source: &dyn Source, variable: &Variable) -> bool {
    set_text(source, variable)
        .and_then(|text| super::parse::boolean(&text))
        .unwrap_or_default()
}

/// How many characters have to be added, removed or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, character) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, expected) in other.iter().enumerate() {
            let changed = diagonal + usize::from(character != *expected);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MapSource;

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        let source: MapSource = variables.iter().copied().collect();
        Config::read(&source).unwrap().warnings().to_vec()
    }

    #[test]
    fn an_empty_environment_has_none() {
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn redis_is_mentioned_once() {
        let lines = of(&[
            ("CACHE_REDIS_ENABLED", "true"),
            ("CACHE_REDIS_URI", "redis://r:6379"),
            ("CACHE_REDIS_TTL", "x"),
        ]);
        assert_eq!(
            lines,
            ["CACHE_REDIS_* is accepted and has no effect: no Redis is needed"]
        );
    }

    #[test]
    fn what_has_no_effect_is_named_in_one_line() {
        let lines = of(&[
            ("TELEMETRY_ENABLED", "maybe"),
            ("SERVER_DISABLE_DOCS", "true"),
            ("NODE_ENV", "PROD"),
        ]);
        assert_eq!(
            lines,
            ["accepted, but without effect: SERVER_DISABLE_DOCS, TELEMETRY_ENABLED"]
        );
    }

    #[test]
    fn misspelled_names_get_a_hint() {
        let lines = of(&[
            ("POMBO_DATADIR", "/x"),
            ("POMBO_SOMETHING_ELSE_ENTIRELY", "1"),
            ("DATABASE_CONECTION_URI", "x"),
            ("RABBITMQ_EVENTS_GROUP_UPDATE", "true"),
            ("POMBO_SERVICE_HOST", "10.0.0.1"),
            ("POMBO_PORT", "tcp://10.0.0.1:80"),
            ("HOME", "/root"),
            ("LD_LIBRARY_PATH", "/lib"),
        ]);
        assert_eq!(
            lines,
            [
                "DATABASE_CONECTION_URI is no variable of this program; did you mean DATABASE_CONNECTION_URI?",
                "POMBO_DATADIR is no variable of this program; did you mean POMBO_DATA_DIR?",
                "POMBO_SOMETHING_ELSE_ENTIRELY is no variable of this program (see docs/env.md)",
                "RABBITMQ_EVENTS_GROUP_UPDATE is no variable of this program; did you mean RABBITMQ_EVENTS_GROUPS_UPDATE?",
            ]
        );
    }

    #[test]
    fn parts_that_are_not_built_say_so() {
        let lines = of(&[("FLOWISE_ENABLED", "true"), ("DIFY_ENABLED", "1")]);
        assert_eq!(
            lines,
            [
                "DIFY_ENABLED=true: Dify is not part of this build yet",
                "FLOWISE_ENABLED=true: Flowise is not part of this build yet",
            ]
        );
    }

    #[test]
    fn open_doors_are_named() {
        let lines = of(&[
            ("WEBSOCKET_ALLOWED_HOSTS", "*"),
            ("AUTHENTICATION_API_KEY", "short"),
            ("POMBO_OUTBOUND_POLICY", "open"),
            ("PROMETHEUS_METRICS", "true"),
        ]);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(!lines.concat().contains("short"));
        assert!(
            of(&[("AUTHENTICATION_API_KEY", PUBLIC_EXAMPLE_KEYS[0])])[0].contains("public example")
        );
    }

    #[test]
    fn half_of_a_setting_is_noticed() {
        let lines = of(&[
            ("WEBHOOK_GLOBAL_ENABLED", "true"),
            ("WEBHOOK_EVENTS_ERRORS", "true"),
            ("DEL_INSTANCE", "1"),
            ("PROMETHEUS_METRICS", "true"),
            ("METRICS_AUTH_REQUIRED", "true"),
        ]);
        assert_eq!(lines.len(), 4, "{lines:?}");
        let lines = of(&[
            ("WEBHOOK_GLOBAL_ENABLED", "true"),
            ("WEBHOOK_GLOBAL_URL", "http://h"),
        ]);
        assert!(lines[0].contains("no WEBHOOK_EVENTS_*"), "{lines:?}");
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
