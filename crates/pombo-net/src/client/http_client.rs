//! The library underneath, set up so that it does nothing on its own.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::config::{OutboundConfig, OutboundProxy};
use super::error::OutboundError;
use super::resolver::{CheckedResolver, HostResolver};
use super::tls;

/// Node servers, the usual receivers, close a silent connection after 5 s (`server.keepAliveTimeout`). Letting go of it
/// before that avoids sending a request into a connection that is just being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// Idle connections kept per host: enough for a burst, and a bound on file descriptors.
const IDLE_CONNECTIONS_PER_HOST: usize = 128;

pub(super) fn build(
    config: &OutboundConfig,
    resolver: Arc<dyn HostResolver>,
) -> Result<reqwest::Client, OutboundError> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client_config()?)
        .dns_resolver(CheckedResolver {
            resolver,
            policy: config.policy,
        })
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
        .user_agent(config.user_agent.as_str());
    let builder = match &config.proxy {
        Some(proxy) => builder.proxy(through(proxy)?),
        None => builder,
    };
    builder
        .build()
        .map_err(|error| OutboundError::setup(&error))
}

fn through(proxy: &OutboundProxy) -> Result<reqwest::Proxy, OutboundError> {
    let host = if proxy.host.contains(':') {
        format!("[{}]", proxy.host)
    } else {
        proxy.host.clone()
    };
    let mut url = Url::parse(&format!("{}://{host}:{}", proxy.scheme, proxy.port))
        .map_err(|error| OutboundError::setup(&error))?;
    if let Some((user, password)) = &proxy.login {
        // Escapes what a URL cannot hold; fails only for URLs without a host.
        let told = url
            .set_username(user)
            .and_then(|()| url.set_password(Some(password)));
        if told.is_err() {
            return Err(OutboundError::InvalidUrl {
                reason: "the proxy takes no login",
            });
        }
    }
    reqwest::Proxy::all(url).map_err(|error| OutboundError::setup(&error))
}
