//! A small network that is fed with bytes as they could come from a client, without a socket and its encryption. For the
//! fuzzer, and for tests.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError};

use bytes::BytesMut;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use wacore_noise::framing::FrameDecoder;

use crate::connection::{Intro, decode_stanza};
use crate::network::clock::Clock;
use crate::network::random::Random;
use crate::network::settings::Settings;
use crate::network::{AccountId, Addressing, Network, Session, State};
use crate::noise::{Handshake, ServerIdentity, Step};
use crate::phone::PhoneIdentity;
use crate::stanza::router;

/// An input that begins with this byte is what a connection begins with: intro, frames, handshake.
pub const CONNECTION: u8 = 0;
/// One that begins with this byte holds frames with stanzas of the first account's companion; others begin with another
/// account, or with its phone. Each further frame comes from the next account.
pub const FIRST_COMPANION: u8 = 1;
/// A network is made anew after so many inputs, so that it stays small.
const INPUTS: u32 = 200;

/// Whatever the bytes are: nothing may panic, and the network answers afterwards. In a Tokio runtime.
///
/// # Panics
/// When something is wrong with the network.
pub fn run(data: &[u8]) {
    thread_local! {
        static WORLD: RefCell<(u32, Option<World>)> = const { RefCell::new((0, None)) };
    }
    let Some((kind, data)) = data.split_first() else {
        return;
    };
    WORLD.with_borrow_mut(|(inputs, world)| {
        *inputs += 1;
        if inputs.is_multiple_of(INPUTS) {
            *world = None;
        }
        let world = world.get_or_insert_with(World::new);
        if *kind == CONNECTION {
            world.connection(data);
        } else {
            world.stanzas(*kind, data);
            world.assert_answers();
        }
    });
}

/// The network.
pub(crate) struct World {
    pub(crate) network: Arc<Network>,
    pub(crate) accounts: Vec<AccountId>,
    /// Of phones and companions, somebody who is not there, the group.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only tests make stanzas of their own")
    )]
    pub(crate) jids: Vec<String>,
}

impl World {
    /// Three accounts with a companion each, and a group of two of them.
    pub(crate) fn new() -> Self {
        let mut random = Random::seeded(3);
        let server = ServerIdentity::generate(random.generator(), 1_800_000_000);
        let network = Network::new(
            State::new(Settings::default(), Clock::default(), random),
            server,
            3,
        );
        let (accounts, mut jids) = network.with(|state| {
            let accounts: Vec<AccountId> = ["5511900000001", "5511900000002", "5511900000003"]
                .map(|number| state.add_account(number, "Test"))
                .to_vec();
            let mut jids = Vec::new();
            for id in &accounts {
                let identity = PhoneIdentity::generate(&mut state.random);
                let account = state.account_mut(*id).expect("it was just made");
                // A companion, linked by whatever: here only its stanzas matter.
                let device = crate::network::Device {
                    number: 1,
                    key_index: 1,
                    identity: identity.public(),
                    signed_identity: Some(Vec::new()),
                    active: true,
                    ..Default::default()
                };
                account.devices.insert(1, device);
                account.next_device = 2;
                for addressing in [Addressing::Pn, Addressing::Lid] {
                    jids.push(account.jid(addressing).to_string());
                    jids.push(account.device_jid(addressing, 1).to_string());
                }
            }
            jids.push("5511999999999@s.whatsapp.net".to_owned());
            (accounts, jids)
        });
        let create = NodeBuilder::new("iq")
            .attr("id", "create")
            .attr("xmlns", "w:g2")
            .attr("type", "set")
            .attr("to", "g.us")
            .children([NodeBuilder::new("create")
                .attr("subject", "Team")
                .attr("key", "k")
                .children([NodeBuilder::new("participant")
                    .attr("jid", "5511900000002@s.whatsapp.net")
                    .build()])
                .build()])
            .build();
        let owner = accounts.first().copied().expect("three were made");
        network.send_from_phone(owner, create);
        network.with(|state| {
            jids.extend(state.groups.values().map(|group| group.jid().to_string()));
        });
        assert_eq!(jids.len(), 14, "the group is there: {jids:?}");
        Self {
            network,
            accounts,
            jids,
        }
    }

    /// A stanza of a device of the account at this place.
    pub(crate) fn receive(&self, account: usize, device: u16, stanza: Node) {
        let session = Session {
            account: self.accounts[account % self.accounts.len()],
            device,
            connection: None,
        };
        self.network
            .with(|state| router::route(state, &session, stanza));
    }

    /// Lets the phones work on what they were sent. On this thread, so that a panic of a phone is seen.
    pub(crate) fn run_phones(&self) {
        for id in &self.accounts {
            while let Some((phone, errand)) = self.network.with(|state| {
                let account = state.account_mut(*id)?;
                Some((Arc::clone(&account.phone), account.errands.pop_front()?))
            }) {
                phone
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .run(&self.network, errand);
            }
        }
    }

    /// It still answers.
    pub(crate) fn assert_answers(&self) {
        let ping = NodeBuilder::new("iq")
            .attr("id", "ping")
            .attr("xmlns", "w:p")
            .attr("type", "get")
            .build();
        let owner = self.accounts.first().copied().expect("three were made");
        assert_eq!(self.network.send_from_phone(owner, ping).len(), 1);
    }

    /// Frames with stanzas, as they are once they are decrypted.
    fn stanzas(&self, from: u8, data: &[u8]) {
        let mut frames = FrameDecoder::new();
        frames.feed(data);
        let mut from = usize::from(from);
        while let Some(frame) = frames.decode_frame() {
            // What cannot be decoded ends the connection.
            let Ok(stanza) = decode_stanza(frame) else {
                break;
            };
            let device = u16::from(from & 128 == 0);
            self.receive((from & 127) + 2, device, stanza);
            from += 1;
        }
        self.run_phones();
    }

    /// What comes before the stanzas, in two pieces.
    fn connection(&self, data: &[u8]) {
        let server = self.network.server();
        let mut random = self.network.with(|state| state.random.fork());
        let mut intro = Intro::default();
        let mut frames = FrameDecoder::new();
        let mut rest = None;
        for piece in [&data[..data.len() / 2], &data[data.len() / 2..]] {
            match rest {
                Some(()) => frames.feed(piece),
                None => match intro.feed(piece) {
                    Ok(Some(first)) => {
                        rest = Some(());
                        frames.feed(&first);
                    }
                    Ok(None) => {}
                    Err(_) => return,
                },
            }
        }
        let mut handshake = Handshake::Hello;
        while let Some(frame) = frames.decode_frame() {
            let frame: BytesMut = frame;
            match handshake.receive(&server, &mut random, &frame) {
                Ok(Step::Answer(_, next)) => handshake = next,
                Ok(Step::Done(..)) | Err(_) => return,
            }
        }
    }
}
