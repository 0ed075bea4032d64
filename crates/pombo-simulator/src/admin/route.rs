//! The list of routes.

use std::sync::Arc;

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::phone::{act, call, group, screen, send, settings, switch};
use super::{account, account_settings, clock, fault, media, network, pairing, report};
use crate::network::Network;

/// One route.
pub(super) struct Route {
    /// `GET`, ... Only the description is held against it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the router knows the method already")
    )]
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) handler: MethodRouter<Arc<Network>>,
}

fn route<H, T>(method: &'static str, path: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Network>>,
    T: 'static,
{
    let filter = match method {
        "GET" => MethodFilter::GET,
        "POST" => MethodFilter::POST,
        "PUT" => MethodFilter::PUT,
        _ => MethodFilter::DELETE,
    };
    Route {
        method,
        path,
        handler: on(filter, handler),
    }
}

/// All of them.
pub(super) fn all() -> Vec<Route> {
    vec![
        route("GET", "/admin/openapi.json", network::openapi),
        route("GET", "/admin/network", network::show),
        route(
            "POST",
            "/admin/network/server-key",
            network::rotate_server_key,
        ),
        route(
            "PUT",
            "/admin/network/props/{code}",
            account_settings::set_prop,
        ),
        route(
            "DELETE",
            "/admin/network/props/{code}",
            account_settings::remove_prop,
        ),
        route("GET", "/admin/clock", clock::show),
        route("PUT", "/admin/clock", clock::change),
        route("GET", "/admin/accounts", account::list),
        route("POST", "/admin/accounts", account::create),
        route("GET", "/admin/accounts/{number}", account::show),
        route("DELETE", "/admin/accounts/{number}", account::delete),
        route(
            "DELETE",
            "/admin/accounts/{number}/devices/{device}",
            account::unlink,
        ),
        route(
            "POST",
            "/admin/accounts/{number}/devices/{device}/end",
            account::end,
        ),
        route(
            "GET",
            "/admin/accounts/{number}/business",
            account_settings::business,
        ),
        route(
            "PUT",
            "/admin/accounts/{number}/business",
            account_settings::set_business,
        ),
        route(
            "DELETE",
            "/admin/accounts/{number}/business",
            account_settings::end_business,
        ),
        route(
            "POST",
            "/admin/accounts/{number}/address-book",
            account_settings::add_contact,
        ),
        route(
            "PUT",
            "/admin/accounts/{number}/tokens",
            account_settings::set_tokens,
        ),
        route(
            "POST",
            "/admin/mock-phone/scan-qr",
            pairing::scan_for_anybody,
        ),
        route("POST", "/admin/accounts/{number}/scan-qr", pairing::scan),
        route(
            "POST",
            "/admin/accounts/{number}/type-code",
            pairing::type_code,
        ),
        route("GET", "/admin/phones/{number}", screen::show),
        route("PUT", "/admin/phones/{number}", switch::change),
        route(
            "POST",
            "/admin/phones/{number}/reinstall",
            switch::reinstall,
        ),
        route("POST", "/admin/phones/{number}/past", switch::invent_past),
        route("GET", "/admin/phones/{number}/messages", screen::messages),
        route("POST", "/admin/phones/{number}/messages", send::send),
        route("GET", "/admin/phones/{number}/file", screen::file),
        route("POST", "/admin/phones/{number}/read", act::read),
        route("POST", "/admin/phones/{number}/played", act::play),
        route("POST", "/admin/phones/{number}/reactions", act::react),
        route("POST", "/admin/phones/{number}/edits", act::edit),
        route("POST", "/admin/phones/{number}/revocations", act::revoke),
        route("POST", "/admin/phones/{number}/votes", act::vote),
        route("POST", "/admin/phones/{number}/responses", act::respond),
        route("POST", "/admin/phones/{number}/pins", act::pin_message),
        route("POST", "/admin/phones/{number}/typing", act::typing),
        route("POST", "/admin/phones/{number}/presence", act::presence),
        route("POST", "/admin/phones/{number}/calls", call::call),
        route("PUT", "/admin/phones/{number}/calls/{call}", call::change),
        route("POST", "/admin/phones/{number}/groups", group::create),
        route(
            "PUT",
            "/admin/phones/{number}/groups/{group}",
            group::change,
        ),
        route(
            "DELETE",
            "/admin/phones/{number}/groups/{group}",
            group::leave,
        ),
        route(
            "GET",
            "/admin/phones/{number}/groups/{group}/invite",
            group::invite,
        ),
        route("POST", "/admin/phones/{number}/join", group::join),
        route("PUT", "/admin/phones/{number}/contacts", settings::contact),
        route("PUT", "/admin/phones/{number}/blocks", settings::block),
        route(
            "PUT",
            "/admin/phones/{number}/labels/{label}",
            settings::label,
        ),
        route(
            "DELETE",
            "/admin/phones/{number}/labels/{label}",
            settings::delete_label,
        ),
        route("PUT", "/admin/phones/{number}/chats", settings::chat),
        route("GET", "/admin/faults", fault::list),
        route("POST", "/admin/faults", fault::add),
        route("DELETE", "/admin/faults", fault::clear),
        route("DELETE", "/admin/faults/{id}", fault::remove),
        route("GET", "/admin/faults/strikes", fault::strikes),
        route("GET", "/admin/media", media::list),
        route("DELETE", "/admin/media", media::remove),
        route("GET", "/admin/violations", report::list),
        route("DELETE", "/admin/violations", report::take),
    ]
}
