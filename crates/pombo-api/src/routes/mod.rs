//! All routes, one per file; the folders mirror the paths.
//!
//! [`all`] is the one list: the router and `docs/routes.md` are made from it.

mod answer;
mod baileys;
mod business;
mod chat;
mod community;
mod event;
mod group;
mod instance;
mod label;
mod message;
mod newsletter;
mod not_built;
mod proxy;
mod root;
mod schemas;
mod settings;
mod webhook;

mod docs;

pub use docs::routes_markdown;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::state::Api;

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// In axum's spelling: `/chat/findChats/{instanceName}`.
    pub(crate) path: &'static str,
    pub(crate) key: Key,
    /// The status of success.
    pub(crate) status: u16,
    /// What it is for, in a few words.
    pub(crate) about: &'static str,
    /// False for routes that only say that they are not available yet.
    pub(crate) built: bool,
    pub(crate) handler: MethodRouter<Api>,
}

/// The methods that routes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Everybody.
    None,
    /// The route has rules of its own.
    Own,
    /// The global key.
    Global,
    /// Any valid key.
    Any,
    /// The global key or the instance's token.
    Instance,
}

impl Route {
    fn new<H, T>(
        method: Method,
        path: &'static str,
        key: Key,
        status: u16,
        about: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self {
            method,
            path,
            key,
            status,
            about,
            built: true,
            handler: on(method.filter(), handler),
        }
    }

    /// A route of an instance.
    fn of_instance<H, T>(
        method: Method,
        path: &'static str,
        status: u16,
        about: &'static str,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        Self::new(method, path, Key::Instance, status, about, handler)
    }
}

/// Every route of the program.
pub(crate) fn all() -> Vec<Route> {
    let groups = [
        root::routes(),
        instance::routes(),
        settings::routes(),
        proxy::routes(),
        event::routes(),
        webhook::routes(),
        message::routes(),
        chat::routes(),
        group::routes(),
        label::routes(),
        business::routes(),
        newsletter::routes(),
        community::routes(),
        baileys::routes(),
        not_built::routes(),
    ];
    groups.into_iter().flatten().collect()
}
