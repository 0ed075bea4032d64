use std::time::Duration;

use super::{env, reader::Reader};

/// Instances and how they show themselves. Source: `DATABASE_CONNECTION_CLIENT_NAME`, `DEL_INSTANCE`,
/// `CONFIG_SESSION_PHONE_*`, `POMBO_OWN_PUSH_NAME`, `QRCODE_*`, `LANGUAGE`.
#[derive(Debug, Clone)]
pub struct InstancesConfig {
    /// The partition: only instances of this name are loaded and listed.
    pub client_name: String,
    /// After which time a new instance that is not connected is deleted.
    pub delete_after: Option<Duration>,
    /// The name in WhatsApp's list of linked devices.
    pub device_name: String,
    /// The browser named there.
    pub browser: String,
    /// The QR code.
    pub qr_code: QrCodeConfig,
    /// The version of WhatsApp Web to speak; `None` is the current one.
    pub whatsapp_version: Option<(u32, u32, u32)>,
    /// The sender's name of messages that the account sends.
    pub own_name: String,
    /// How often an open connection has to answer a ping.
    pub ping: Duration,
    /// The language of texts in Chatwoot and of speech recognition.
    pub language: String,
}

/// The QR code for pairing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCodeConfig {
    /// How many are made before giving up.
    pub limit: u32,
    /// The dark colour, `#rrggbb`.
    pub color: String,
}

impl InstancesConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let whatsapp_version = version(reader);
        Self {
            whatsapp_version,
            own_name: reader.text(&env::POMBO_OWN_PUSH_NAME),
            ping: reader.duration(&env::POMBO_WHATSAPP_PING),
            client_name: reader.text(&env::DATABASE_CONNECTION_CLIENT_NAME),
            delete_after: reader.minutes(&env::DEL_INSTANCE),
            device_name: reader.text(&env::CONFIG_SESSION_PHONE_CLIENT),
            browser: reader.text(&env::CONFIG_SESSION_PHONE_NAME),
            qr_code: QrCodeConfig {
                limit: u32::try_from(reader.integer(&env::QRCODE_LIMIT)).unwrap_or(u32::MAX),
                color: reader.text(&env::QRCODE_COLOR),
            },
            language: reader.text(&env::LANGUAGE),
        }
    }
}

/// Three numbers, with dots, commas or blanks between them, as guides for the original write them.
fn version(reader: &mut Reader<'_>) -> Option<(u32, u32, u32)> {
    let text = reader.optional_text(&env::CONFIG_SESSION_PHONE_VERSION)?;
    let numbers: Option<Vec<u32>> = text
        .trim_matches(['[', ']'])
        .split(['.', ',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect();
    if let Some([first, second, third]) = numbers.as_deref() {
        return Some((*first, *second, *third));
    }
    reader.refuse(
        &env::CONFIG_SESSION_PHONE_VERSION,
        "three numbers, such as `2.3000.1033105955`",
    );
    None
}
