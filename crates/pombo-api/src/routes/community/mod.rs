//! `/community/*`: groups of groups. The original has no such routes. What is true of every group (name, picture, settings, invite
//! links, members of one group) is done by `/group/*` with the community's address.

mod create;
mod create_subgroup;
mod deactivate;
mod find;
mod join_subgroup;
mod link_group;
mod list;
mod members;
mod remove_members;
mod schemas;
mod subgroup;
mod subgroups;
mod unlink_group;

use std::sync::Arc;

use pombo_core::Entry;

use super::{Method, Route};
use crate::error::ApiError;
use crate::extract::Query;
use crate::schema::Pattern;
use crate::state::Api;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/community/create/{instanceName}",
            201,
            "make a community",
            create::create,
        ),
        Route::of_instance(
            Method::Get,
            "/community/list/{instanceName}",
            200,
            "the communities that the account is in",
            list::list,
        ),
        Route::of_instance(
            Method::Get,
            "/community/find/{instanceName}",
            200,
            "one community",
            find::find,
        ),
        Route::of_instance(
            Method::Get,
            "/community/subgroups/{instanceName}",
            200,
            "its groups",
            subgroups::subgroups,
        ),
        Route::of_instance(
            Method::Get,
            "/community/subgroup/{instanceName}",
            200,
            "one of its groups, also when the account is not in it",
            subgroup::subgroup,
        ),
        Route::of_instance(
            Method::Post,
            "/community/createSubgroup/{instanceName}",
            201,
            "make a group in it",
            create_subgroup::create_subgroup,
        ),
        Route::of_instance(
            Method::Post,
            "/community/linkGroup/{instanceName}",
            201,
            "take groups into it",
            link_group::link_group,
        ),
        Route::of_instance(
            Method::Post,
            "/community/unlinkGroup/{instanceName}",
            201,
            "take groups out of it",
            unlink_group::unlink_group,
        ),
        Route::of_instance(
            Method::Post,
            "/community/joinSubgroup/{instanceName}",
            201,
            "come into one of its groups",
            join_subgroup::join_subgroup,
        ),
        Route::of_instance(
            Method::Get,
            "/community/members/{instanceName}",
            200,
            "everybody in its groups",
            members::members,
        ),
        Route::of_instance(
            Method::Post,
            "/community/removeMembers/{instanceName}",
            201,
            "throw people out of it and its groups",
            remove_members::remove_members,
        ),
        Route::of_instance(
            Method::Delete,
            "/community/deactivate/{instanceName}",
            200,
            "end it; its groups live on",
            deactivate::deactivate,
        ),
    ]
}

/// The community that the query string names.
fn named(query: &Query) -> Result<&str, ApiError> {
    group_in(query, "communityJid")
}

/// The group that a member of the query string names.
fn group_in<'a>(query: &'a Query, member: &str) -> Result<&'a str, ApiError> {
    let jid = query.text(member).ok_or_else(|| {
        ApiError::bad_request(format!("{member} is a required query parameter")).bare()
    })?;
    if Pattern::GroupJid.matches(jid) {
        Ok(jid)
    } else {
        Err(ApiError::bad_request(format!("{member} must end with @g.us")).bare())
    }
}

/// The addresses of people, as WhatsApp knows them.
async fn people(
    api: &Api,
    entry: &Arc<Entry>,
    numbers: &[String],
) -> Result<Vec<String>, ApiError> {
    let mut people = Vec::with_capacity(numbers.len());
    for number in numbers {
        people.push(api.gateway.recipient(entry, number).await?);
    }
    Ok(people)
}
