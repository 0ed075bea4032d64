//! The listening socket.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// How many connections may wait to be accepted: a thousand clients that reconnect together must not lose their SYN.
const BACKLOG: u32 = 4096;

/// Listens on `address`; port 0 takes a free one. Must be called within a Tokio runtime.
///
/// # Errors
/// What the operating system says, such as "address in use".
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
