//! Is a gateway on this machine ready?

use std::net::Ipv6Addr;
use std::time::Duration;

use anyhow::bail;
use pombo_net::OutboundClient;

use crate::config::Config;

/// Asks a gateway on this machine whether it is ready.
///
/// # Errors
/// When it does not answer, or is not ready.
pub async fn ask_health(config: &Config) -> anyhow::Result<()> {
    pombo_net::install_crypto_provider();
    let mut address = config.server.socket_address();
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            Ipv6Addr::LOCALHOST.into()
        });
    }
    if config.server.tls.is_some() {
        // The certificate names a host that we do not know; that the port answers at all must do.
        tokio::time::timeout(
            Duration::from_secs(3),
            tokio::net::TcpStream::connect(address),
        )
        .await??;
        return Ok(());
    }
    let client = OutboundClient::new(pombo_net::OutboundConfig {
        policy: pombo_net::OutboundPolicy::Open,
        ..Default::default()
    })?;
    let url = format!("http://{address}/health/ready");
    let response = client
        .get(&url, http::HeaderMap::new(), Some(Duration::from_secs(3)))
        .await?;
    if response.status != http::StatusCode::OK {
        bail!("{url} answered {}", response.status);
    }
    Ok(())
}
