//! The bounded queue of one client.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use pombo_domain::port::Frame;
use tokio::sync::Notify;

use crate::replay::SendError;

/// Frames on their way to one client. When it is full the client has fallen behind; the caller decides.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    frames: usize,
    bytes: usize,
    filled: Notify,
    drained: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// A close frame is the last; nothing is added behind it.
    closed: bool,
}

impl Outbox {
    pub(super) fn new(frames: usize, bytes: usize) -> Self {
        Self {
            queue: Mutex::default(),
            frames,
            bytes,
            filled: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Adds a text frame. Never waits.
    pub(super) fn push(&self, text: Bytes) -> Result<(), SendError> {
        let mut queue = self.queue();
        if queue.closed {
            return Err(SendError::Gone);
        }
        // A single frame may be larger than the limit: it fits into an empty queue.
        let full = queue.frames.len() >= self.frames
            || queue.bytes > 0 && queue.bytes + text.len() > self.bytes;
        if full {
            return Err(SendError::Full);
        }
        queue.bytes += text.len();
        queue.frames.push_back(Frame::Text(text));
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// Closes behind what is queued.
    pub(super) fn close(&self, (code, reason): (u16, &'static str)) {
        self.end(Some(Frame::Close { code, reason }), false);
    }

    /// Closes at once; what is queued is forgotten.
    pub(super) fn abort(&self, (code, reason): (u16, &'static str)) {
        self.end(Some(Frame::Close { code, reason }), true);
    }

    /// The client is gone.
    pub(super) fn discard(&self) {
        self.end(None, true);
    }

    fn end(&self, last: Option<Frame>, forget: bool) {
        let mut queue = self.queue();
        if forget {
            queue.frames = VecDeque::new();
            queue.bytes = 0;
        }
        if !queue.closed {
            queue.closed = true;
            queue.frames.extend(last);
        }
        drop(queue);
        self.filled.notify_one();
        self.drained.notify_waiters();
    }

    /// The next frame, once there is one; `None` after the last. Cancel safe.
    pub(super) async fn next(&self) -> Option<Frame> {
        loop {
            {
                let mut queue = self.queue();
                if let Some(frame) = queue.frames.pop_front() {
                    if let Frame::Text(text) = &frame {
                        queue.bytes -= text.len();
                    }
                    if self.has_room(&queue) {
                        self.drained.notify_waiters();
                    }
                    return Some(frame);
                }
                if queue.closed {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Waits until the queue is at most half full.
    pub(super) async fn room(&self) -> Result<(), SendError> {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            {
                let queue = self.queue();
                if queue.closed {
                    return Err(SendError::Gone);
                }
                if self.has_room(&queue) {
                    return Ok(());
                }
            }
            drained.await;
        }
    }

    fn has_room(&self, queue: &Queue) -> bool {
        queue.frames.len() <= self.frames / 2 && queue.bytes <= self.bytes / 2
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
