//! Calls from outside systems that carry messages.

mod evolution;

use super::{Key, Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::new(
        Method::Post,
        "/webhook/evolution",
        Key::Own,
        200,
        "a message for the EVOLUTION instances of a number",
        evolution::evolution,
    )]
}
