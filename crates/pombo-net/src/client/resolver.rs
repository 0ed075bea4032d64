//! Names to addresses, and the place where the policy meets them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tracing::debug;

use crate::policy::{OutboundPolicy, Refused};

/// Finds the addresses of a host name. Asked once per new connection.
pub trait HostResolver: Send + Sync {
    /// All addresses, in the order in which they should be tried; an empty list means that there are none.
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl HostResolver for SystemResolver {
    fn addresses<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Hands only allowed addresses to the connector, which connects to these and to nothing else.
pub(super) struct CheckedResolver {
    pub(super) resolver: Arc<dyn HostResolver>,
    pub(super) policy: OutboundPolicy,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let policy = self.policy;
        Box::pin(async move {
            let host = name.as_str();
            let found = resolver
                .addresses(host)
                .await
                .map_err(|error| UnknownHost {
                    host: host.to_owned(),
                    cause: error.to_string(),
                })?;
            if found.is_empty() {
                return Err(Box::from(UnknownHost {
                    host: host.to_owned(),
                    cause: "it has no addresses".to_owned(),
                }));
            }
            let allowed = allowed(policy, host, found)?;
            // Port 0 is replaced by the port of the URL.
            let addresses = allowed
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Leaves out refused addresses; if none is left, the first refusal is the answer.
fn allowed(policy: OutboundPolicy, host: &str, found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Refused> {
    let mut allowed = Vec::with_capacity(found.len());
    let mut first_refusal = None;
    for address in found {
        match policy.check(address) {
            Ok(()) => allowed.push(address),
            Err(refused) => {
                debug!(host, %refused, "left out an address");
                first_refusal.get_or_insert(refused);
            }
        }
    }
    match first_refusal {
        Some(refused) if allowed.is_empty() => Err(refused),
        _ => Ok(allowed),
    }
}

/// The name could not be resolved.
#[derive(Debug, Clone, thiserror::Error)]
#[error("host `{host}` cannot be resolved: {cause}")]
pub(super) struct UnknownHost {
    pub(super) host: String,
    pub(super) cause: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn of_a_mixture_only_the_allowed_addresses_are_left() {
        let found = addresses(&[
            "10.0.0.1",
            "8.8.8.8",
            "::1",
            "2a00:1450::1",
            "::ffff:127.0.0.1",
        ]);
        let left = allowed(OutboundPolicy::Public, "mixed.test", found).unwrap();
        assert_eq!(left, addresses(&["8.8.8.8", "2a00:1450::1"]));
    }

    #[test]
    fn when_none_is_left_the_first_refusal_is_the_answer() {
        let found = addresses(&["10.0.0.1", "127.0.0.1"]);
        let refused = allowed(OutboundPolicy::Public, "inside.test", found).unwrap_err();
        assert_eq!(refused.address, IpAddr::from([10, 0, 0, 1]));
    }

    #[tokio::test]
    async fn the_system_knows_this_machine() {
        let found = SystemResolver.addresses("localhost").await.unwrap();
        assert!(!found.is_empty());
        assert!(found.iter().all(IpAddr::is_loopback));
    }
}
