//! What an instance's channel offers, or the documented refusal.

use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::port::{
    Channel, Communities, Directory, Groups, MessageActions, Newsletters, Profiles, Protocol,
};

use crate::gateway::Gateway;
use crate::instance::Entry;

fn offered<T>(entry: &Entry, port: Option<T>) -> Result<T, ChannelError> {
    port.ok_or_else(|| ChannelError::NotAvailable(entry.state().instance.channel))
}

impl Gateway {
    /// The instance's channel, for what all channels may do.
    ///
    /// # Errors
    /// `NotAvailable`.
    pub fn channel(&self, entry: &Entry) -> Result<Arc<dyn Channel>, ChannelError> {
        offered(entry, entry.channel.clone())
    }

    /// Does something with the instance's messages.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn messages<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn MessageActions, ChannelError> {
        offered(entry, channel.messages())
    }

    /// Asks or changes what people show.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn profiles<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Profiles, ChannelError> {
        offered(entry, channel.profiles())
    }

    /// Looks people up.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn directory<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Directory, ChannelError> {
        offered(entry, channel.directory())
    }

    /// Asks or changes groups.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn groups<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Groups, ChannelError> {
        offered(entry, channel.groups())
    }

    /// Asks or changes communities.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn communities<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Communities, ChannelError> {
        offered(entry, channel.communities())
    }

    /// Asks or changes newsletters.
    ///
    /// # Errors
    /// `NotAvailable` where the channel cannot.
    pub fn newsletters<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Newsletters, ChannelError> {
        offered(entry, channel.newsletters())
    }

    /// Speaks the protocol itself.
    ///
    /// # Errors
    /// `NotAvailable` where the channel has none.
    pub fn protocol<'a>(
        entry: &Entry,
        channel: &'a dyn Channel,
    ) -> Result<&'a dyn Protocol, ChannelError> {
        offered(entry, channel.protocol())
    }
}
