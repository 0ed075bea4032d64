//! The token that lets a client upload: an expiry, sealed.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use pombo_domain::clock::Timestamp;
use sha2::Sha256;

/// What `media_conn` hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaAuth {
    /// The token.
    pub auth: String,
    /// Seconds for which the hosts are good.
    pub ttl: u64,
    /// Seconds for which the token is good.
    pub auth_ttl: u64,
}

#[derive(Debug)]
pub(super) struct Sealer([u8; 32]);

impl Sealer {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    fn mac(&self, expires: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length of key will do");
        mac.update(&expires.to_be_bytes());
        mac
    }

    /// A token good until `expires`.
    pub(super) fn seal(&self, expires: Timestamp) -> String {
        let seconds = expires.seconds();
        let seal = BASE64_URL_SAFE_NO_PAD.encode(self.mac(seconds).finalize().into_bytes());
        format!("{seconds}.{seal}")
    }

    /// Whether a token is ours and still good.
    pub(super) fn accepts(&self, token: &str, now: Timestamp) -> bool {
        let Some((seconds, seal)) = token.split_once('.') else {
            return false;
        };
        let (Ok(seconds), Ok(seal)) = (seconds.parse::<i64>(), BASE64_URL_SAFE_NO_PAD.decode(seal))
        else {
            return false;
        };
        now.seconds() < seconds && self.mac(seconds).verify_slice(&seal).is_ok()
    }
}
