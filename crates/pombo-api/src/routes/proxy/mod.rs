//! `/proxy/*`

mod find;
mod set;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/proxy/set/{instanceName}",
            201,
            "store a proxy for the next connection; it is not tried out",
            set::set,
        ),
        Route::of_instance(
            Method::Get,
            "/proxy/find/{instanceName}",
            200,
            "the stored proxy, or null",
            find::find,
        ),
    ]
}
