//! The settings for TLS, as the client wants them.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;

use super::config::{KafkaSetupError, KafkaTls};

pub(super) fn client_config(tls: &KafkaTls) -> Result<Arc<ClientConfig>, KafkaSetupError> {
    let builder = ClientConfig::builder().with_root_certificates(roots(tls)?);
    let config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let key = lines(key.expose_secret());
            // The reader's own error shows what it read, which here is a secret.
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| {
                KafkaSetupError::Client("there is no private key in PEM in it".to_owned())
            })?;
            builder
                .with_client_auth_cert(certificates(chain).map_err(KafkaSetupError::Client)?, key)
                .map_err(|error| KafkaSetupError::Client(error.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

fn roots(tls: &KafkaTls) -> Result<RootCertStore, KafkaSetupError> {
    let mut roots = RootCertStore::empty();
    match &tls.authority {
        Some(text) => {
            for certificate in certificates(text).map_err(KafkaSetupError::Authority)? {
                roots
                    .add(certificate)
                    .map_err(|error| KafkaSetupError::Authority(error.to_string()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(roots)
}

/// PEM in one line, as `.env` files carry it, has `\n` for its line ends.
fn lines(text: &str) -> String {
    text.replace("\\n", "\n")
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(lines(text).as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is none in it".to_owned()),
        Ok(found) => Ok(found),
        // The reader's own error shows what it read, and somebody may have put a key there.
        Err(_) => Err("it is not PEM".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        let tls = KafkaTls {
            authority: Some("hello".to_owned()),
            client: None,
        };
        let error = client_config(&tls).unwrap_err().to_string();
        assert!(error.contains("KAFKA_SSL_CA"), "{error}");
    }

    #[test]
    fn no_refusal_shows_a_key() {
        let broken = "-----BEGIN PRIVATE KEY-----MIGHAgEA";
        let tls = KafkaTls {
            authority: None,
            client: Some((broken.to_owned(), broken.into())),
        };
        let error = client_config(&tls).unwrap_err().to_string();
        // As text, and as the numbers of its bytes.
        assert!(
            !error.contains("MIGH") && !error.contains("77, 73"),
            "{error}"
        );
        let tls = KafkaTls {
            authority: Some(broken.to_owned()),
            client: None,
        };
        let error = client_config(&tls).unwrap_err().to_string();
        assert!(
            !error.contains("MIGH") && !error.contains("77, 73"),
            "{error}"
        );
    }
}
