//! `/business/*`

mod get_catalog;
mod get_collections;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/business/getCatalog/{instanceName}",
            200,
            "a product catalogue",
            get_catalog::get_catalog,
        ),
        Route::of_instance(
            Method::Post,
            "/business/getCollections/{instanceName}",
            200,
            "product collections",
            get_collections::get_collections,
        ),
    ]
}
