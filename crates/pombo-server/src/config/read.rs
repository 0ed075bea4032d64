use std::path::PathBuf;

use super::{
    audio::AudioConverterConfig, auth::AuthConfig, business::BusinessConfig, cache::CacheConfig,
    chatbots::ChatbotsConfig, chatwoot::ChatwootConfig, cors::CorsConfig, database::DatabaseConfig,
    env, error::ConfigErrors, events::EventsConfig, instances::InstancesConfig, kafka::KafkaConfig,
    log::LogConfig, media::MediaConfig, metrics::MetricsConfig, mqtt::MqttConfig, nats::NatsConfig,
    outbound::OutboundConfig, proxy::DefaultProxyConfig, pusher::PusherConfig,
    rabbitmq::RabbitmqConfig, reader::Reader, s3::S3Config, sandbox::SandboxConfig,
    server::ServerConfig, source::Source, sqs::SqsConfig, warnings, webhook::WebhookConfig,
    websocket::WebsocketConfig,
};

/// Everything that can be set, checked. Secrets are [`SecretString`](secrecy::SecretString)s; what a part that is not
/// built yet will need is here already.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each section is documented at its struct")]
pub struct Config {
    /// Where the embedded database and the generated API key live.
    pub data_dir: PathBuf,
    pub server: ServerConfig,
    pub cors: CorsConfig,
    pub auth: AuthConfig,
    pub log: LogConfig,
    pub database: DatabaseConfig,
    pub events: EventsConfig,
    pub webhook: WebhookConfig,
    pub websocket: WebsocketConfig,
    pub outbound: OutboundConfig,
    pub media: MediaConfig,
    pub metrics: MetricsConfig,
    pub instances: InstancesConfig,
    pub business: BusinessConfig,
    pub rabbitmq: Option<RabbitmqConfig>,
    pub nats: Option<NatsConfig>,
    pub mqtt: Option<MqttConfig>,
    pub kafka: Option<KafkaConfig>,
    pub sqs: Option<SqsConfig>,
    pub pusher: Option<PusherConfig>,
    pub chatbots: ChatbotsConfig,
    pub chatwoot: Option<ChatwootConfig>,
    pub s3: Option<S3Config>,
    pub audio_converter: Option<AudioConverterConfig>,
    pub proxy: Option<DefaultProxyConfig>,
    pub cache: CacheConfig,
    pub sandbox: SandboxConfig,
    warnings: Vec<String>,
}

impl Config {
    /// Reads every variable. `Err` holds everything that is wrong, not only the first.
    pub fn read(source: &impl Source) -> Result<Self, ConfigErrors> {
        let reader = &mut Reader::new(source);
        let data_dir = reader.path(&env::POMBO_DATA_DIR);
        let mut config = Self {
            server: ServerConfig::read(reader),
            cors: CorsConfig::read(reader),
            auth: AuthConfig::read(reader),
            log: LogConfig::read(reader),
            database: DatabaseConfig::read(reader, &data_dir),
            events: EventsConfig::read(reader),
            webhook: WebhookConfig::read(reader),
            websocket: WebsocketConfig::read(reader),
            outbound: OutboundConfig::read(reader),
            media: MediaConfig::read(reader),
            metrics: MetricsConfig::read(reader),
            instances: InstancesConfig::read(reader),
            business: BusinessConfig::read(reader),
            rabbitmq: RabbitmqConfig::read(reader),
            nats: NatsConfig::read(reader),
            mqtt: MqttConfig::read(reader),
            kafka: KafkaConfig::read(reader),
            sqs: SqsConfig::read(reader),
            pusher: PusherConfig::read(reader),
            chatbots: ChatbotsConfig::read(reader),
            chatwoot: ChatwootConfig::read(reader),
            s3: S3Config::read(reader),
            audio_converter: AudioConverterConfig::read(reader),
            proxy: DefaultProxyConfig::read(reader),
            cache: CacheConfig::read(reader),
            sandbox: SandboxConfig::read(reader),
            data_dir,
            warnings: Vec::new(),
        };
        let errors = reader.take_errors();
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        config.warnings = warnings::warnings(source, &config);
        Ok(config)
    }

    /// What the operator should know: one line each, to be logged at start.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}
