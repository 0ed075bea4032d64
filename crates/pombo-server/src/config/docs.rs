//! Makes `docs/env.md` from the table of variables, and checks that the file is up to date.

use std::fmt::Write;

use super::{
    env,
    event_flags::GROUPS,
    variable::{Section, Status, Variable},
};

const HEAD: &str = "\
# Environment variables

<!-- Made from crates/pombo-server/src/config/env.rs. To make it anew: UPDATE_DOCS=1 cargo test -p pombo-server docs -->

Everything is set by environment variables, or by a file `.env` in the working directory; a variable of the environment
wins over the file. There is no other configuration file. `pombo config` prints what is in force, secrets masked, and
tells what is wrong; the server does not start on a value that it cannot read, and names all of them at once.

The names and meanings are those of Evolution API v2.3, so that its `.env` files work as they are. What is read
differently:

| Here | Evolution API |
| --- | --- |
| booleans are `true`, `1`, `yes`, `on` or `false`, `0`, `no`, `off`, in any case; anything else is an error | all but `true` is false |
| numbers are whole: `8080abc` is an error, and so is a number out of range | `8080abc` is 8080; 0 often means the default |
| lists are trimmed, empty items are dropped | items keep their blanks |
| an empty value is the same as none | depends on the variable |
| defaults marked \"original\" differ, mostly because the original's own example file sets them so | |

Times are `90`, `90s`, `500ms`, `5m`, `72h` or `3d`; sizes are bytes, or `64MiB`, `64MB` and the like. In `.env`,
`NAME=value` ends at a `#`, quotes keep everything between them (line ends too), and a `$` is only a `$`.

Marks: **new** does not exist in the original; **later** is checked and kept for a part that this build does not have
yet; **no effect** is accepted, whatever it holds, and changes nothing.
";

fn markdown() -> String {
    let mut out = HEAD.to_owned();
    for section in Section::ALL {
        writeln!(out, "\n## {}\n", section.title()).unwrap();
        writeln!(
            out,
            "| Variable | Accepted | Default | Meaning |\n| --- | --- | --- | --- |"
        )
        .unwrap();
        let flags = GROUPS
            .into_iter()
            .find(|group| group.variables[0].section == section);
        for variable in env::variables().filter(|variable| variable.section == section) {
            if flags.is_none_or(|group| {
                !group
                    .variables
                    .iter()
                    .any(|flag| flag.name == variable.name)
            }) {
                writeln!(out, "{}", row(variable)).unwrap();
            }
        }
        if let Some(group) = flags {
            let later = if group.variables[0].status == Status::Later {
                " (**later**)"
            } else {
                ""
            };
            writeln!(
                out,
                "\nAnd one boolean per event, `false` by default: `true` sends this event of all instances{later}.\n"
            )
            .unwrap();
            let names: Vec<_> = group
                .variables
                .iter()
                .map(|variable| format!("`{}`", variable.name))
                .collect();
            writeln!(out, "{}", names.join(",\n")).unwrap();
        }
    }
    out
}

fn row(variable: &Variable) -> String {
    let new = variable.name.starts_with("POMBO_")
        || ["WEBSOCKET_BINARY", "EVENT_LOCAL_TIME"].contains(&variable.name);
    let mark = match (new, variable.status) {
        (true, _) => " **new**",
        (false, Status::Later) => " **later**",
        (false, Status::NoEffect) => " **no effect**",
        (false, Status::Used) => "",
    };
    let default = match variable.default {
        "" => String::new(),
        default => format!("`{default}`"),
    };
    let accepted = match variable.status {
        Status::NoEffect => "anything".to_owned(),
        Status::Used | Status::Later if matches!(variable.kind, super::Kind::Boolean) => {
            "boolean".to_owned()
        }
        Status::Used | Status::Later => variable.kind.accepted(),
    };
    format!(
        "| `{}`{mark} | {accepted} | {default} | {} |",
        variable.name,
        variable.meaning.trim()
    )
}

#[test]
fn the_documentation_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/env.md");
    let wanted = markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).unwrap();
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let difference = wanted
        .lines()
        .zip(found.lines().chain(std::iter::repeat("")))
        .find(|(one, other)| one != other);
    assert!(
        found == wanted,
        "docs/env.md is not what the table of variables says; run `UPDATE_DOCS=1 cargo test -p pombo-server docs` \
         and commit the file. First difference (wanted, found): {difference:#?}"
    );
}
