//! `encrypt`: the keys that devices keep at the server, so that others can write to them.

use sha1::{Digest as _, Sha1};
use wacore_binary::{Jid, Node};
use wacore_libsignal::protocol::PublicKey;

use super::answer::{Answer, Refusal, Reply};
use super::passive;
use crate::network::device::{Bundle, PreKey, SignedPreKey};
use crate::network::{AccountId, Device, DeviceNumber, Session, State};
use crate::node::{NodeExt as _, key_id, node, number, service};
use crate::phone::Errand;

/// The type of all keys: Curve25519.
const KEY_TYPE: u8 = 5;
/// A device is told when its pool has come down to this many keys, and when it is empty.
const LOW: usize = 10;
/// No client uploads more at a time.
const LARGEST_UPLOAD: usize = 5000;

/// `get`: how many keys there are, a digest of them, or keys of others.
pub(crate) fn get(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let Some(first) = iq.nodes().first() else {
        return Err(Refusal::Malformed("a key request without content"));
    };
    match first.tag.as_ref() {
        "count" => {
            let count = own(state, from)?.pre_keys.len();
            Reply::node(node("count").attr("value", count).build())
        }
        "digest" => digest(own(state, from)?),
        "key" => bundles(state, first),
        _ => Err(Refusal::Unknown),
    }
}

/// `set`: new one-time keys, or a new signed pre-key.
pub(crate) fn set(state: &mut State, from: &Session, iq: &Node) -> Answer {
    match iq.nodes() {
        [rotate] if rotate.tag == "rotate" => {
            let signed = rotate
                .child("skey")
                .ok_or(Refusal::Malformed("a rotation without a key"))?;
            let device = own(state, from)?;
            device.signed_pre_key = Some(signed_pre_key(signed, &device.identity)?);
            Reply::empty()
        }
        _ => upload(state, from, iq),
    }
}

fn own<'a>(state: &'a mut State, from: &Session) -> Result<&'a mut Device, Refusal> {
    state
        .device_mut(from.account, from.device)
        .ok_or(Refusal::NOT_FOUND)
}

fn upload(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let body = |tag, what| {
        iq.child(tag)
            .map(|child| child.body())
            .ok_or(Refusal::Malformed(what))
    };
    let registration = body(
        "registration",
        "an upload of keys without a registration id",
    )?;
    let identity = body("identity", "an upload of keys without an identity")?;
    if body("type", "an upload of keys without a type")? != [KEY_TYPE] {
        return Err(Refusal::Malformed("an upload of keys of an unknown type"));
    }
    let list = iq
        .child("list")
        .ok_or(Refusal::Malformed("an upload of keys without keys"))?;
    let signed = iq
        .child("skey")
        .ok_or(Refusal::Malformed("an upload of keys without a signed one"))?;
    if list.nodes().len() > LARGEST_UPLOAD {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    let device = own(state, from)?;
    if identity != device.identity {
        return Err(Refusal::Malformed("an upload of keys for another identity"));
    }
    let signed = signed_pre_key(signed, &device.identity)?;
    let mut keys = Vec::with_capacity(list.nodes().len());
    for key in list.nodes() {
        let id = key.child("id").map(|id| number(id.body()));
        let public = key.child("value").and_then(|value| value.body_key());
        let (Some(id), Some(public)) = (id, public) else {
            return Err(Refusal::Malformed("a one-time key without id or value"));
        };
        keys.push(PreKey { id, public });
    }
    device.registration_id = number(registration);
    device.signed_pre_key = Some(signed);
    // A key that is there already is replaced: an upload may be repeated when its answer was lost.
    for key in keys {
        match device.pre_keys.iter_mut().find(|known| known.id == key.id) {
            Some(known) => *known = key,
            None => device.pre_keys.push_back(key),
        }
    }
    passive::bootstrap(state, from);
    Reply::empty()
}

/// Reads a signed pre-key and checks the signature, as whoever gets it will.
fn signed_pre_key(signed: &Node, identity: &[u8; 32]) -> Result<SignedPreKey, Refusal> {
    let id = signed.child("id").map(|id| number(id.body()));
    let public = signed.child("value").and_then(|value| value.body_key());
    let signature = signed.child("signature").map(|node| node.body().to_vec());
    let (Some(id), Some(public), Some(signature)) = (id, public, signature) else {
        return Err(Refusal::Malformed("an incomplete signed pre-key"));
    };
    let valid = PublicKey::from_djb_public_key_bytes(identity).is_ok_and(|identity| {
        identity.verify_signature_for_multipart_message(&[&[KEY_TYPE], &public], &signature)
    });
    if !valid {
        return Err(Refusal::Malformed(
            "a pre-key whose signature is not of the device's identity",
        ));
    }
    Ok(SignedPreKey {
        id,
        public,
        signature,
    })
}

/// All that the server has of a device, and a hash over it: the client compares.
fn digest(device: &Device) -> Answer {
    let Some(signed) = device
        .signed_pre_key
        .as_ref()
        .filter(|_| !device.pre_keys.is_empty())
    else {
        return Err(Refusal::NOT_FOUND);
    };
    let mut hash = Sha1::new();
    hash.update(device.identity);
    hash.update(signed.public);
    hash.update(&signed.signature);
    for key in &device.pre_keys {
        hash.update(key.public);
    }
    let ids = device
        .pre_keys
        .iter()
        .map(|key| node("id").bytes(key_id(key.id)).build());
    Reply::node(
        node("digest")
            .children([
                node("registration")
                    .bytes(device.registration_id.to_be_bytes())
                    .build(),
                node("type").bytes([KEY_TYPE]).build(),
                node("identity").bytes(device.identity).build(),
                signed_node(signed),
                node("list").children(ids).build(),
                node("hash").bytes(hash.finalize().to_vec()).build(),
            ])
            .build(),
    )
}

/// Keys of other devices; each request takes one one-time key.
fn bundles(state: &mut State, request: &Node) -> Answer {
    let now = state.clock.now();
    let mut users = Vec::new();
    for user in request.nodes() {
        let Some(jid) = user.jid("jid") else {
            return Err(Refusal::Malformed("a request for keys of nobody"));
        };
        let account = state.resolve(&jid);
        let bundle = account.and_then(|account| take_bundle(state, account, jid.device));
        users.push(match bundle {
            Some(bundle) => bundle_node(jid, &bundle, now),
            None => node("user")
                .attr("jid", jid)
                .children([node("error")
                    .attr("code", 404)
                    .attr("text", "item-not-found")
                    .build()])
                .build(),
        });
    }
    if users.is_empty() {
        return Err(Refusal::Malformed("a request for keys of nobody"));
    }
    Reply::node(node("list").children(users).build())
}

/// Takes a device's keys for somebody who wants to write to it, and tells the device when few are left.
pub(crate) fn take_bundle(
    state: &mut State,
    account: AccountId,
    number: DeviceNumber,
) -> Option<Bundle> {
    let device = state.device_mut(account, number)?;
    let before = device.pre_keys.len();
    let bundle = device.take_bundle()?;
    let left = device.pre_keys.len();
    let is_low = before != left && (left == LOW || left == 0);
    if is_low && number == 0 {
        state.errand(account, Errand::PreKeysLow);
    } else if is_low {
        let notification = node("notification")
            .attr("from", service())
            .attr("type", "encrypt")
            .attr("id", state.stanza_id())
            .attr("t", state.clock.now())
            .children([node("count").attr("value", left).build()])
            .build();
        state.deliver(account, number, notification);
    }
    Some(bundle)
}

fn bundle_node(jid: Jid, bundle: &Bundle, now: u64) -> Node {
    let mut children = vec![
        node("registration")
            .bytes(bundle.registration_id.to_be_bytes())
            .build(),
        node("type").bytes([KEY_TYPE]).build(),
        node("identity").bytes(bundle.identity).build(),
        signed_node(&bundle.signed_pre_key),
    ];
    if let Some(key) = &bundle.pre_key {
        children.push(
            node("key")
                .children([
                    node("id").bytes(key_id(key.id)).build(),
                    node("value").bytes(key.public).build(),
                ])
                .build(),
        );
    }
    if let Some(identity) = &bundle.signed_identity {
        children.push(node("device-identity").bytes(identity.clone()).build());
    }
    node("user")
        .attr("jid", jid)
        .attr("t", now)
        .children(children)
        .build()
}

fn signed_node(signed: &SignedPreKey) -> Node {
    node("skey")
        .children([
            node("id").bytes(key_id(signed.id)).build(),
            node("value").bytes(signed.public).build(),
            node("signature").bytes(signed.signature.clone()).build(),
        ])
        .build()
}
