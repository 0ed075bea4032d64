//! Files on their way to and from the network, encrypted and decrypted as they stream: a large file never sits in memory whole.

pub(crate) mod download;
mod plain;
pub(crate) mod upload;

/// Files up to this size are handled in memory; larger ones go through a temporary file.
const IN_MEMORY: u64 = 1 << 20;

/// An empty temporary file.
fn temporary() -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix("pombo-whatsapp-")
        .tempfile()
}
