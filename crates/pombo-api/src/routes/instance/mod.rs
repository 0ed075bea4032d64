//! `/instance/*`

mod connect;
mod connection;
mod connection_state;
mod create;
mod create_request;
mod delete;
mod fetch_instances;
mod logout;
mod passkey;
mod restart;
mod set_presence;

use super::{Key, Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::Post,
            "/instance/create",
            Key::Global,
            201,
            "create an instance",
            create::create,
        ),
        Route::of_instance(
            Method::Post,
            "/instance/restart/{instanceName}",
            200,
            "connect anew",
            restart::restart,
        ),
        Route::of_instance(
            Method::Put,
            "/instance/restart/{instanceName}",
            200,
            "the same, as the public documentation has it",
            restart::restart,
        ),
        Route::of_instance(
            Method::Get,
            "/instance/connect/{instanceName}",
            200,
            "connect, or fetch the QR code",
            connect::connect,
        ),
        Route::of_instance(
            Method::Get,
            "/instance/connectionState/{instanceName}",
            200,
            "open, connecting or close",
            connection_state::connection_state,
        ),
        Route::new(
            Method::Get,
            "/instance/fetchInstances",
            Key::Any,
            200,
            "all instances that the key opens",
            fetch_instances::fetch_instances,
        ),
        Route::of_instance(
            Method::Post,
            "/instance/setPresence/{instanceName}",
            201,
            "the account's own presence",
            set_presence::set_presence,
        ),
        Route::of_instance(
            Method::Post,
            "/instance/passkey/{instanceName}",
            200,
            "a step of linking with a passkey",
            passkey::passkey,
        ),
        Route::of_instance(
            Method::Delete,
            "/instance/logout/{instanceName}",
            200,
            "end the connection, keep the data",
            logout::logout,
        ),
        Route::of_instance(
            Method::Delete,
            "/instance/delete/{instanceName}",
            200,
            "delete with all data",
            delete::delete,
        ),
    ]
}
