//! Carries frames between one WebSocket and its feed.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use pombo_domain::port::{Frame, LiveSession, SessionCommand};
use tracing::debug;

/// How long a client may leave a frame unread before it counts as gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a client has for its own close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs until either side is done. The feed is always told that the client is gone.
pub(super) async fn run(socket: WebSocket, session: LiveSession) {
    let (mut sink, mut stream) = socket.split();
    let LiveSession {
        mut frames,
        commands,
    } = session;
    let writing = async {
        while let Some(frame) = frames.next().await {
            let (message, last) = match frame {
                Frame::Text(text) => match Utf8Bytes::try_from(text) {
                    Ok(text) => (Message::Text(text), false),
                    Err(_) => continue,
                },
                Frame::Ping => (Message::Ping(Bytes::new()), false),
                Frame::Close { code, reason } => (
                    Message::Close(Some(CloseFrame {
                        code,
                        reason: reason.into(),
                    })),
                    true,
                ),
            };
            match tokio::time::timeout(WRITE_TIMEOUT, sink.send(message)).await {
                Ok(Ok(())) if !last => {}
                Ok(Ok(())) => return,
                Ok(Err(error)) => return debug!("client is gone: {error}"),
                Err(_) => return debug!("client does not read, disconnecting"),
            }
        }
    };
    let reading = async {
        while let Some(received) = stream.next().await {
            match received {
                Ok(Message::Text(text)) => commands(SessionCommand::Text(text.as_str().to_owned())),
                Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_)) => {
                    commands(SessionCommand::Alive)
                }
                // The next read sends our half of the goodbye, then the stream ends.
                Ok(Message::Close(_)) => {}
                Err(error) => return debug!("client broke the protocol or is gone: {error}"),
            }
        }
    };
    tokio::pin!(reading);
    tokio::select! {
        () = writing => {
            // Our close frame is out; the client answers with its own, or not.
            drop(tokio::time::timeout(FAREWELL, reading).await);
        }
        () = &mut reading => {}
    }
    commands(SessionCommand::Closed);
}
