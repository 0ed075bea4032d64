//! A passkey: what its owner's password manager does when a browser calls `navigator.credentials.get`, and how the network checks
//! what comes of it. Source: Web Authentication Level 3, sections 6.1 and 7.2.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Whom the passkey is for.
const RELYING_PARTY: &str = "web.whatsapp.com";
const ORIGIN: &str = "https://web.whatsapp.com";
/// The person is there, and has shown to be the owner.
const PRESENT_AND_VERIFIED: u8 = 0b101;

/// A passkey of an account. Whoever has it can link devices to the account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    credential_id: Vec<u8>,
    /// PKCS #8.
    key: Vec<u8>,
    /// An uncompressed point of P-256.
    public: Vec<u8>,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Passkey")
    }
}

/// The passkey does not answer such a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// What a browser would refuse.
    #[error("the options have no valid {0}")]
    Options(&'static str),
    /// None of the credentials that may answer is this one.
    #[error("no passkey of this account is asked for")]
    NotAsked,
    /// The key does not sign.
    #[error("the key cannot be used")]
    Key,
}

impl Passkey {
    /// A new one with that id.
    pub(crate) fn generate(credential_id: [u8; 16]) -> Result<Self, PasskeyError> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random)
            .map_err(|_| PasskeyError::Key)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random)
            .map_err(|_| PasskeyError::Key)?;
        Ok(Self {
            credential_id: credential_id.to_vec(),
            key: key.as_ref().to_vec(),
            public: pair.public_key().as_ref().to_vec(),
        })
    }

    /// What the network asks a browser for, as `PublicKeyCredentialRequestOptions` in JSON.
    pub(crate) fn options(&self, challenge: &[u8]) -> Value {
        json!({
            "challenge": URL_SAFE_NO_PAD.encode(challenge),
            "rpId": RELYING_PARTY,
            "userVerification": "required",
            "timeout": 60_000,
            "allowCredentials": [
                {"type": "public-key", "id": URL_SAFE_NO_PAD.encode(&self.credential_id)},
            ],
        })
    }

    /// What `navigator.credentials.get` gives for these options, in JSON.
    ///
    /// # Errors
    ///
    /// When the options are for somebody else, or none.
    pub fn assert(&self, options: &Value) -> Result<Value, PasskeyError> {
        let text = |name: &'static str| {
            options
                .get(name)
                .and_then(Value::as_str)
                .ok_or(PasskeyError::Options(name))
        };
        let challenge = text("challenge")?;
        if text("rpId")? != RELYING_PARTY {
            return Err(PasskeyError::Options("rpId"));
        }
        let id = URL_SAFE_NO_PAD.encode(&self.credential_id);
        let allowed = options.get("allowCredentials").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| {
            !allowed.is_empty() && allowed.iter().all(|credential| credential["id"] != id)
        }) {
            return Err(PasskeyError::NotAsked);
        }
        let client_data =
            json!({"type": "webauthn.get", "challenge": challenge, "origin": ORIGIN, "crossOrigin": false})
                .to_string();
        let mut authenticator_data = digest(&SHA256, RELYING_PARTY.as_bytes()).as_ref().to_vec();
        authenticator_data.push(PRESENT_AND_VERIFIED);
        authenticator_data.extend_from_slice(&[0; 4]);
        let random = SystemRandom::new();
        let signature =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key, &random)
                .map_err(|_| PasskeyError::Key)?
                .sign(
                    &random,
                    &signed(&authenticator_data, client_data.as_bytes()),
                )
                .map_err(|_| PasskeyError::Key)?;
        Ok(json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(authenticator_data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
                "userHandle": null,
            },
        }))
    }

    /// Whether an assertion answers that challenge, and is by this passkey.
    pub(crate) fn accepts(&self, challenge: &[u8], credential_id: &[u8], assertion: &[u8]) -> bool {
        self.check(challenge, credential_id, assertion).is_some()
    }

    fn check(&self, challenge: &[u8], credential_id: &[u8], assertion: &[u8]) -> Option<()> {
        let assertion: Value = serde_json::from_slice(assertion).ok()?;
        let decoded = |value: &Value| URL_SAFE_NO_PAD.decode(value.as_str()?).ok();
        let response = &assertion["response"];
        let client_data = decoded(&response["clientDataJSON"])?;
        let authenticator_data = decoded(&response["authenticatorData"])?;
        let signature = decoded(&response["signature"])?;
        let said: Value = serde_json::from_slice(&client_data).ok()?;
        let party = digest(&SHA256, RELYING_PARTY.as_bytes());
        let flags = authenticator_data.get(32)?;
        let right = assertion["type"] == "public-key"
            && credential_id == self.credential_id
            && decoded(&assertion["rawId"])? == self.credential_id
            && said["type"] == "webauthn.get"
            && said["origin"] == ORIGIN
            && decoded(&said["challenge"])? == challenge
            && authenticator_data.len() >= 37
            && authenticator_data.starts_with(party.as_ref())
            && flags & PRESENT_AND_VERIFIED == PRESENT_AND_VERIFIED;
        if !right {
            return None;
        }
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.public)
            .verify(&signed(&authenticator_data, &client_data), &signature)
            .ok()
    }
}

/// What is signed.
fn signed(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, client_data);
    [authenticator_data, hash.as_ref()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_answer_to_the_right_challenge_is_accepted() {
        let passkey = Passkey::generate([7; 16]).expect("a key");
        let other = Passkey::generate([7; 16]).expect("a key");
        let assertion = passkey.assert(&passkey.options(b"challenge")).expect("one");
        let bytes = assertion.to_string().into_bytes();
        assert!(passkey.accepts(b"challenge", &[7; 16], &bytes));
        assert!(!passkey.accepts(b"another", &[7; 16], &bytes));
        assert!(!passkey.accepts(b"challenge", &[8; 16], &bytes));
        assert!(!other.accepts(b"challenge", &[7; 16], &bytes));
        let mut changed = assertion;
        let said = json!({"type": "webauthn.get", "origin": "https://example.com",
                          "challenge": URL_SAFE_NO_PAD.encode(b"challenge")});
        changed["response"]["clientDataJSON"] = URL_SAFE_NO_PAD.encode(said.to_string()).into();
        assert!(!passkey.accepts(b"challenge", &[7; 16], changed.to_string().as_bytes()));
        assert!(!passkey.accepts(b"challenge", &[7; 16], b"{}"));
    }

    #[test]
    fn what_is_not_for_this_passkey_is_not_answered() {
        let passkey = Passkey::generate([7; 16]).expect("a key");
        let other = Passkey::generate([8; 16]).expect("a key");
        assert_eq!(
            passkey.assert(&other.options(b"x")),
            Err(PasskeyError::NotAsked)
        );
        let mut elsewhere = passkey.options(b"x");
        elsewhere["rpId"] = "example.com".into();
        assert_eq!(
            passkey.assert(&elsewhere),
            Err(PasskeyError::Options("rpId"))
        );
        assert_eq!(
            passkey.assert(&json!({})),
            Err(PasskeyError::Options("challenge"))
        );
    }
}
