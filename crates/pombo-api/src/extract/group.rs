//! Bodies of the group routes, parts of which come from the query.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use super::body::{RawBody, check_properties};
use super::{Checked, Query};
use crate::error::ApiError;
use crate::state::Api;

/// The checked body, with `groupJid` from itself or else from the query, completed with `@g.us`.
pub(crate) struct GroupJson<T>(pub(crate) T);

impl<T: Checked> FromRequest<Api> for GroupJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let body = RawBody::from_request(request, api).await?;
        let (mut members, origin) = body.members()?;
        add_group(&mut members, &query)?;
        check_properties(members, origin).map(Self)
    }
}

fn add_group(members: &mut Map<String, Value>, query: &Query) -> Result<(), ApiError> {
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
    Ok(())
}

/// A body of which one member comes from the query, and must.
pub(crate) trait FromQuery: Checked {
    /// Which.
    const NAME: &'static str;

    /// What is said when it is missing.
    fn missing() -> ApiError;
}

/// The checked body with that member.
pub(crate) struct QueryJson<T>(pub(crate) T);

impl<T: FromQuery> FromRequest<Api> for QueryJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let body = RawBody::from_request(request, api).await?;
        let (mut members, origin) = body.members()?;
        let value = query.text(T::NAME).ok_or_else(T::missing)?;
        members.insert(T::NAME.to_owned(), Value::from(value));
        check_properties(members, origin).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn group(body: Value, query: &str) -> Option<Value> {
        let Value::Object(mut members) = body else {
            return None;
        };
        add_group(&mut members, &Query::parse(query)).ok()?;
        members.remove("groupJid")
    }

    #[test]
    fn the_group_comes_from_the_body_or_the_query() {
        let found = |body, query| group(body, query).unwrap_or_default();
        assert_eq!(found(json!({}), "groupJid=1%40g.us"), "1@g.us");
        assert_eq!(found(json!({"groupJid": "2"}), "groupJid=1@g.us"), "2@g.us");
        assert_eq!(found(json!({"groupJid": ""}), "groupJid=1@g.us"), "1@g.us");
        assert_eq!(group(json!({"groupJid": 5}), ""), None);
        assert_eq!(group(json!({}), "groupJid="), None);
    }
}
