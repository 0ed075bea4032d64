//! `/settings/*`

mod find;
mod set;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/settings/set/{instanceName}",
            201,
            "store settings",
            set::set,
        ),
        Route::of_instance(
            Method::Get,
            "/settings/find/{instanceName}",
            200,
            "the settings, or null",
            find::find,
        ),
    ]
}
