//! Routes of the original that this build does not have yet.
//!
//! They check the key and the instance, most also the body, and then say that the method is not available: never an
//! answer that only looks like success. Each leaves this table when it is built.

mod bots;
mod table;

use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use serde_json::Value;

use super::{Key, Method, Route};
use crate::error::ApiError;
use crate::extract::{AuthorisedInstance, RawBody};
use crate::schema::Schema;

/// One route that is not there yet.
struct NotBuilt {
    method: Method,
    path: &'static str,
    status: u16,
    about: &'static str,
    body: Body,
    refusal: Refusal,
}

/// What is checked of the request.
#[derive(Clone, Copy)]
enum Body {
    /// Nothing.
    Unchecked,
    /// The body, against a schema.
    Checked(fn() -> Schema),
}

/// How the route says no.
#[derive(Clone, Copy)]
enum Refusal {
    /// In the usual form: the method is not available on the instance's channel.
    Channel,
    /// The same in the form of Meta's errors.
    Meta(&'static str),
    /// A whole feature is switched off.
    Disabled(&'static str),
}

pub(super) fn routes() -> Vec<Route> {
    table::rows()
        .into_iter()
        .chain(bots::rows())
        .map(NotBuilt::into_route)
        .collect()
}

impl NotBuilt {
    fn into_route(self) -> Route {
        let schema = Arc::new(self.body.schema());
        let refusal = self.refusal;
        let answer = move |instance: AuthorisedInstance, sent: RawBody| {
            let schema = Arc::clone(&schema);
            async move {
                Err::<(), ApiError>(answer(&instance, schema.as_ref().as_ref(), &sent, refusal))
            }
        };
        Route {
            built: false,
            ..Route::new(
                self.method,
                self.path,
                Key::Instance,
                self.status,
                self.about,
                answer,
            )
        }
    }
}

impl Body {
    fn schema(self) -> Option<Schema> {
        match self {
            Self::Unchecked => None,
            Self::Checked(schema) => Some(schema()),
        }
    }
}

fn answer(
    AuthorisedInstance(entry): &AuthorisedInstance,
    schema: Option<&Schema>,
    sent: &RawBody,
    refusal: Refusal,
) -> ApiError {
    let refused = check(schema, sent).err();
    let error = refused.unwrap_or_else(|| match refusal {
        Refusal::Channel | Refusal::Meta(_) => {
            ChannelError::NotAvailable(entry.state().instance.channel).into()
        }
        Refusal::Disabled(text) => ApiError::bad_request(text),
    });
    match refusal {
        Refusal::Channel | Refusal::Disabled(_) => error,
        Refusal::Meta(context) => error.meta(context),
    }
}

fn check(schema: Option<&Schema>, sent: &RawBody) -> Result<(), ApiError> {
    let Some(schema) = schema else { return Ok(()) };
    let (members, _) = sent.members()?;
    let failures = schema.failures(&Value::Object(members));
    if failures.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(failures))
}
