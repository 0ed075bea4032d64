//! Every variable, as a documented constant. `docs/env.md` is made from this file.
//!
//! The order within a section is the order in which they are documented and in which errors are shown.

use super::{
    event_flags::GROUPS,
    kind::Kind::{self, *},
    variable::{Section, Status, Variable},
};

/// Every variable: the named ones of this file, and one boolean per event and global transport.
pub fn variables() -> impl Iterator<Item = &'static Variable> {
    NAMED
        .iter()
        .chain(GROUPS.into_iter().flat_map(|group| group.variables))
}

/// The variable with this name.
pub fn find(name: &str) -> Option<&'static Variable> {
    variables().find(|variable| variable.name == name)
}

const fn integer(min: u64, max: u64) -> Kind {
    Integer { min, max }
}

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const DAY: u64 = 86_400;
const MIB: u64 = 1 << 20;
const DATABASES: Kind = SecretUri(&[
    "postgresql",
    "postgres",
    "mysql",
    "mariadb",
    "sqlite",
    "file",
]);

macro_rules! variables {
    ($($section:ident {$(
        #[doc = $meaning:literal]
        $name:ident: $kind:expr, $default:literal, $status:ident;
    )*})*) => {
        $($(
            #[doc = $meaning]
            pub const $name: Variable = Variable {
                name: stringify!($name),
                kind: $kind,
                default: $default,
                meaning: $meaning,
                section: Section::$section,
                status: Status::$status,
            };
        )*)*
        const NAMED: &[Variable] = &[$($($name),*),*];
    };
}

// Each line: the kind, the default (empty: none), and what this build does with it.
variables! {
    Server {
        /// The port to listen on; 0 takes any free one
        SERVER_PORT: integer(0, 65535), "8080", Used;
        /// The address to listen on; `::` for IPv6 and IPv4
        POMBO_LISTEN: Address, "0.0.0.0", Used;
        /// `https` serves TLS itself and needs the two `SSL_CONF_*` files
        SERVER_TYPE: Word(&["http", "https"]), "http", Used;
        /// The private key of the certificate, PEM
        SSL_CONF_PRIVKEY: Path, "", Used;
        /// The certificate with its chain, PEM
        SSL_CONF_FULLCHAIN: Path, "", Used;
        /// The address under which others reach this server; told in events (`server_url`)
        SERVER_URL: HttpUrl, "", Used;
        /// Takes `/manager` and the `manager` field of `GET /` away
        SERVER_DISABLE_MANAGER: Boolean, "false", Used;
        /// Where the embedded database and the generated API key live
        POMBO_DATA_DIR: Path, "./data", Used;
        /// Proxies whose `X-Forwarded-*` headers are believed
        POMBO_TRUSTED_PROXIES: Addresses { wildcard: false }, "", Used;
        /// The largest request body
        POMBO_BODY_LIMIT: Size { min: 1024, max: 4096 * MIB }, "136MiB", Used;
        /// How long a request may take before it is answered with an error
        POMBO_REQUEST_TIMEOUT: Duration { min: SECOND, max: DAY }, "120s", Used;
        /// The sender's name in SQS messages and group ids
        SERVER_NAME: Text, "evolution", Used;
        /// There is no such page to disable
        SERVER_DISABLE_DOCS: Boolean, "false", NoEffect;
        /// A limit of the original's runtime
        EVENT_EMITTER_MAX_LISTENERS: integer(1, u64::MAX), "50", NoEffect;
        /// Set in the original's container images
        DOCKER_ENV: Text, "", NoEffect;
        /// Set in the original's container images
        NODE_ENV: Text, "", NoEffect;
    }
    Cors {
        /// Pages of which origins may call from a browser: `*`, or a list; a host without scheme stands for http and https
        CORS_ORIGIN: Origins, "*", Used;
        /// The allowed methods
        CORS_METHODS: Methods, "POST,GET,PUT,DELETE", Used;
        /// Whether browsers may send credentials along (original: `false`)
        CORS_CREDENTIALS: Boolean, "true", Used;
    }
    Auth {
        /// The global API key; unset, a random one is made once and kept in `POMBO_DATA_DIR/api-key`. The original's public default is refused
        AUTHENTICATION_API_KEY: ApiKey, "", Used;
        /// Put the instance's token into the `apikey` field of its events
        AUTHENTICATION_EXPOSE_IN_FETCH_INSTANCES: Boolean, "false", Used;
        /// Ask `POST /webhook/evolution` for the API key; off, it is open as in the original
        POMBO_EVOLUTION_WEBHOOK_AUTH: Boolean, "false", Used;
    }
    Log {
        /// What is logged; the most talkative word counts: `ERROR` < `WARN` < `INFO`, `LOG` < `DEBUG`, `VERBOSE`, `DARK`. `WEBHOOKS` and `WEBSOCKET` add one line per delivery, never its content (original: all nine words)
        LOG_LEVEL: Words(&["ERROR", "WARN", "DEBUG", "INFO", "LOG", "VERBOSE", "DARK", "WEBHOOKS", "WEBSOCKET"]), "ERROR,WARN,INFO,LOG", Used;
        /// Colours; unset: on a terminal (original: `false`)
        LOG_COLOR: Boolean, "", Used;
        /// `auto`: `pretty` on a terminal, else `json`
        POMBO_LOG_FORMAT: Word(&["auto", "pretty", "json"]), "auto", Used;
        /// What the WhatsApp library logs
        LOG_BAILEYS: Word(&["fatal", "error", "warn", "info", "debug", "trace", "silent"]), "error", Later;
    }
    Database {
        /// Unset: what the scheme of `DATABASE_CONNECTION_URI` says, else `sqlite`, embedded (original: `postgresql`)
        DATABASE_PROVIDER: Word(&["sqlite", "postgresql", "psql_bouncer", "mysql"]), "", Used;
        /// Where the database is; needed for all but `sqlite`
        DATABASE_CONNECTION_URI: DATABASES, "", Used;
        /// The pooler's address for `psql_bouncer`; `DATABASE_CONNECTION_URI` then serves migrations only
        DATABASE_BOUNCER_CONNECTION_URI: SecretUri(&["postgresql", "postgres"]), "", Used;
        /// How long to wait at start for a database that does not answer
        POMBO_DATABASE_WAIT: Duration { min: 0, max: DAY }, "60s", Used;
        /// `normal` is faster; a power failure may then lose the last moments, a crash of the program does not
        POMBO_SQLITE_SYNCHRONOUS: Word(&["full", "normal"]), "full", Used;
        /// A partition: only instances of this name are loaded and listed
        DATABASE_CONNECTION_CLIENT_NAME: Text, "evolution", Used;
        /// Instances are always kept and loaded at start, whatever this says
        DATABASE_SAVE_DATA_INSTANCE: Boolean, "true", NoEffect;
        /// Store messages (original: `false`)
        DATABASE_SAVE_DATA_NEW_MESSAGE: Boolean, "true", Used;
        /// Store changes of a message's status (original: `false`)
        DATABASE_SAVE_MESSAGE_UPDATE: Boolean, "true", Later;
        /// Store contacts (original: `false`)
        DATABASE_SAVE_DATA_CONTACTS: Boolean, "true", Used;
        /// Store chats (original: `false`)
        DATABASE_SAVE_DATA_CHATS: Boolean, "true", Used;
        /// Store labels (original: `false`)
        DATABASE_SAVE_DATA_LABELS: Boolean, "true", Later;
        /// Store the history that a phone sends (original: `false`)
        DATABASE_SAVE_DATA_HISTORIC: Boolean, "true", Later;
        /// Remember which numbers are on WhatsApp (original: `false`)
        DATABASE_SAVE_IS_ON_WHATSAPP: Boolean, "true", Later;
        /// For how many days
        DATABASE_SAVE_IS_ON_WHATSAPP_DAYS: integer(1, 36500), "7", Later;
        /// `true` keeps a revoked message, marked as deleted; `false` removes it (the opposite of the name)
        DATABASE_DELETE_MESSAGE: Boolean, "false", Used;
    }
    Events {
        /// How long events are kept for redelivery and replay
        POMBO_EVENT_RETENTION: Duration { min: MINUTE, max: 3650 * DAY }, "72h", Used;
        /// How many events are kept at most
        POMBO_EVENT_MAX_ROWS: integer(1000, 1_000_000_000_000), "5000000", Used;
        /// Events are always kept for clients that come back after a break, whatever this says
        POMBO_EVENT_REPLAY: Boolean, "true", NoEffect;
        /// `true`: `date_time` is local time marked as UTC, as in the original; `false`: UTC
        EVENT_LOCAL_TIME: Boolean, "false", Used;
    }
    Webhook {
        /// Send the chosen events of all instances to one address
        WEBHOOK_GLOBAL_ENABLED: Boolean, "false", Used;
        /// That address
        WEBHOOK_GLOBAL_URL: HttpUrl, "", Used;
        /// Append the event's name to it: `/messages-upsert`
        WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS: Boolean, "false", Used;
        /// Post every error answer of the API to an address
        WEBHOOK_EVENTS_ERRORS: Boolean, "false", Used;
        /// That address
        WEBHOOK_EVENTS_ERRORS_WEBHOOK: HttpUrl, "", Used;
        /// How long a receiver may take, in milliseconds
        WEBHOOK_REQUEST_TIMEOUT_MS: integer(1, 3_600_000), "30000", Used;
        /// How often a delivery is tried. All five unset: after 5 s, doubling up to 1 h, for 72 h. Any set: the others mean 10, 5, `true`, 300, 0.2 as in the original
        WEBHOOK_RETRY_MAX_ATTEMPTS: integer(1, 1_000_000), "", Used;
        /// The time before the second try
        WEBHOOK_RETRY_INITIAL_DELAY_SECONDS: integer(1, 86_400), "", Used;
        /// Whether the time doubles with each try
        WEBHOOK_RETRY_USE_EXPONENTIAL_BACKOFF: Boolean, "", Used;
        /// The longest time between two tries
        WEBHOOK_RETRY_MAX_DELAY_SECONDS: integer(1, 604_800), "", Used;
        /// How much chance varies that time
        WEBHOOK_RETRY_JITTER_FACTOR: Fraction, "", Used;
        /// Answers after which a delivery is not tried again
        WEBHOOK_RETRY_NON_RETRYABLE_STATUS_CODES: StatusCodes, "400,401,403,404,422", Used;
    }
    Websocket {
        /// Socket.IO and native WebSocket (original: `false`)
        WEBSOCKET_ENABLED: Boolean, "true", Used;
        /// Send the events of all instances to `/` and `/ws`
        WEBSOCKET_GLOBAL_EVENTS: Boolean, "false", Used;
        /// Clients that need no key. Empty means nobody (original: this machine, which lets everybody in behind a local proxy)
        WEBSOCKET_ALLOWED_HOSTS: Addresses { wildcard: true }, "", Used;
        /// Socket.IO sends binary frames, as the original does for some events
        WEBSOCKET_BINARY: Boolean, "false", Used;
        /// Accept clients of Socket.IO 2 (Engine.IO 3)
        POMBO_SOCKETIO_EIO3: Boolean, "false", Used;
    }
    Outbound {
        /// Where webhooks and downloads may go: `open` anywhere, `private` anywhere but link-local (cloud metadata), unspecified and multicast addresses, `public` no private ranges either
        POMBO_OUTBOUND_POLICY: Word(&["open", "private", "public"]), "private", Used;
    }
    Media {
        /// The ffmpeg that does what no library here can ([media](media.md)); it may be missing, and `off` does without it
        POMBO_FFMPEG: Text, "ffmpeg", Used;
        /// How long a call of it may take, in seconds
        POMBO_FFMPEG_TIMEOUT_SECONDS: integer(1, 3600), "120", Used;
        /// The largest file that is fetched or sent, in megabytes
        POMBO_MEDIA_MAX_MB: integer(1, 100_000), "2048", Used;
    }
    Metrics {
        /// Serve `/metrics`
        PROMETHEUS_METRICS: Boolean, "false", Used;
        /// Ask for user and password there
        METRICS_AUTH_REQUIRED: Boolean, "false", Used;
        /// The user
        METRICS_USER: Text, "", Used;
        /// The password
        METRICS_PASSWORD: Secret, "", Used;
        /// Who may ask; empty means everybody
        METRICS_ALLOWED_IPS: Addresses { wildcard: false }, "", Used;
    }
    Instances {
        /// Delete a new instance that is not connected after so many minutes; `false` never. `1`, `0` and `true` do nothing, as in the original
        DEL_INSTANCE: Minutes, "false", Used;
        /// The name in WhatsApp's list of linked devices
        CONFIG_SESSION_PHONE_CLIENT: Text, "Evolution API", Used;
        /// The browser named there
        CONFIG_SESSION_PHONE_NAME: Text, "Chrome", Used;
        /// How many QR codes are made before giving up
        QRCODE_LIMIT: integer(1, 1_000_000), "30", Used;
        /// The dark colour of the QR code
        QRCODE_COLOR: Colour, "#198754", Used;
        /// The language of texts in Chatwoot (`en`, `pt-BR`, `es`) and of speech recognition
        LANGUAGE: Text, "en", Later;
        /// The version of WhatsApp Web to speak, such as `2.3000.1033105955`; empty means the current one
        CONFIG_SESSION_PHONE_VERSION: Text, "", Used;
        /// What a message that the account sends has as its sender's name (`pushName`)
        POMBO_OWN_PUSH_NAME: Text, "Você", Used;
        /// How often an open connection to WhatsApp has to answer a ping; one that does not is opened anew
        POMBO_WHATSAPP_PING: Duration { min: SECOND, max: DAY }, "30s", Used;
        /// Nothing temporary is kept
        DEL_TEMP_INSTANCES: Boolean, "true", NoEffect;
        /// Sessions live in the database
        PROVIDER_ENABLED: Boolean, "false", NoEffect;
        /// Sessions live in the database
        PROVIDER_HOST: Text, "", NoEffect;
        /// Sessions live in the database
        PROVIDER_PORT: Text, "5656", NoEffect;
        /// Sessions live in the database
        PROVIDER_PREFIX: Text, "evolution", NoEffect;
    }
    Business {
        /// The token that Meta shows when it checks the webhook
        WA_BUSINESS_TOKEN_WEBHOOK: Secret, "evolution", Later;
        /// Meta's API
        WA_BUSINESS_URL: HttpUrl, "https://graph.facebook.com", Later;
        /// Its version
        WA_BUSINESS_VERSION: Text, "v18.0", Later;
        /// The language is given with each template
        WA_BUSINESS_LANGUAGE: Text, "en", NoEffect;
        /// Told by `POST /verify-creds`
        FACEBOOK_APP_ID: Text, "", Used;
        /// Told by `POST /verify-creds`
        FACEBOOK_CONFIG_ID: Text, "", Used;
        /// Told by `POST /verify-creds`
        FACEBOOK_USER_TOKEN: Secret, "", Used;
    }
    Rabbitmq {
        /// Deliver events to RabbitMQ
        RABBITMQ_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances
        RABBITMQ_GLOBAL_ENABLED: Boolean, "false", Used;
        /// Where the broker is
        RABBITMQ_URI: SecretUri(&["amqp", "amqps"]), "", Used;
        /// The exchange
        RABBITMQ_EXCHANGE_NAME: Text, "evolution_exchange", Used;
        /// The largest frame, in bytes
        RABBITMQ_FRAME_MAX: integer(4096, 4_294_967_295), "8192", Used;
        /// In front of the names of global queues
        RABBITMQ_PREFIX_KEY: Text, "", Used;
    }
    Nats {
        /// Deliver events to NATS
        NATS_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances
        NATS_GLOBAL_ENABLED: Boolean, "false", Used;
        /// Where the servers are; several between commas
        NATS_URI: SecretUri(&[]), "", Used;
        /// In front of the subjects
        NATS_PREFIX_KEY: Text, "", Used;
        /// Let JetStream keep the events, and confirm each (docs/transports/nats.md)
        POMBO_NATS_JETSTREAM: Boolean, "false", Used;
        /// NATS knows no exchanges
        NATS_EXCHANGE_NAME: Text, "evolution_exchange", NoEffect;
    }
    Mqtt {
        /// Deliver events to an MQTT broker
        POMBO_MQTT_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances
        POMBO_MQTT_GLOBAL_ENABLED: Boolean, "false", Used;
        /// Where the broker is; it must speak MQTT 5
        POMBO_MQTT_URL: SecretUri(&["mqtt", "mqtts"]), "", Used;
        /// The beginning of every topic
        POMBO_MQTT_PREFIX: Text, "pombo", Used;
    }
    Kafka {
        /// Deliver events to Kafka
        KAFKA_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances
        KAFKA_GLOBAL_ENABLED: Boolean, "false", Used;
        /// Where the brokers are: `host:port`, several between commas
        KAFKA_BROKERS: List, "localhost:9092", Used;
        /// How this client calls itself
        KAFKA_CLIENT_ID: Text, "evolution-api", Used;
        /// In front of the topics
        KAFKA_TOPIC_PREFIX: Text, "evolution", Used;
        /// Make topics that are missing
        KAFKA_AUTO_CREATE_TOPICS: Boolean, "false", Used;
        /// Partitions of a topic made here
        KAFKA_NUM_PARTITIONS: integer(1, 1_000_000), "1", Used;
        /// Replicas of a topic made here
        KAFKA_REPLICATION_FACTOR: integer(1, 1000), "1", Used;
        /// This program only sends
        KAFKA_CONSUMER_GROUP_ID: Text, "evolution-api-consumers", NoEffect;
        /// In milliseconds
        KAFKA_CONNECTION_TIMEOUT: integer(1, 3_600_000), "3000", Used;
        /// In milliseconds
        KAFKA_REQUEST_TIMEOUT: integer(1, 3_600_000), "30000", Used;
        /// Log in
        KAFKA_SASL_ENABLED: Boolean, "false", Used;
        /// How
        KAFKA_SASL_MECHANISM: Word(&["plain", "scram-sha-256", "scram-sha-512"]), "plain", Used;
        /// The user
        KAFKA_SASL_USERNAME: Text, "", Used;
        /// The password
        KAFKA_SASL_PASSWORD: Secret, "", Used;
        /// Use TLS
        KAFKA_SSL_ENABLED: Boolean, "false", Used;
        /// Check the broker's certificate
        KAFKA_SSL_REJECT_UNAUTHORIZED: Boolean, "true", Used;
        /// The certificate authority, PEM text
        KAFKA_SSL_CA: Text, "", Used;
        /// The client's private key, PEM text
        KAFKA_SSL_KEY: Secret, "", Used;
        /// The client's certificate, PEM text
        KAFKA_SSL_CERT: Text, "", Used;
    }
    Sqs {
        /// Deliver events to SQS
        SQS_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances, instead of those that each instance chose
        SQS_GLOBAL_ENABLED: Boolean, "false", Used;
        /// One queue for all events
        SQS_GLOBAL_FORCE_SINGLE_QUEUE: Boolean, "false", Used;
        /// In front of the names of global queues
        SQS_GLOBAL_PREFIX_NAME: Text, "global", Used;
        /// The access key's id
        SQS_ACCESS_KEY_ID: Text, "", Used;
        /// The access key
        SQS_SECRET_ACCESS_KEY: Secret, "", Used;
        /// The account
        SQS_ACCOUNT_ID: Text, "", Used;
        /// The region
        SQS_REGION: Text, "", Used;
        /// Larger messages are given up and listed as dead, in bytes; handing them over through S3 comes later
        SQS_MAX_PAYLOAD_SIZE: integer(1024, 1 << 40), "1048576", Used;
        /// A compatible server instead of Amazon's
        POMBO_SQS_ENDPOINT: HttpUrl, "", Used;
    }
    Pusher {
        /// Deliver events to Pusher
        PUSHER_ENABLED: Boolean, "false", Used;
        /// Send the chosen events of all instances
        PUSHER_GLOBAL_ENABLED: Boolean, "false", Used;
        /// The app of the global events
        PUSHER_GLOBAL_APP_ID: Text, "", Used;
        /// Its key
        PUSHER_GLOBAL_KEY: Text, "", Used;
        /// Its secret
        PUSHER_GLOBAL_SECRET: Secret, "", Used;
        /// Its cluster
        PUSHER_GLOBAL_CLUSTER: Text, "", Used;
        /// Use TLS
        PUSHER_GLOBAL_USE_TLS: Boolean, "false", Used;
        /// `host` or `host:port` of a compatible server, for all apps, instead of `api-{cluster}.pusher.com`
        POMBO_PUSHER_HOST: Text, "", Used;
    }
    Chatbots {
        /// Typebot
        TYPEBOT_ENABLED: Boolean, "false", Later;
        /// `latest`, or anything else for the old one
        TYPEBOT_API_VERSION: Text, "old", Later;
        /// Send media to Typebot as base64
        TYPEBOT_SEND_MEDIA_BASE64: Boolean, "false", Later;
        /// OpenAI
        OPENAI_ENABLED: Boolean, "false", Later;
        /// The key for speech recognition of instances without credentials of their own
        OPENAI_API_KEY_GLOBAL: Secret, "", Later;
        /// Dify
        DIFY_ENABLED: Boolean, "false", Later;
        /// n8n
        N8N_ENABLED: Boolean, "false", Later;
        /// Flowise
        FLOWISE_ENABLED: Boolean, "false", Later;
        /// EvoAI
        EVOAI_ENABLED: Boolean, "false", Later;
    }
    Chatwoot {
        /// The bridge to Chatwoot
        CHATWOOT_ENABLED: Boolean, "false", Later;
        /// Delete in Chatwoot what is deleted in WhatsApp
        CHATWOOT_MESSAGE_DELETE: Boolean, "false", Later;
        /// Mark as read in WhatsApp when an agent answers
        CHATWOOT_MESSAGE_READ: Boolean, "false", Later;
        /// The contact `123456` that takes commands
        CHATWOOT_BOT_CONTACT: Boolean, "true", Later;
        /// Chatwoot's PostgreSQL, to import the history
        CHATWOOT_IMPORT_DATABASE_CONNECTION_URI: SecretUri(&["postgresql", "postgres"]), "", Later;
        /// Import a placeholder for media
        CHATWOOT_IMPORT_PLACEHOLDER_MEDIA_MESSAGE: Boolean, "false", Later;
    }
    S3 {
        /// Keep media in S3
        S3_ENABLED: Boolean, "false", Later;
        /// The access key's id
        S3_ACCESS_KEY: Text, "", Later;
        /// The access key
        S3_SECRET_KEY: Secret, "", Later;
        /// The host, without scheme
        S3_ENDPOINT: Text, "", Later;
        /// The bucket
        S3_BUCKET: Text, "", Later;
        /// The port; 443 for AWS
        S3_PORT: integer(1, 65535), "9000", Later;
        /// Use TLS
        S3_USE_SSL: Boolean, "false", Later;
        /// The region
        S3_REGION: Text, "", Later;
        /// Leave the bucket's policy alone
        S3_SKIP_POLICY: Boolean, "false", Later;
        /// Keep videos too
        S3_SAVE_VIDEO: Boolean, "false", Later;
    }
    Audio {
        /// A service that converts audio
        API_AUDIO_CONVERTER: HttpUrl, "", Later;
        /// Its key
        API_AUDIO_CONVERTER_KEY: Secret, "", Later;
    }
    Proxy {
        /// The proxy through which instances without one of their own reach WhatsApp
        PROXY_HOST: Text, "", Used;
        /// Its port
        PROXY_PORT: integer(1, 65535), "80", Used;
        /// Its protocol
        PROXY_PROTOCOL: Word(&["http", "https", "socks4", "socks5"]), "http", Used;
        /// The user there
        PROXY_USERNAME: Text, "", Used;
        /// The password there
        PROXY_PASSWORD: Secret, "", Used;
    }
    Cache {
        /// No Redis is needed
        CACHE_REDIS_ENABLED: Boolean, "false", NoEffect;
        /// No Redis is needed
        CACHE_REDIS_URI: SecretUri(&["redis", "rediss"]), "", NoEffect;
        /// No Redis is needed
        CACHE_REDIS_PREFIX_KEY: Text, "evolution-cache", NoEffect;
        /// No Redis is needed
        CACHE_REDIS_TTL: integer(1, u64::MAX), "604800", NoEffect;
        /// No Redis is needed
        CACHE_REDIS_SAVE_INSTANCES: Boolean, "false", NoEffect;
        /// What is worth keeping in memory always is
        CACHE_LOCAL_ENABLED: Boolean, "false", NoEffect;
        /// What is worth keeping in memory always is
        CACHE_LOCAL_TTL: integer(1, u64::MAX), "", NoEffect;
    }
    Telemetry {
        /// There is no telemetry (original: `true`)
        TELEMETRY_ENABLED: Boolean, "false", NoEffect;
        /// There is no telemetry
        TELEMETRY_URL: HttpUrl, "", NoEffect;
        /// Errors go to the log
        SENTRY_DSN: Secret, "", NoEffect;
    }
    Sandbox {
        /// The simulator that stands in for WhatsApp, on this machine only. Needs a build with the cargo feature `sandbox`; any other refuses to start
        POMBO_SIMULATOR_URL: Simulator, "", Used;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_holds_all_of_the_original_and_ours() {
        let names: BTreeSet<_> = variables().map(|variable| variable.name).collect();
        assert_eq!(names.len(), variables().count(), "a name is given twice");
        let ours = |name: &&&str| {
            name.starts_with("POMBO_") || ["WEBSOCKET_BINARY", "EVENT_LOCAL_TIME"].contains(name)
        };
        assert_eq!(names.iter().filter(ours).count(), 57);
        // 325 that the original reads, two that only its example file names, one that only a schema reads.
        assert_eq!(names.iter().filter(|name| !ours(name)).count(), 325 + 3);
    }

    #[test]
    fn every_default_can_be_read() {
        for variable in variables().filter(|variable| !variable.default.is_empty()) {
            let read = variable.kind.parse(variable.default);
            assert!(read.is_ok(), "{}: {}", variable.name, variable.default);
        }
    }

    #[test]
    fn every_variable_says_what_it_does() {
        for variable in variables() {
            let meaning = variable.meaning.trim();
            assert!(
                !meaning.is_empty() && !meaning.ends_with('.') && !meaning.contains('|'),
                "{}",
                variable.name
            );
        }
    }
}
