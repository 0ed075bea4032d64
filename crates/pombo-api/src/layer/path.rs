//! Paths in any case and with a slash at the end lead to the same route; instance names keep their case.

use std::collections::{HashMap, HashSet};

use http::Uri;
use http::uri::PathAndQuery;

use crate::error::ApiError;
use crate::extract::decode;

/// The fixed beginnings of all routes: `/`, `/metrics`, `/instance/create`, `/health/live`, ...
#[derive(Debug)]
pub(crate) struct Beginnings {
    canonical: HashSet<String>,
    by_lower_case: HashMap<String, String>,
}

impl Beginnings {
    /// From the paths of all routes.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let canonical: HashSet<String> = paths.map(|path| beginning(path).to_owned()).collect();
        let by_lower_case = canonical
            .iter()
            .map(|path| (path.to_ascii_lowercase(), path.clone()))
            .collect();
        Self {
            canonical,
            by_lower_case,
        }
    }

    /// The path as the routes know it; `None` when it is that already, or belongs to no route.
    ///
    /// # Errors
    /// 400 when a parameter of a known route is malformed.
    pub(crate) fn canonical(&self, uri: &Uri) -> Result<Option<Uri>, ApiError> {
        let path = uri.path();
        let trimmed = path
            .strip_suffix('/')
            .filter(|rest| !rest.is_empty())
            .unwrap_or(path);
        let head = beginning(trimmed);
        let known = if self.canonical.contains(head) {
            head
        } else {
            let Some(known) = self.by_lower_case.get(&head.to_ascii_lowercase()) else {
                return Ok(None);
            };
            known.as_str()
        };
        let rest = &trimmed[head.len()..];
        if rest.contains('%')
            && let Some(bad) = rest.split('/').find(|segment| decode(segment).is_none())
        {
            let text = format!("Failed to decode param '{bad}'");
            return Err(ApiError::plain(http::StatusCode::BAD_REQUEST, text));
        }
        if trimmed.len() == path.len() && known == head {
            return Ok(None);
        }
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let path_and_query =
            PathAndQuery::try_from(format!("{known}{rest}{query}")).map_err(ApiError::internal)?;
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(path_and_query);
        Uri::from_parts(parts).map(Some).map_err(ApiError::internal)
    }
}

/// The first two segments, or all when there are fewer.
fn beginning(path: &str) -> &str {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    match slashes.nth(2) {
        Some(third) => &path[..third],
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn beginnings() -> Beginnings {
        Beginnings::new(
            [
                "/",
                "/metrics",
                "/instance/connectionState/{instanceName}",
                "/instance/create",
                "/typebot/fetch/{id}/{i}",
            ]
            .into_iter(),
        )
    }

    fn canonical(path: &str) -> String {
        let uri: Uri = path.parse().unwrap();
        beginnings()
            .canonical(&uri)
            .unwrap()
            .unwrap_or(uri)
            .to_string()
    }

    #[test]
    fn only_the_route_part_changes_case() {
        for (sent, known) in [
            (
                "/INSTANCE/connectionstate/Ora-Evo",
                "/instance/connectionState/Ora-Evo",
            ),
            (
                "/instance/connectionState/ora/?A=B",
                "/instance/connectionState/ora?A=B",
            ),
            (
                "/Instance/ConnectionState/ora%2FSl",
                "/instance/connectionState/ora%2FSl",
            ),
            ("/METRICS/", "/metrics"),
            ("/", "/"),
            ("//", "/"),
            ("/Nope/X/", "/Nope/X/"),
            ("/typebot/FETCH/aB/cD/", "/typebot/fetch/aB/cD"),
            ("/instance/create", "/instance/create"),
        ] {
            assert_eq!(canonical(sent), known, "{sent}");
        }
    }

    #[test]
    fn malformed_parameters_are_named() {
        let refused = |path: &str| {
            beginnings()
                .canonical(&path.parse().unwrap())
                .unwrap_err()
                .text()
        };
        assert_eq!(
            refused("/instance/connectionState/%E0%A4%A"),
            "Failed to decode param '%E0%A4%A'"
        );
        assert_eq!(
            refused("/INSTANCE/connectionState/%zz/"),
            "Failed to decode param '%zz'"
        );
        assert_eq!(canonical("/nope/x/%zz"), "/nope/x/%zz");
    }

    proptest! {
        #[test]
        fn never_panics(path in "/([a-zA-Z%/.]|instance|connectionState|%2[fF]){0,20}") {
            if let Ok(uri) = path.parse::<Uri>() {
                drop(beginnings().canonical(&uri));
            }
        }
    }
}
