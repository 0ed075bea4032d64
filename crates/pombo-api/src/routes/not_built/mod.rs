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
use crate::extract::{AuthorisedInstance, Query, RawBody};
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
    /// The body with `groupJid` from itself or the query; failures in the form of the group routes.
    Group(fn() -> Schema),
    /// Members of the query, in the same form.
    FromQuery(QueryMember, fn() -> Schema),
    /// The body alone, in the same form.
    Properties(fn() -> Schema),
}

/// A member of the query that a route cannot do without.
#[derive(Clone, Copy)]
enum QueryMember {
    InviteCode,
    GetParticipants,
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
        let (body, refusal) = (self.body, self.refusal);
        let answer = move |instance: AuthorisedInstance, query: Query, sent: RawBody| {
            let schema = Arc::clone(&schema);
            async move {
                Err::<(), ApiError>(answer(
                    &instance,
                    body,
                    schema.as_ref().as_ref(),
                    &query,
                    &sent,
                    refusal,
                ))
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
            Self::Checked(schema)
            | Self::Group(schema)
            | Self::FromQuery(_, schema)
            | Self::Properties(schema) => Some(schema()),
        }
    }
}

fn answer(
    AuthorisedInstance(entry): &AuthorisedInstance,
    body: Body,
    schema: Option<&Schema>,
    query: &Query,
    sent: &RawBody,
    refusal: Refusal,
) -> ApiError {
    let refused = check(body, schema, query, sent).err();
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

fn check(
    body: Body,
    schema: Option<&Schema>,
    query: &Query,
    sent: &RawBody,
) -> Result<(), ApiError> {
    let Some(schema) = schema else { return Ok(()) };
    let (mut members, _) = sent.members()?;
    match body {
        Body::Unchecked | Body::Checked(_) | Body::Properties(_) => {}
        Body::Group(_) => {
            let in_body = members
                .get("groupJid")
                .and_then(Value::as_str)
                .filter(|jid| !jid.is_empty());
            let jid = in_body.or_else(|| query.text("groupJid")).ok_or_else(|| {
                ApiError::bad_request_all([
                    "The group id needs to be informed in the query",
                    "ex: \"groupJid=120362@g.us\"",
                ])
            })?;
            let jid = if jid.ends_with("@g.us") {
                jid.to_owned()
            } else {
                format!("{jid}@g.us")
            };
            members.insert("groupJid".to_owned(), Value::from(jid));
        }
        Body::FromQuery(member, _) => {
            let (name, value) = match member {
                QueryMember::InviteCode => ("inviteCode", query.text("inviteCode")),
                QueryMember::GetParticipants => ("getParticipants", query.text("getParticipants")),
            };
            let value = value.ok_or_else(|| match member {
                QueryMember::InviteCode => ApiError::bad_request_all([
                    "The group invite code id needs to be informed in the query",
                    "ex: \"inviteCode=F1EX5QZxO181L3TMVP31gY\" (Obtained from group join link)",
                ]),
                QueryMember::GetParticipants => {
                    ApiError::bad_request("The getParticipants needs to be informed in the query")
                }
            })?;
            members.insert(name.to_owned(), Value::from(value));
        }
    }
    let failures = schema.failures(&Value::Object(members));
    if failures.is_empty() {
        return Ok(());
    }
    Err(match body {
        Body::Unchecked | Body::Checked(_) => ApiError::invalid(failures),
        Body::Group(_) | Body::FromQuery(..) | Body::Properties(_) => {
            ApiError::invalid_properties(failures)
        }
    })
}
