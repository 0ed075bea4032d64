//! What a client sends before its first frame.

use wacore_binary::consts::WA_CONN_HEADER;

/// Cuts the intro off: an optional edge-routing header (`ED`, two version bytes, three bytes of length, routing data), then `WA`
/// and two bytes of version. It may come in any number of pieces.
#[derive(Debug, Default)]
pub(crate) struct Intro {
    received: Vec<u8>,
}

/// The client does not speak our protocol.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the intro of a WhatsApp client")]
pub(crate) struct NotWhatsApp;

const EDGE_HEADER: usize = 7;
/// Routing data are a few bytes; what follows the intro in the same message is a handshake, and not much longer.
const LONGEST: usize = 64 * 1024;

impl Intro {
    /// Adds what was received; once the intro is complete, the rest (the beginning of the frames) comes back.
    pub(crate) fn feed(&mut self, data: &[u8]) -> Result<Option<Vec<u8>>, NotWhatsApp> {
        self.received.extend_from_slice(data);
        if self.received.len() > LONGEST {
            return Err(NotWhatsApp);
        }
        let mut rest = self.received.as_slice();
        if rest.starts_with(b"ED") {
            let Some(header) = rest.get(..EDGE_HEADER) else {
                return Ok(None);
            };
            let length = header
                .iter()
                .skip(4)
                .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            let Some(after) = rest.get(EDGE_HEADER + length..) else {
                return Ok(None);
            };
            rest = after;
        }
        match rest.strip_prefix(&WA_CONN_HEADER) {
            Some(frames) => Ok(Some(frames.to_vec())),
            None if WA_CONN_HEADER.starts_with(rest) || rest == b"E" => Ok(None),
            None => Err(NotWhatsApp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intro_may_come_byte_by_byte_and_with_routing() {
        let mut bytes = b"ED\x00\x01\x00\x00\x03abc".to_vec();
        bytes.extend_from_slice(&WA_CONN_HEADER);
        let mut intro = Intro::default();
        for byte in &bytes[..bytes.len() - 1] {
            assert_eq!(intro.feed(&[*byte]), Ok(None));
        }
        let last = bytes[bytes.len() - 1];
        assert_eq!(intro.feed(&[last, 9, 8]), Ok(Some(vec![9, 8])));
    }

    #[test]
    fn other_protocols_are_refused() {
        assert_eq!(Intro::default().feed(b"GET /"), Err(NotWhatsApp));
        assert_eq!(Intro::default().feed(b"WA\x05\x03"), Err(NotWhatsApp));
    }
}
