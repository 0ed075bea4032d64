//! Pictures of accounts, groups and newsletters.

use serde::{Deserialize, Serialize};

use super::state::State;
use crate::media::MediaKind;

/// A picture that somebody has set. The image itself lies in the media store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Changes with every picture, also within one second.
    pub(crate) id: String,
    /// Where the file is fetched, without the host.
    pub(crate) direct_path: String,
}

impl State {
    /// Where a file can be fetched; on the real network that is another host, here it is this one.
    pub(crate) fn file_url(&self, direct_path: &str) -> String {
        match self.media.host() {
            Some(host) => format!("http://{host}{direct_path}"),
            None => format!("https://pps.whatsapp.net{direct_path}"),
        }
    }

    /// Keeps an image, under an id that no other picture has.
    pub(crate) fn keep_picture(&mut self, image: Vec<u8>) -> Picture {
        let file = self.media.store_in_memory(MediaKind::ProfilePicture, image);
        Picture {
            id: format!("{}{:06}", self.clock.now(), self.random.below(1_000_000)),
            direct_path: file.direct_path,
        }
    }
}
