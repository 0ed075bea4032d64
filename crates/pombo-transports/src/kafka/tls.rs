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
            let client = |error: &dyn std::error::Error| KafkaSetupError::Client(error.to_string());
            let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
                .map_err(|error| client(&error))?;
            builder
                .with_client_auth_cert(certificates(chain).map_err(KafkaSetupError::Client)?, key)
                .map_err(|error| client(&error))?
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
fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = text.replace("\\n", "\n");
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("there is none in it".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
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
}
