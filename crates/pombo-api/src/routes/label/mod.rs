//! `/label/*`

mod find_labels;
mod handle_label;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Get,
            "/label/findLabels/{instanceName}",
            200,
            "all labels",
            find_labels::find_labels,
        ),
        Route::of_instance(
            Method::Post,
            "/label/handleLabel/{instanceName}",
            200,
            "label a chat",
            handle_label::handle_label,
        ),
    ]
}
