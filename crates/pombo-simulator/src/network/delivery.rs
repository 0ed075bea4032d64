//! Moving stanzas to devices.

use std::sync::Arc;

use wacore_binary::Node;

use super::account::AccountId;
use super::device::DeviceNumber;
use super::session::{ConnectionId, Session};
use super::state::State;
use crate::connection::Outgoing;
use crate::node::Stanza;
use crate::phone::Errand;

impl State {
    /// Delivers a stanza that must arrive: kept for the device until it acknowledges it.
    ///
    /// For device 0 this is the phone. A device that is offline, or has not asked for its stanzas yet, gets it later.
    pub(crate) fn deliver(
        &mut self,
        account: AccountId,
        number: DeviceNumber,
        stanza: impl Into<Stanza>,
    ) {
        let stanza = stanza.into();
        if number == 0 {
            self.errand(account, Errand::Receive(stanza));
            return;
        }
        let Some(device) = self.device_mut(account, number) else {
            return;
        };
        let live = device.queue.is_drained();
        device.queue.push(Arc::clone(&stanza));
        // While a backlog is being fetched in batches, what is new comes after it.
        if device.active && live {
            device.queue.mark_all_sent();
            if let Some(connection) = device.connection {
                self.push(connection, Outgoing::Stanza(stanza));
            }
        }
    }

    /// Delivers to every companion of an account but one.
    pub(crate) fn deliver_to_companions(
        &mut self,
        account: AccountId,
        except: Option<DeviceNumber>,
        stanza: impl Into<Stanza>,
    ) {
        let stanza = stanza.into();
        for device in self.companion_numbers(account) {
            if Some(device) != except {
                self.deliver(account, device, Arc::clone(&stanza));
            }
        }
    }

    /// Sends what is worth something only now (presence, chat states): nothing is kept for a device that is away.
    pub(crate) fn deliver_if_online(
        &mut self,
        account: AccountId,
        number: DeviceNumber,
        stanza: impl Into<Stanza>,
    ) {
        let stanza = stanza.into();
        if number == 0 {
            self.errand(account, Errand::Receive(stanza));
            return;
        }
        let connection = self
            .device(account, number)
            .filter(|device| device.active)
            .and_then(|device| device.connection);
        if let Some(connection) = connection {
            self.push(connection, Outgoing::Stanza(stanza));
        }
    }

    /// Answers whoever is speaking.
    pub(crate) fn answer(&mut self, to: &Session, stanza: Node) {
        match to.connection {
            Some(connection) => self.push(connection, Outgoing::Stanza(Arc::new(stanza))),
            None => self.phone_answers.push(stanza),
        }
    }

    /// Puts something into a connection's outgoing queue. A client that does not read is disconnected when it is full; its
    /// stanzas stay with its device.
    pub(crate) fn push(&mut self, connection: ConnectionId, outgoing: Outgoing) {
        if let Some(connection) = self.connections.get(&connection) {
            connection.outbox.push(outgoing);
        }
    }
}
