//! A WebSocket client: frames by hand, nothing is copied that need not be. Source: RFC 6455.

use std::io;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::template::find;

/// Kinds of frames.
pub mod kind {
    /// Text.
    pub const TEXT: u8 = 1;
    /// The end.
    pub const CLOSE: u8 = 8;
    /// Asks for a pong.
    pub const PING: u8 = 9;
    /// Answers a ping.
    pub const PONG: u8 = 10;
}

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl WebSocket {
    /// Opens one.
    ///
    /// # Errors
    /// What the network says, or the answer when it is not 101.
    pub async fn open(address: &str, target: &str, headers: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut socket = Self {
            stream,
            buffer: vec![0; 4096],
            start: 0,
            end: 0,
        };
        let end = loop {
            socket.fill().await?;
            if let Some(end) = find(&socket.buffer[..socket.end], b"\r\n\r\n") {
                break end + 4;
            }
        };
        if !socket.buffer.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other(
                String::from_utf8_lossy(&socket.buffer[..socket.end]).into_owned(),
            ));
        }
        socket.start = end;
        Ok(socket)
    }

    /// The next frame: its kind, and where in [`WebSocket::bytes`] its content is. The server sends no fragments.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn next(&mut self) -> io::Result<(u8, Range<usize>)> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some((header, length)) = measure(unread)
                && unread.len() >= header + length
            {
                let (kind, start) = (unread[0] & 15, self.start + header);
                self.start = start + length;
                return Ok((kind, start..start + length));
            }
            self.fill().await?;
        }
    }

    /// The content of a frame that [`WebSocket::next`] named.
    #[must_use]
    pub fn bytes(&self, content: Range<usize>) -> &[u8] {
        &self.buffer[content]
    }

    /// The next text.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn text(&mut self) -> io::Result<String> {
        loop {
            let (kind, content) = self.next().await?;
            let content = String::from_utf8_lossy(self.bytes(content)).into_owned();
            match kind {
                kind::TEXT => return Ok(content),
                kind::CLOSE => return Err(io::Error::other(format!("closed: {content}"))),
                _ => {}
            }
        }
    }

    /// Sends a frame, masked with zeros: legal, and costs nothing.
    ///
    /// # Errors
    /// When the connection has ended, or the content is longer than a client ever sends here.
    pub async fn send(&mut self, kind: u8, content: &[u8]) -> io::Result<()> {
        let mut frame = vec![0x80 | kind];
        match u16::try_from(content.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length as u8),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => return Err(io::Error::other("too long for this client")),
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(content);
        self.stream.write_all(&frame).await
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.end..]).await? {
            0 => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "closed by the server",
            )),
            read => {
                self.end += read;
                Ok(())
            }
        }
    }
}

/// The length of a frame's header and of its content, once the header is complete.
fn measure(bytes: &[u8]) -> Option<(usize, usize)> {
    match bytes.get(1)? & 127 {
        126 => Some((
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        )),
        127 => Some((
            10,
            usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
        )),
        length => Some((2, usize::from(length))),
    }
}
