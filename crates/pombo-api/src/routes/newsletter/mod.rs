//! `/newsletter/*`: what WhatsApp shows as channels. The original has no such routes. Posting is `/message/*` with the newsletter's
//! address as `number`.

mod accept_admin;
mod admin_invites;
mod create;
mod delete;
mod find;
mod follow;
mod followers;
mod list;
mod messages;
mod mute;
mod react;
mod schemas;
mod unfollow;
mod update;
mod update_admin;

use super::{Method, Route};
use crate::error::ApiError;
use crate::extract::Query;
use crate::schema::Pattern;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/newsletter/create/{instanceName}",
            201,
            "make a newsletter (channel)",
            create::create,
        ),
        Route::of_instance(
            Method::Get,
            "/newsletter/find/{instanceName}",
            200,
            "one newsletter, by address or invite code",
            find::find,
        ),
        Route::of_instance(
            Method::Get,
            "/newsletter/list/{instanceName}",
            200,
            "the newsletters that the account follows",
            list::list,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/follow/{instanceName}",
            201,
            "follow a newsletter",
            follow::follow,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/unfollow/{instanceName}",
            201,
            "do not follow it any more",
            unfollow::unfollow,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/mute/{instanceName}",
            201,
            "be told of new posts, or not",
            mute::mute,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/update/{instanceName}",
            201,
            "change name, description, picture, reactions",
            update::update,
        ),
        Route::of_instance(
            Method::Delete,
            "/newsletter/delete/{instanceName}",
            200,
            "end a newsletter for everybody",
            delete::delete,
        ),
        Route::of_instance(
            Method::Get,
            "/newsletter/messages/{instanceName}",
            200,
            "posts with views and reactions",
            messages::messages,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/react/{instanceName}",
            201,
            "react to a post",
            react::react,
        ),
        Route::of_instance(
            Method::Get,
            "/newsletter/followers/{instanceName}",
            200,
            "who follows it",
            followers::followers,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/updateAdmin/{instanceName}",
            201,
            "invite or demote an admin, give it away",
            update_admin::update_admin,
        ),
        Route::of_instance(
            Method::Get,
            "/newsletter/adminInvites/{instanceName}",
            200,
            "who was asked to become an admin",
            admin_invites::admin_invites,
        ),
        Route::of_instance(
            Method::Post,
            "/newsletter/acceptAdmin/{instanceName}",
            201,
            "become an admin, as asked",
            accept_admin::accept_admin,
        ),
    ]
}

/// The newsletter that the query string names.
fn named(query: &Query) -> Result<&str, ApiError> {
    let jid = query.text("newsletterJid").ok_or_else(|| {
        ApiError::bad_request("newsletterJid is a required query parameter").bare()
    })?;
    if Pattern::NewsletterJid.matches(jid) {
        Ok(jid)
    } else {
        Err(ApiError::bad_request("newsletterJid must end with @newsletter").bare())
    }
}
