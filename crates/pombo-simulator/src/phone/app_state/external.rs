//! Patches whose mutations are too many for a stanza: they are in an encrypted file, and the patch says where.

use wacore::download::{DownloadUtils, MediaType};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp as wa;

use crate::media::MediaStore;

/// Why such a patch cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExternalError {
    #[error("it does not say where its mutations are")]
    Nowhere,
    #[error("the file of its mutations is not there")]
    Gone,
    #[error("the file of its mutations is damaged")]
    Damaged,
}

/// The patch with its mutations in it, wherever they were.
pub(crate) fn resolve(
    media: &MediaStore,
    mut patch: wa::SyncdPatch,
) -> Result<wa::SyncdPatch, ExternalError> {
    let Some(file) = patch.external_mutations.as_option() else {
        return Ok(patch);
    };
    let path = file.direct_path.as_deref().ok_or(ExternalError::Nowhere)?;
    let key = file.media_key.as_deref().ok_or(ExternalError::Nowhere)?;
    let path = path.split('?').next().unwrap_or_default();
    let sealed = media.in_memory(path).ok_or(ExternalError::Gone)?;
    let plain = DownloadUtils::verify_and_decrypt(&sealed, key, MediaType::AppState)
        .map_err(|_| ExternalError::Damaged)?;
    let all = wa::SyncdMutations::decode_from_slice(&plain).map_err(|_| ExternalError::Damaged)?;
    patch.mutations.extend(all.mutations);
    patch.external_mutations = MessageField::none();
    Ok(patch)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::super::Change;
    use super::*;
    use crate::media::MediaKind;
    use crate::simulator::Simulator;
    use crate::stanza::app_state::append_from_phone;

    /// Moves the mutations of a patch into a file.
    fn external(media: &MediaStore, mut patch: wa::SyncdPatch) -> wa::SyncdPatch {
        let all = wa::SyncdMutations {
            mutations: std::mem::take(&mut patch.mutations),
        };
        let sealed = wacore::upload::encrypt_media(&all.encode_to_vec(), MediaType::AppState)
            .expect("encrypting in memory cannot fail");
        let stored = media.store_in_memory(MediaKind::AppState, sealed.data_to_upload);
        patch.external_mutations = MessageField::some(wa::ExternalBlobReference {
            media_key: Some(sealed.media_key.to_vec()),
            direct_path: Some(stored.direct_path),
            file_sha256: Some(sealed.file_sha256.to_vec()),
            file_enc_sha256: Some(sealed.file_enc_sha256.to_vec()),
            ..Default::default()
        });
        patch
    }

    #[tokio::test]
    async fn a_phone_reads_changes_that_are_in_a_file() {
        let simulator = Simulator::start().await.expect("it starts");
        simulator.add_account("5511900000001", "Alice");
        let network = simulator.network();
        let id = network
            .with(|state| state.account_of("5511900000001").map(|account| account.id))
            .expect("she is there");
        let phone = network
            .with(|state| state.account(id).map(|account| Arc::clone(&account.phone)))
            .expect("she has a phone");
        let mut phone = phone.lock().expect("nobody panicked");
        network.with(|state| phone.read_settings(state));
        // A companion has the same keys, and has seen the same.
        let mut companion = phone.app_state.clone();
        let mut random = StdRng::seed_from_u64(1);
        for (name, outside) in [("Alicia", true), ("Ali", false), ("Alix", true)] {
            let change = Change::PushName(name.to_owned()).encode();
            let collection = change.collection;
            let mut patch = companion.patch(&mut random, collection, &[change], 5);
            network.with(|state| {
                if outside {
                    patch = external(&state.media, patch.clone());
                }
                append_from_phone(state, id, collection, patch);
                phone.read_settings(state);
                let account = state.account(id).expect("she is there");
                assert_eq!(account.name, name);
            });
        }
        drop(phone);
        simulator.assert_clean();
    }

    #[tokio::test]
    async fn what_is_not_there_is_told() {
        let simulator = Simulator::start().await.expect("it starts");
        let media = simulator.media();
        let patch = |file| wa::SyncdPatch {
            external_mutations: MessageField::some(file),
            ..Default::default()
        };
        let nowhere = patch(wa::ExternalBlobReference::default());
        assert_eq!(resolve(media, nowhere), Err(ExternalError::Nowhere));
        let gone = wa::ExternalBlobReference {
            direct_path: Some("/v/nothing".to_owned()),
            media_key: Some(vec![1; 32]),
            ..Default::default()
        };
        assert_eq!(resolve(media, patch(gone)), Err(ExternalError::Gone));
        let mut damaged = external(media, wa::SyncdPatch::default());
        if let Some(file) = damaged.external_mutations.as_option_mut() {
            file.media_key = Some(vec![1; 32]);
        }
        assert_eq!(resolve(media, damaged), Err(ExternalError::Damaged));
    }
}
