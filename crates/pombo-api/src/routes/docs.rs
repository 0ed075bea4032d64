//! The route table for people: `docs/routes.md`.

use std::fmt::Write;

use super::{Key, all};

const HEAD: &str = "# Routes

Generated from the route table; do not edit. `UPDATE_DOCS=1 cargo test -p pombo-api` writes it anew.

Key: `I` the instance's token or the global key, `global` the global key, `any` any valid key, `own` rules of its own, `-` none.
Routes with \"no\" check the key, the instance and mostly the body, and then answer that the method is not available yet.
Socket.IO is under `/socket.io/`. Paths match in any case and with a slash at the end; instance names keep their case.

| Method | Path | Key | Success | Built | What |
| --- | --- | --- | --- | --- | --- |
";

/// Every route as a Markdown table.
#[must_use]
pub fn routes_markdown() -> String {
    let mut text = HEAD.to_owned();
    for route in all() {
        let key = match route.key {
            Key::None => "-",
            Key::Own => "own",
            Key::Global => "global",
            Key::Any => "any",
            Key::Instance => "I",
        };
        let built = if route.built { "yes" } else { "no" };
        writeln!(
            text,
            "| {} | `{}` | {key} | {} | {built} | {} |",
            route.method.as_str(),
            route.path,
            route.status,
            route.about
        )
        .expect("a text can always grow");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_documented_routes_are_the_real_ones() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/routes.md");
        let generated = routes_markdown();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == generated,
            "docs/routes.md is out of date: run with UPDATE_DOCS=1"
        );
    }

    #[test]
    fn no_route_is_there_twice() {
        let mut seen = std::collections::HashSet::new();
        for route in all() {
            assert!(
                seen.insert((route.method.as_str(), route.path)),
                "{} {}",
                route.method.as_str(),
                route.path
            );
        }
        assert!(seen.len() > 170, "{}", seen.len());
    }
}
