//! The three patterns against the initiator of the protocol crates, and the chain of certificates link by link.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use wacore_binary::consts::WA_CONN_HEADER;
use wacore_libsignal::protocol::{KeyPair, PublicKey};
use wacore_noise::{
    IkHandshakeState, IkServerHelloOutcome, NoiseCipher, XxFallbackHandshakeState, XxHandshakeState,
};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::certificate::public_bytes;
use super::handshake::Pattern;
use super::{Established, Handshake, ServerIdentity, Step};

const NOW: u64 = 1_800_000_000;

fn random() -> StdRng {
    StdRng::seed_from_u64(11)
}

fn payload() -> Vec<u8> {
    wa::ClientPayload {
        username: Some(5_511_900_000_001),
        ..Default::default()
    }
    .encode_to_vec()
}

/// What one side encrypts, the other reads.
fn assert_agree(server: &Established, read: &NoiseCipher, write: &NoiseCipher) {
    for counter in 0..3 {
        let mut up = b"to the server".to_vec();
        write
            .encrypt_in_place_with_counter(counter, &mut up)
            .expect("encryption");
        server
            .read
            .decrypt_in_place_with_counter(counter, &mut up)
            .expect("the server's key fits");
        assert_eq!(up, b"to the server");
        let mut down = b"to the client".to_vec();
        server
            .write
            .encrypt_in_place_with_counter(counter, &mut down)
            .expect("encryption");
        read.decrypt_in_place_with_counter(counter, &mut down)
            .expect("the client's key fits");
        assert_eq!(down, b"to the client");
    }
}

fn answered(step: Step) -> (Vec<u8>, Handshake) {
    match step {
        Step::Answer(answer, next) => (answer, next),
        Step::Done(..) => panic!("the handshake is over too early"),
    }
}

fn done(step: Step) -> (Option<Vec<u8>>, Box<Established>) {
    match step {
        Step::Done(answer, established) => (answer, established),
        Step::Answer(..) => panic!("the handshake goes on too long"),
    }
}

#[test]
fn a_first_contact_is_xx() {
    let server = ServerIdentity::generate(&mut random(), NOW);
    let key = KeyPair::generate(&mut random());
    let mut client =
        XxHandshakeState::new(key.clone(), payload(), &WA_CONN_HEADER).expect("a client");
    let hello = client.build_client_hello().expect("a hello");
    let step = Handshake::Hello
        .receive(&server, &mut random(), &hello)
        .expect("accepted");
    let (answer, handshake) = answered(step);
    let finish = client
        .read_server_hello_and_build_client_finish(&answer)
        .expect("accepted");
    let step = handshake
        .receive(&server, &mut random(), &finish)
        .expect("accepted");
    let (rest, established) = done(step);
    assert!(rest.is_none());
    assert_eq!(established.pattern, Pattern::Xx);
    assert_eq!(established.client_key, public_bytes(&key));
    assert_eq!(established.payload.username, Some(5_511_900_000_001));
    let outcome = client.finish().expect("complete");
    assert_eq!(
        outcome.server_cert_chain.leaf_key,
        public_bytes(&server.key)
    );
    assert_agree(&established, &outcome.read_cipher, &outcome.write_cipher);
}

#[test]
fn a_client_that_knows_the_key_uses_ik() {
    let server = ServerIdentity::generate(&mut random(), NOW);
    let key = KeyPair::generate(&mut random());
    let known = public_bytes(&server.key);
    let mut client =
        IkHandshakeState::new(key.clone(), known, payload(), &WA_CONN_HEADER).expect("a client");
    let hello = client.build_client_hello().expect("a hello");
    let step = Handshake::Hello
        .receive(&server, &mut random(), &hello)
        .expect("accepted");
    let (answer, established) = done(step);
    assert_eq!(established.pattern, Pattern::Ik);
    assert_eq!(established.client_key, public_bytes(&key));
    let answer = answer.expect("the server's hello");
    match client.read_server_hello(&answer).expect("accepted") {
        IkServerHelloOutcome::Continue(outcome) => {
            assert_agree(&established, &outcome.read_cipher, &outcome.write_cipher);
        }
        IkServerHelloOutcome::Fallback(_) => panic!("the key is the right one"),
    }
}

#[test]
fn a_client_that_knows_an_old_key_falls_back() {
    let old = ServerIdentity::generate(&mut random(), NOW);
    let server = old.rotated(&mut StdRng::seed_from_u64(12), NOW);
    assert_eq!(old.root_public(), server.root_public());
    let known = public_bytes(&old.key);
    let key = KeyPair::generate(&mut random());
    let mut client =
        IkHandshakeState::new(key, known, payload(), &WA_CONN_HEADER).expect("a client");
    let hello = client.build_client_hello().expect("a hello");
    let step = Handshake::Hello
        .receive(&server, &mut random(), &hello)
        .expect("accepted");
    let (answer, handshake) = answered(step);
    let IkServerHelloOutcome::Fallback(inputs) =
        client.read_server_hello(&answer).expect("accepted")
    else {
        panic!("the key is an old one");
    };
    let mut client =
        XxFallbackHandshakeState::from_ik_failure(*inputs, &WA_CONN_HEADER).expect("a client");
    let finish = client.build_client_finish().expect("accepted");
    let step = handshake
        .receive(&server, &mut random(), &finish)
        .expect("accepted");
    let (_, established) = done(step);
    assert_eq!(established.pattern, Pattern::XxFallback);
    let outcome = client.finish().expect("complete");
    assert_agree(&established, &outcome.read_cipher, &outcome.write_cipher);
}

#[test]
fn every_certificate_is_signed_by_the_one_above_and_valid_now() {
    let server = ServerIdentity::generate(&mut random(), NOW);
    let chain = wa::CertChain::decode_from_slice(server.chain()).expect("a chain");
    let details = |certificate: &wa::cert_chain::NoiseCertificate| {
        let bytes = certificate.details.clone().expect("details");
        let parsed =
            wa::cert_chain::noise_certificate::Details::decode_from_slice(&bytes).expect("details");
        (bytes, parsed)
    };
    let intermediate = chain.intermediate.as_option().expect("an intermediate");
    let leaf = chain.leaf.as_option().expect("a leaf");
    let (intermediate_bytes, intermediate_details) = details(intermediate);
    let (leaf_bytes, leaf_details) = details(leaf);
    let root = PublicKey::from_djb_public_key_bytes(&server.root_public()).expect("a key");
    let above = intermediate_details.key.clone().expect("a key");
    let above = PublicKey::from_djb_public_key_bytes(&above).expect("a key");
    let signature = |certificate: &wa::cert_chain::NoiseCertificate| {
        certificate.signature.clone().expect("one")
    };
    assert!(root.verify_signature(&intermediate_bytes, &signature(intermediate)));
    assert!(above.verify_signature(&leaf_bytes, &signature(leaf)));
    assert_eq!(intermediate_details.issuer_serial, Some(0));
    assert_eq!(leaf_details.issuer_serial, intermediate_details.serial);
    assert_eq!(
        leaf_details.key.as_deref(),
        Some(&public_bytes(&server.key)[..])
    );
    for details in [intermediate_details, leaf_details] {
        assert!(details.not_before.is_some_and(|from| from < NOW));
        assert!(details.not_after.is_some_and(|until| until > NOW + 86_400));
    }
}

#[test]
fn what_is_no_handshake_is_refused() {
    let server = ServerIdentity::generate(&mut random(), NOW);
    for frame in [&b""[..], b"hello", &[0xff; 40]] {
        assert!(
            Handshake::Hello
                .receive(&server, &mut random(), frame)
                .is_err()
        );
    }
}

#[test]
fn a_kept_server_is_the_same_server() {
    let server = ServerIdentity::generate(&mut random(), NOW);
    let kept = ServerIdentity::from_stored(&server.to_stored()).expect("valid keys");
    assert_eq!(kept.root_public(), server.root_public());
    assert_eq!(public_bytes(&kept.key), public_bytes(&server.key));
    assert_eq!(kept.chain(), server.chain());
}
