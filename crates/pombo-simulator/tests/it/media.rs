//! Media, as real clients upload and download it.

use std::time::Duration;

use pombo_simulator::Simulator;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule};
use whatsapp_rust::UploadOptions;
use whatsapp_rust::wacore::download::MediaType;
use whatsapp_rust::waproto::whatsapp as wa;

use crate::kit::{ALICE, BOB, Client, simulator};

fn bytes(count: usize) -> Vec<u8> {
    (0_u32..)
        .map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8)
        .take(count)
        .collect()
}

async fn upload(client: &Client, content: &[u8], kind: MediaType) -> wa::message::ImageMessage {
    let uploaded = client
        .upload(content.to_vec(), kind, UploadOptions::default())
        .await
        .expect("the upload is accepted");
    wa::message::ImageMessage {
        url: Some(uploaded.url),
        direct_path: Some(uploaded.direct_path),
        media_key: Some(uploaded.media_key.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_file_goes_from_one_client_to_another() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    for size in [1, 100_000, 2_000_000, 6_000_000] {
        let sent = bytes(size);
        let message = upload(&alice, &sent, MediaType::Image).await;
        let found = bob.download(&message).await.expect("it is there");
        assert!(found == sent, "{size} bytes");
    }
    simulator.assert_clean();
}

#[tokio::test]
async fn an_upload_that_broke_off_goes_on() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    // Clients ask how far they came from 5 MiB on.
    let sent = bytes(6_000_000);
    // Both hosts of an attempt would be the same: the first attempt fails, and the one after it goes on.
    let cut = FaultRule::new(FaultPoint::Upload, Fault::CutBody { after: 4_000_000 });
    simulator
        .faults()
        .add(cut.skip(1).times(1))
        .expect("the rule makes sense");
    let options = UploadOptions::default().with_media_key([7; 32]);
    alice
        .upload(sent.clone(), MediaType::Video, options.clone())
        .await
        .expect_err("it is cut off");
    let uploaded = alice
        .upload(sent.clone(), MediaType::Video, options)
        .await
        .expect("the rest is accepted");
    let message = wa::message::VideoMessage {
        direct_path: Some(uploaded.direct_path),
        media_key: Some(uploaded.media_key.to_vec()),
        file_enc_sha256: Some(uploaded.file_enc_sha256.to_vec()),
        file_sha256: Some(uploaded.file_sha256.to_vec()),
        file_length: Some(uploaded.file_length),
        ..Default::default()
    };
    assert!(alice.download(&message).await.expect("it is there") == sent);
}

#[tokio::test]
async fn a_client_renews_what_lets_it_upload() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    upload(&alice, b"before", MediaType::Document).await;
    // The token ends; the client thinks that it is still good, since its own clock does not know.
    simulator.clock().advance(Duration::from_secs(7 * 3600));
    upload(&alice, b"after", MediaType::Document).await;
    simulator.assert_clean();
}

#[tokio::test]
async fn files_expire() {
    let simulator: Simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let message = upload(&alice, &bytes(10_000), MediaType::Image).await;
    let path = message.direct_path.clone().expect("it has one");
    for status in [410, 404] {
        assert!(simulator.media().remove(&path, status));
        let error = alice.download(&message).await.expect_err("it is gone");
        assert!(
            format!("{error:?}").contains(&status.to_string()),
            "{error:?}"
        );
    }
}
