//! HTTPS without a proxy. Source: `SSL_CONF_PRIVKEY`, `SSL_CONF_FULLCHAIN`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or holds no PEM of the right kind.
    #[error("{variable}: cannot read {}: {reason}", path.display())]
    File {
        /// The variable that names the file.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Key and certificate do not work together.
    #[error("SSL_CONF_PRIVKEY and SSL_CONF_FULLCHAIN do not work together: {0}")]
    Mismatch(#[from] rustls::Error),
}

/// An acceptor for the key and certificate chain in these PEM files.
///
/// # Errors
/// [`TlsError`] names the variable and the file.
pub fn acceptor(private_key: &Path, full_chain: &Path) -> Result<TlsAcceptor, TlsError> {
    let file = |variable, path: &Path, reason: String| TlsError::File {
        variable,
        path: path.to_owned(),
        reason,
    };
    let chain = CertificateDer::pem_file_iter(full_chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| file("SSL_CONF_FULLCHAIN", full_chain, error.to_string()))?;
    if chain.is_empty() {
        return Err(file(
            "SSL_CONF_FULLCHAIN",
            full_chain,
            "no certificate in it".to_owned(),
        ));
    }
    let key = PrivateKeyDer::from_pem_file(private_key)
        .map_err(|error| file("SSL_CONF_PRIVKEY", private_key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
