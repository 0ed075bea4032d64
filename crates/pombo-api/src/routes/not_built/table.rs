//! Templates, media.

use super::{Body, Method, NotBuilt, Refusal};
use crate::routes::schemas as s;

pub(super) fn rows() -> Vec<NotBuilt> {
    use Body::{Checked, Unchecked};
    use Method::{Get, Post};
    use Refusal::{Channel, Meta};
    let row = |method, path, status, about, body, refusal| NotBuilt {
        method,
        path,
        status,
        about,
        body,
        refusal,
    };
    vec![
        row(
            Post,
            "/template/create/{instanceName}",
            201,
            "create a template",
            Checked(s::template),
            Meta("template_creation"),
        ),
        row(
            Get,
            "/template/find/{instanceName}",
            200,
            "all templates",
            Unchecked,
            Meta("template_find"),
        ),
        row(
            Post,
            "/s3/getMedia/{instanceName}",
            201,
            "stored files",
            Checked(s::media),
            Channel,
        ),
        row(
            Post,
            "/s3/getMediaUrl/{instanceName}",
            200,
            "a link to a stored file",
            Checked(s::media_url),
            Channel,
        ),
    ]
}
