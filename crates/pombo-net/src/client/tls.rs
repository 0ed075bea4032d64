//! TLS: rustls with ring, and whom we trust.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use tracing::warn;

use super::error::OutboundError;

/// Makes ring the TLS provider of the whole program, for libraries that ask for a default one.
///
/// May be called any number of times; a provider that is already there stays. [`OutboundClient`](super::OutboundClient)
/// does not need it.
pub fn install_crypto_provider() {
    if CryptoProvider::get_default().is_none() {
        // Fails only when another thread was faster, and then there is one.
        ring::default_provider().install_default().ok();
    }
}

/// TLS 1.2 and 1.3, with HTTP/2 where the server offers it.
pub(super) fn client_config() -> Result<ClientConfig, OutboundError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OutboundError::setup(&error))?
        .with_root_certificates(trusted_roots())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// TLS for a protocol of its own over one connection, such as WebSocket.
///
/// # Errors
/// When the provider offers no usable version of TLS.
pub fn websocket_tls() -> Result<ClientConfig, OutboundError> {
    let mut config = client_config()?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates of the system, with whatever private authority the operator put there. A bare container has none;
/// there the list of Mozilla serves, which is part of the program.
fn trusted_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        warn!(%error, "could not read some certificates of the system");
    }
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provider_can_be_installed_twice() {
        install_crypto_provider();
        install_crypto_provider();
        assert!(CryptoProvider::get_default().is_some());
    }

    #[test]
    fn there_is_always_somebody_to_trust() {
        assert!(!trusted_roots().is_empty());
    }
}
