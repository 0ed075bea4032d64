//! From an instance to WhatsApp: sockets, proxies, TLS, WebSocket.

mod dial;
mod dialer;
mod route;
mod target;

pub(crate) use dial::probe;
pub(crate) use dialer::Dialer;
pub(crate) use route::Route;
pub(crate) use target::Target;
