//! Signatures by which a receiver knows that an event is ours. Source: Standard Webhooks, 1.0.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::jwt::hmac_sha256;

/// The value of `webhook-signature`: one signature per secret, so that a secret can be exchanged without a pause.
/// `None` without a secret.
pub(super) fn sign<'a>(
    secrets: impl Iterator<Item = &'a str>,
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> Option<String> {
    let signatures: Vec<_> = secrets
        .map(|secret| {
            let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
            format!("v1,{}", STANDARD.encode(hmac_sha256(&key(secret), &parts)))
        })
        .collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

/// The standard's secrets are base64 behind `whsec_`. Whatever is not base64 is taken as it is.
fn key(secret: &str) -> Vec<u8> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    STANDARD
        .decode(encoded)
        .unwrap_or_else(|_| secret.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_own_example() {
        // Source: the test vector of the Standard Webhooks libraries.
        let signature = sign(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].into_iter(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn two_secrets_two_signatures() {
        let both = sign(
            ["a b", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].into_iter(),
            "i",
            "1",
            b"{}",
        )
        .unwrap();
        assert_eq!(both.split(' ').count(), 2);
        assert_eq!(sign(std::iter::empty(), "i", "1", b"{}"), None);
    }
}
