//! The token that receivers of the original's `jwt_key` expect. Source: observed on the original, v2.3.6.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

/// How long a token is good for. It is minted for each attempt, so a late one does not carry an expired token.
const LIFETIME_SECONDS: i64 = 600;

/// A JWT signed with HS256.
pub(super) fn mint(key: &str, now_seconds: i64) -> String {
    let head = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = json!({
        "iat": now_seconds,
        "exp": now_seconds + LIFETIME_SECONDS,
        "app": "evolution",
        "action": "webhook",
    });
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signed = format!("{head}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(key.as_bytes(), &[signed.as_bytes()]));
    format!("{signed}.{signature}")
}

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> impl AsRef<[u8]> + use<> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do for HMAC");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answer() {
        // RFC 4231, test case 2.
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let hex: String = mac
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            hex,
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn claims() {
        let token = mint("key", 1_000);
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(
            claims,
            json!({"iat": 1000, "exp": 1600, "app": "evolution", "action": "webhook"})
        );
    }
}
