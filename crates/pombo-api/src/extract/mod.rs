//! What handlers ask for: the key and the instance it opens, the checked body, the query, the client's address.

mod body;
mod client;
mod form;
mod group;
mod instance;
mod key;
mod query;
mod urlencoded;

pub(crate) use body::{Checked, Origin, RawBody, ValidJson, check};
pub(crate) use client::{ClientAddress, is_forwarded};
pub(crate) use form::{Upload, ValidForm};
pub(crate) use group::{FromQuery, GroupJson, QueryJson};
pub(crate) use instance::{AuthorisedInstance, decode};
pub(crate) use key::{AnyKey, GlobalKey, key_of};
pub(crate) use query::Query;
