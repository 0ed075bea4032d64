use url::Url;

/// What stands in place of a secret.
pub(super) const MASK: &str = "****";

/// An address with its password, and whatever in its query looks like a secret, replaced by `****`.
///
/// For logs and errors: `postgresql://user:****@host/db`. Several addresses may be separated by commas. A text that is
/// no address is masked whole, since nobody knows where its secret is.
pub fn mask_uri(text: &str) -> String {
    masked(text.trim()).unwrap_or_else(|| {
        text.split(',')
            .map(|one| masked(one.trim()).unwrap_or_else(|| MASK.to_owned()))
            .collect::<Vec<_>>()
            .join(",")
    })
}

fn masked(text: &str) -> Option<String> {
    if !text.contains("://") {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    if url.password().is_some() {
        url.set_password(Some(MASK)).ok()?;
    } else if !url.username().is_empty() {
        // A user without a password is often a token (`nats://TOKEN@host`).
        url.set_username(MASK).ok()?;
    }
    mask_query(&mut url);
    let shown = String::from(url);
    // Parsing adds a slash to a bare `https://host`.
    Some(match shown.strip_suffix('/') {
        Some(short) if !text.ends_with('/') => short.to_owned(),
        _ => shown,
    })
}

fn mask_query(url: &mut Url) {
    const WORDS: [&str; 6] = ["pass", "secret", "token", "key", "auth", "signature"];
    let Some(query) = url.query() else { return };
    let masked: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _))
                if WORDS
                    .iter()
                    .any(|word| name.to_ascii_lowercase().contains(word)) =>
            {
                format!("{name}={MASK}")
            }
            _ => pair.to_owned(),
        })
        .collect();
    url.set_query(Some(&masked.join("&")));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hides_passwords_and_keeps_the_rest() {
        for (uri, shown) in [
            (
                "postgresql://user:secret@db:5432/pombo?schema=s",
                "postgresql://user:****@db:5432/pombo?schema=s",
            ),
            ("mysql://root@db/pombo", "mysql://****@db/pombo"),
            ("redis://localhost:6379/6", "redis://localhost:6379/6"),
            (
                "nats://token@a:4222, nats://b:4222",
                "nats://****@a:4222,nats://b:4222",
            ),
            (
                "https://hooks.test/in?token=abc&x=1",
                "https://hooks.test/in?token=****&x=1",
            ),
            ("https://hooks.test", "https://hooks.test"),
            ("postgresql://user:pa/ss@db/pombo", "****"),
            ("not an address", "****"),
        ] {
            assert_eq!(mask_uri(uri), shown);
        }
    }

    proptest! {
        #[test]
        fn a_password_never_shows(password in "[a-zA-Z0-9/@:?#%&,. ]{0,12}") {
            let marked = format!("ZQ{password}QZ");
            let shown = mask_uri(&format!("postgresql://user:{marked}@host:5432/db"));
            prop_assert!(!shown.contains(&marked), "{}", shown);
        }
    }
}
