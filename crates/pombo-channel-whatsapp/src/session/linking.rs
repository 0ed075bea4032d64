//! Linking an account: QR codes, pairing codes, passkeys.

use std::time::Duration;

use pombo_domain::channel::{ChannelEvent, LinkingCode, PasskeyStep};
use tokio::time::{Instant, timeout};
use tracing::warn;
use wacore::types::events::PairingQrCode;
use whatsapp_rust::pair_code::PairCodeOptions;

use super::build::Session;
use super::life::Life;

/// How long the network may take to answer a request for a pairing code.
const PATIENCE: Duration = Duration::from_secs(15);
/// The network takes a pairing code for three minutes; it is renewed when the next QR code comes and it has less than this.
const RENEW: Duration = Duration::from_secs(25);
/// See [`RENEW`].
const VALID: Duration = Duration::from_secs(180);

/// A pairing code and its age.
#[derive(Debug, Clone)]
pub(super) struct PairingCode {
    code: String,
    since: Instant,
}

impl PairingCode {
    /// How long it can still be typed.
    pub(super) fn left(&self) -> Duration {
        VALID.saturating_sub(self.since.elapsed())
    }
}

impl Life {
    /// A new QR code. `false`: it would be one too many.
    pub(super) async fn show(&mut self, session: &Session, code: &PairingQrCode) -> bool {
        // A phone has taken an earlier code already; the library goes on making new ones.
        if self.has_passkey_step() {
            return true;
        }
        if self.codes >= self.channel.shared.config.qr_limit {
            return false;
        }
        self.codes += 1;
        let stale = self
            .pairing
            .as_ref()
            .is_none_or(|pairing| pairing.left() < RENEW);
        if self.number.is_some() && stale {
            self.ask_for_pairing_code(session).await;
        }
        self.tell_code(LinkingCode {
            code: Some(code.code.clone()),
            pairing_code: self.pairing.as_ref().map(|pairing| pairing.code.clone()),
            count: self.codes,
            passkey: None,
        })
        .await;
        true
    }

    /// The network wants the pairing code replaced.
    pub(super) async fn renew_pairing_code(&mut self, session: &Session) {
        if self.number.is_none() || self.has_passkey_step() {
            return;
        }
        self.ask_for_pairing_code(session).await;
        let mut code = self.channel.status().code;
        code.pairing_code = self.pairing.as_ref().map(|pairing| pairing.code.clone());
        self.tell_code(code).await;
    }

    async fn ask_for_pairing_code(&mut self, session: &Session) {
        let Some(number) = self.number.clone() else {
            return;
        };
        let options = PairCodeOptions {
            phone_number: number,
            ..PairCodeOptions::default()
        };
        // The network keeps one code at a time.
        if self.pairing.take().is_some() {
            session.client.cancel_pair_code().await;
        }
        self.pairing = match timeout(PATIENCE, session.client.pair_with_code(options)).await {
            Ok(Ok(code)) => Some(PairingCode {
                code: code.replace('-', ""),
                since: Instant::now(),
            }),
            Ok(Err(error)) => {
                self.no_pairing_code(&error.to_string());
                None
            }
            Err(_) => {
                self.no_pairing_code("the network did not answer");
                None
            }
        };
    }

    /// Linking goes on with the QR code; whoever waits for a pairing code need not wait longer.
    fn no_pairing_code(&self, why: &str) {
        warn!(instance = %self.name(), "no pairing code: {why}");
        let why = format!("no pairing code: {why}");
        self.channel.update(|status| status.failure = Some(why));
    }

    async fn tell_code(&mut self, code: LinkingCode) {
        self.accept(vec![ChannelEvent::LinkingCode(code.clone())])
            .await;
        self.channel.update(|status| status.code = code);
    }

    /// A step of a passkey's ceremony.
    pub(super) async fn tell_passkey(&mut self, step: PasskeyStep) {
        // Known before it is told: whoever hears of it may answer at once.
        self.channel.update(|status| {
            status.code = LinkingCode {
                count: status.code.count,
                passkey: Some(step.clone()),
                ..LinkingCode::default()
            };
        });
        self.accept(vec![ChannelEvent::Passkey(step)]).await;
    }

    /// Whether somebody has to do something with a passkey.
    fn has_passkey_step(&self) -> bool {
        matches!(
            self.channel.status().code.passkey,
            Some(PasskeyStep::Requested(_) | PasskeyStep::Confirmation(_))
        )
    }
}
