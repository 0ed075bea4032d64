//! The configuration as a whole.

use std::time::Duration;

use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

fn config(variables: &[(&str, &str)]) -> Config {
    let source: MapSource = variables.iter().copied().collect();
    Config::read(&source).unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(variables: &[(&str, &str)]) -> Vec<String> {
    let source: MapSource = variables.iter().copied().collect();
    let errors = Config::read(&source).expect_err("it must be refused");
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_need_be_set() {
    let config = config(&[]);
    assert_eq!(config.server.socket_address().to_string(), "0.0.0.0:8080");
    assert_eq!(
        (config.server.body_limit, config.server.request_timeout),
        (136 << 20, Duration::from_secs(120))
    );
    assert!(config.server.tls.is_none() && config.server.url.is_none() && config.server.manager);
    assert_eq!(config.cors.origins, Origins::Any);
    assert!(config.cors.credentials && config.websocket.enabled && !config.websocket.global_events);
    assert!(config.auth.api_key.is_none() && config.websocket.allowed_hosts.is_empty());
    assert_eq!(config.database.backend.shown(), "./data/pombo.db");
    assert_eq!(config.database.wait, Duration::from_secs(60));
    let save = config.database.save;
    assert!(save.messages && save.message_updates && save.contacts && save.chats && save.labels);
    assert!(
        save.history && save.numbers == Some(Duration::from_secs(7 * 86_400)) && !save.keep_revoked
    );
    assert_eq!(config.events.retention, Duration::from_secs(72 * 3600));
    assert_eq!(
        (config.events.max_rows, config.events.local_time),
        (5_000_000, false)
    );
    assert_eq!(config.outbound.policy, OutboundPolicy::Private);
    assert!(config.webhook.global.is_none() && config.webhook.retry.is_unset());
    assert_eq!(
        config.webhook.retry.non_retryable,
        [400, 401, 403, 404, 422]
    );
    assert_eq!(config.instances.client_name, "evolution");
    assert_eq!(config.instances.delete_after, None);
    assert_eq!(config.log.level(), tracing::Level::INFO);
    assert_eq!(config.log.color, None);
    assert!(config.rabbitmq.is_none() && config.proxy.is_none() && config.s3.is_none());
    assert_eq!(config.business.webhook_token.expose_secret(), "evolution");
    assert!(config.warnings().is_empty());
}

#[test]
fn empty_and_blank_values_count_as_unset() {
    let every: MapSource = env::variables()
        .map(|variable| (variable.name, " "))
        .collect();
    assert!(Config::read(&every).is_ok());
}

#[test]
fn all_errors_come_at_once_and_in_the_order_of_the_documentation() {
    let errors = errors(&[
        ("WEBHOOK_GLOBAL_URL", "hooks.test"),
        ("SERVER_PORT", "8080abc"),
        ("CORS_CREDENTIALS", "maybe"),
        ("AUTHENTICATION_API_KEY", "BQYHJGJHJ"),
        ("RABBITMQ_ENABLED", "true"),
        ("KAFKA_NUM_PARTITIONS", "0"),
        ("TELEMETRY_ENABLED", "maybe"),
    ]);
    assert_eq!(
        errors,
        [
            "SERVER_PORT: `8080abc` is not accepted; expected a whole number from 0 to 65535",
            "CORS_CREDENTIALS: `maybe` is not accepted; expected `true` or `false` (also 1/0, yes/no, on/off)",
            "AUTHENTICATION_API_KEY: `****` is not accepted; expected a key of your own, since this is the public \
             default key of the original that everybody knows (unset it, and a random key is made)",
            "WEBHOOK_GLOBAL_URL: `hooks.test` is not accepted; expected an address that begins with `http://` or \
             `https://`",
            "RABBITMQ_URI is not set; expected the broker's address, since RABBITMQ_ENABLED is `true`",
            "KAFKA_NUM_PARTITIONS: `0` is not accepted; expected a whole number from 1 to 1000000",
        ]
    );
}

#[test]
fn errors_never_show_secrets() {
    let uri = "mysql://user:SECRET@h/d";
    let errors = errors(&[
        ("DATABASE_PROVIDER", "postgresql"),
        ("DATABASE_CONNECTION_URI", uri),
        ("AUTHENTICATION_API_KEY", "SECRET with blanks"),
        ("RABBITMQ_URI", "SECRET"),
        ("WEBHOOK_GLOBAL_URL", "ftp://user:SECRET@h"),
    ]);
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(!errors.concat().contains("SECRET"), "{errors:?}");
    assert!(
        errors.concat().contains("mysql://user:****@h/d"),
        "{errors:?}"
    );
}

#[test]
fn an_error_shows_long_and_strange_values_on_one_short_line() {
    let errors = errors(&[(
        "SERVER_PORT",
        &format!("a\nb\u{1b}[31m{}", "x".repeat(10_000)),
    )]);
    assert!(
        errors[0].len() < 300 && !errors[0].contains(['\n', '\u{1b}']),
        "{errors:?}"
    );
}

#[test]
fn the_database_is_chosen_by_provider_or_address() {
    let shown = |variables: &[(&str, &str)]| config(variables).database.backend.shown();
    let postgres = (
        "DATABASE_CONNECTION_URI",
        "postgresql://u:p@h:5432/d?schema=s",
    );
    assert_eq!(
        shown(&[("POMBO_DATA_DIR", "/var/lib/pombo")]),
        "/var/lib/pombo/pombo.db"
    );
    assert_eq!(shown(&[("DATABASE_PROVIDER", "SQLite")]), "./data/pombo.db");
    assert_eq!(
        shown(&[("DATABASE_CONNECTION_URI", "sqlite:///tmp/x.db?mode=rwc")]),
        "/tmp/x.db"
    );
    assert_eq!(shown(&[postgres]), "postgresql://u:****@h:5432/d?schema=s");
    assert_eq!(
        shown(&[("DATABASE_PROVIDER", "postgresql"), postgres]),
        "postgresql://u:****@h:5432/d?schema=s"
    );
    assert_eq!(
        shown(&[("DATABASE_CONNECTION_URI", "mysql://u:p@h/d")]),
        "mysql://u:****@h/d"
    );
    let backend = config(&[("DATABASE_CONNECTION_URI", "postgres://h/d")])
        .database
        .backend;
    assert!(matches!(
        backend,
        DatabaseBackend::Postgres {
            migrations: None,
            ..
        }
    ));
    let backend = config(&[("POMBO_SQLITE_SYNCHRONOUS", "normal")])
        .database
        .backend;
    assert!(matches!(
        backend,
        DatabaseBackend::Sqlite {
            synchronous: SqliteSynchronous::Normal,
            ..
        }
    ));
}

#[test]
fn a_pooler_serves_everything_but_migrations() {
    let backend = config(&[
        ("DATABASE_PROVIDER", "psql_bouncer"),
        ("DATABASE_CONNECTION_URI", "postgresql://direct/d"),
        (
            "DATABASE_BOUNCER_CONNECTION_URI",
            "postgresql://pooler:6543/d?pgbouncer=true",
        ),
    ])
    .database
    .backend;
    let DatabaseBackend::Postgres {
        uri,
        migrations: Some(migrations),
    } = backend
    else {
        panic!("{backend:?}")
    };
    assert!(uri.expose_secret().contains("pooler"));
    assert_eq!(migrations.expose_secret(), "postgresql://direct/d");
}

#[test]
fn a_database_that_does_not_fit_is_refused() {
    for (variables, expected) in [
        (
            vec![("DATABASE_PROVIDER", "postgresql")],
            "DATABASE_CONNECTION_URI is not set",
        ),
        (
            vec![("DATABASE_PROVIDER", "mysql")],
            "DATABASE_CONNECTION_URI is not set",
        ),
        (
            vec![("DATABASE_PROVIDER", "psql_bouncer")],
            "DATABASE_CONNECTION_URI is not set",
        ),
        (
            vec![
                ("DATABASE_PROVIDER", "sqlite"),
                ("DATABASE_CONNECTION_URI", "mysql://h/d"),
            ],
            "fits DATABASE_PROVIDER, which is `sqlite`",
        ),
        (
            vec![
                ("DATABASE_PROVIDER", "mysql"),
                ("DATABASE_CONNECTION_URI", "postgres://h/d"),
            ],
            "fits DATABASE_PROVIDER, which is `mysql`",
        ),
        (
            vec![("DATABASE_PROVIDER", "oracle")],
            "`sqlite`, `postgresql`, `psql_bouncer` or `mysql`",
        ),
        (
            vec![("DATABASE_CONNECTION_URI", "mongodb://h/d")],
            "begins with `postgresql://`",
        ),
    ] {
        let errors = errors(&variables);
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].contains(expected), "{errors:?}");
    }
}

#[test]
fn https_needs_both_files_and_they_must_be_readable() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    std::fs::write(&file, "").unwrap();
    let (file, missing) = (
        file.to_str().unwrap(),
        folder.path().join("none").display().to_string(),
    );

    let refused = errors(&[("SERVER_TYPE", "https")]);
    assert_eq!(refused.len(), 2, "{refused:?}");
    let refused = errors(&[
        ("SERVER_TYPE", "https"),
        ("SSL_CONF_PRIVKEY", file),
        ("SSL_CONF_FULLCHAIN", &missing),
    ]);
    assert!(
        refused.len() == 1 && refused[0].starts_with("SSL_CONF_FULLCHAIN"),
        "{refused:?}"
    );
    let refused = errors(&[
        ("SERVER_TYPE", "https"),
        ("SSL_CONF_PRIVKEY", folder.path().to_str().unwrap()),
        ("SSL_CONF_FULLCHAIN", file),
    ]);
    assert!(refused[0].contains("and this is none"), "{refused:?}");

    let config = config(&[
        ("SERVER_TYPE", "https"),
        ("SSL_CONF_PRIVKEY", file),
        ("SSL_CONF_FULLCHAIN", file),
    ]);
    assert_eq!(config.server.tls.unwrap().private_key.to_str(), Some(file));
}

#[test]
fn the_global_webhook_knows_its_events() {
    let config = config(&[
        ("WEBHOOK_GLOBAL_ENABLED", "true"),
        ("WEBHOOK_GLOBAL_URL", "http://hooks.test"),
        ("WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS", "true"),
        ("WEBHOOK_EVENTS_MESSAGES_UPSERT", "true"),
        ("WEBHOOK_EVENTS_GROUPS_UPDATE", "1"),
        ("WEBHOOK_EVENTS_ERRORS", "true"),
        ("WEBHOOK_EVENTS_ERRORS_WEBHOOK", "https://errors.test"),
        ("WEBHOOK_RETRY_MAX_ATTEMPTS", "3"),
        ("WEBHOOK_RETRY_JITTER_FACTOR", "0"),
        ("WEBHOOK_RETRY_NON_RETRYABLE_STATUS_CODES", "400, 410"),
    ]);
    let webhook = config.webhook.global.unwrap();
    assert_eq!(
        (webhook.url.as_str(), webhook.by_events),
        ("http://hooks.test", true)
    );
    assert_eq!(
        webhook.events.iter().collect::<Vec<_>>(),
        ["GROUPS_UPDATE", "MESSAGES_UPSERT"]
    );
    assert!(webhook.events.contains("GROUP_UPDATE") && !webhook.events.contains("CALL"));
    assert_eq!(config.webhook.errors.unwrap().url, "https://errors.test");
    let retry = config.webhook.retry;
    assert!(!retry.is_unset());
    assert_eq!(
        (retry.max_attempts, retry.jitter, retry.initial_delay),
        (Some(3), Some(0.0), None)
    );
    assert_eq!(retry.non_retryable, [400, 410]);
}

#[test]
fn the_words_of_the_log_level_become_a_level() {
    let level = |words| config(&[("LOG_LEVEL", words)]).log.level();
    assert_eq!(level("ERROR"), tracing::Level::ERROR);
    assert_eq!(level("error, warn"), tracing::Level::WARN);
    assert_eq!(level("WEBSOCKET"), tracing::Level::INFO);
    assert_eq!(
        level("ERROR,WARN,DEBUG,INFO,LOG,VERBOSE,DARK,WEBHOOKS,WEBSOCKET"),
        tracing::Level::DEBUG
    );
    let log = config(&[
        ("LOG_LEVEL", "WEBHOOKS"),
        ("LOG_COLOR", "false"),
        ("POMBO_LOG_FORMAT", "json"),
    ])
    .log;
    assert!(log.webhooks() && !log.websocket());
    assert_eq!((log.color, log.format), (Some(false), LogFormat::Json));
    assert!(errors(&[("LOG_LEVEL", "LOUD")])[0].contains("VERBOSE"));
}

#[test]
fn sqs_needs_an_account() {
    let errors = errors(&[
        ("SQS_ENABLED", "true"),
        ("SQS_REGION", "sa-east-1"),
        ("SQS_ACCESS_KEY_ID", "AKID"),
    ]);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].contains("SQS_SECRET_ACCESS_KEY") && errors[1].contains("SQS_ACCOUNT_ID"),
        "{errors:?}"
    );
}

#[test]
fn the_pusher_host_is_no_address_of_a_page() {
    let set = [
        ("PUSHER_ENABLED", "true"),
        ("POMBO_PUSHER_HOST", "http://h/x"),
    ];
    assert!(errors(&set)[0].contains("host:port"));
}

#[test]
fn parts_of_later_builds_are_kept() {
    let config = config(&[
        ("RABBITMQ_ENABLED", "true"),
        ("RABBITMQ_URI", "amqp://u:p@h:5672/%2f"),
        ("RABBITMQ_GLOBAL_ENABLED", "true"),
        ("RABBITMQ_EVENTS_CALL", "true"),
        ("SQS_ENABLED", "true"),
        ("SQS_ACCESS_KEY_ID", "AKID"),
        ("SQS_SECRET_ACCESS_KEY", "secret"),
        ("SQS_ACCOUNT_ID", "123456789012"),
        ("SQS_REGION", "sa-east-1"),
        ("SQS_GLOBAL_ENABLED", "true"),
        ("SQS_GLOBAL_REMOVE_INSTANCE", "true"),
        ("NATS_ENABLED", "true"),
        ("NATS_URI", "a:4222,nats://t@b:4222"),
        ("KAFKA_ENABLED", "true"),
        ("KAFKA_BROKERS", "a:9092, b:9092"),
        ("KAFKA_SASL_ENABLED", "true"),
        ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-256"),
        ("KAFKA_SSL_ENABLED", "true"),
        ("CHATWOOT_ENABLED", "true"),
        ("TYPEBOT_ENABLED", "true"),
        ("S3_ENABLED", "true"),
        ("S3_PORT", "443"),
        ("PROXY_HOST", "proxy.test"),
        ("PROXY_PROTOCOL", "SOCKS5"),
        ("API_AUDIO_CONVERTER", "http://audio.test"),
        ("DEL_INSTANCE", "5"),
    ]);
    assert!(config.rabbitmq.unwrap().global.unwrap().contains("CALL"));
    assert!(
        config
            .sqs
            .unwrap()
            .global
            .unwrap()
            .contains("REMOVE_INSTANCE")
    );
    let kafka = config.kafka.unwrap();
    assert_eq!(kafka.brokers, ["a:9092", "b:9092"]);
    assert_eq!(kafka.sasl.unwrap().mechanism, "scram-sha-256");
    assert!(kafka.tls.unwrap().verify && config.chatwoot.unwrap().bot_contact);
    assert_eq!(config.chatbots.typebot.unwrap().api_version, "old");
    assert_eq!(config.s3.unwrap().port, 443);
    let proxy = config.proxy.unwrap();
    assert_eq!((proxy.protocol, proxy.port), ("socks5", 80));
    assert_eq!(
        config.instances.delete_after,
        Some(Duration::from_secs(300))
    );
    assert!(config.audio_converter.is_some() && config.nats.is_some());
}

#[test]
fn pusher_needs_its_app() {
    assert_eq!(
        errors(&[
            ("PUSHER_ENABLED", "true"),
            ("PUSHER_GLOBAL_ENABLED", "true")
        ])
        .len(),
        4
    );
    assert!(
        config(&[("PUSHER_ENABLED", "true")])
            .pusher
            .unwrap()
            .global
            .is_none()
    );
}

#[test]
fn debug_output_hides_secrets() {
    let config = config(&[
        ("AUTHENTICATION_API_KEY", "SECRET-SECRET-SECRET"),
        ("DATABASE_CONNECTION_URI", "postgres://u:SECRET@h/d"),
        ("METRICS_PASSWORD", "SECRET"),
    ]);
    assert!(!format!("{config:?}").contains("SECRET"));
}

fn any_variables() -> impl Strategy<Value = MapSource> {
    let names: Vec<_> = env::variables().map(|variable| variable.name).collect();
    let value = prop_oneof![
        any::<String>(),
        "[0-9]{1,20}(ms|s|m|h|d|MiB)?",
        "(true|https|sqlite|mysql|psql_bouncer|\\*|,| |/|:|@|\\[|\\]|[0-9.]){0,6}",
        "(https?|postgres|mysql|amqp|sqlite)://[a-z:@/?=&%#\\[\\]0-9]{0,20}",
    ];
    proptest::collection::vec((proptest::sample::select(names), value), 0..20)
        .prop_map(|variables| variables.into_iter().collect())
}

proptest! {
    #[test]
    fn no_environment_makes_it_panic(source in any_variables()) {
        match Config::read(&source) {
            Ok(config) => drop(format!("{config:?}")),
            Err(errors) => prop_assert!(!errors.0.is_empty() && !errors.to_string().is_empty()),
        }
        let shown = effective(&source);
        prop_assert_eq!(shown.lines().filter(|line| line.contains('=')).count() >= 340, true);
    }
}
