//! What is encrypted with the secret of the message that it belongs to: votes, reactions, comments, edits, answers.
//!
//! The addresses of both sides are part of the key. Clients write them by phone number or by LID, so both are tried.

use rand::RngExt as _;
use rand::rngs::StdRng;
use wacore::secret_enc_addon::{
    AadMode, AddonContext, ModificationType, decrypt_addon, derive_use_case_secret,
};
use wacore_libsignal::crypto::aes_256_gcm_encrypt;

use super::message::ShownMessage;

/// The two addresses of somebody, without a device: by phone number and by LID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) pn: String,
    pub(crate) lid: String,
}

impl Addresses {
    fn each(&self) -> [&str; 2] {
        [&self.lid, &self.pn]
    }
}

/// Something encrypted for a message.
pub(crate) struct Sealed<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) iv: &'a [u8],
}

/// Opens what `by` sent for the message `parent`. `None` when it is not for it.
pub(crate) fn open(
    parent: &ShownMessage,
    by: &Addresses,
    kind: ModificationType,
    sealed: &Sealed<'_>,
) -> Option<Vec<u8>> {
    let secret = parent.secret()?;
    let author = Addresses {
        pn: parent.sender.clone(),
        lid: parent.sender_lid.clone(),
    };
    for author in author.each() {
        for by in by.each() {
            let context = AddonContext {
                stanza_id: &parent.id,
                parent_msg_original_sender: author,
                modification_sender: by,
                modification_type: kind,
            };
            if let Ok(opened) = decrypt_addon(sealed.payload, sealed.iv, secret, &context) {
                return Some(opened);
            }
        }
    }
    None
}

/// Encrypts something for the message `parent`: payload and initialisation vector. `None` when the message has no secret.
pub(crate) fn seal(
    parent: &ShownMessage,
    by: &Addresses,
    is_lid: bool,
    kind: ModificationType,
    plaintext: &[u8],
    random: &mut StdRng,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let secret = parent.secret()?;
    let (author, by) = if is_lid {
        (&parent.sender_lid, &by.lid)
    } else {
        (&parent.sender, &by.pn)
    };
    let context = AddonContext {
        stanza_id: &parent.id,
        parent_msg_original_sender: author,
        modification_sender: by,
        modification_type: kind,
    };
    let key = derive_use_case_secret(secret, &context).ok()?;
    let bound = match kind.aad_mode() {
        AadMode::Empty => Vec::new(),
        AadMode::StanzaAndSender => [parent.id.as_bytes(), &[0], by.as_bytes()].concat(),
    };
    let iv: [u8; 12] = random.random();
    let mut payload = Vec::new();
    aes_256_gcm_encrypt(&key, &iv, &bound, plaintext, &mut payload).ok()?;
    Some((payload, iv.to_vec()))
}
