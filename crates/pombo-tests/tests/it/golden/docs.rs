//! Keeps the list in `docs/compatibility.md` true.

use std::path::Path;

use super::rules::Rules;

/// `name`: of the file of rules, and of the list.
pub(super) fn check(rules: &Rules, name: &str) {
    let start = format!("<!-- {name}: generated from crates/pombo-tests/golden/{name}.json -->\n");
    let end = format!("<!-- end of {name} -->");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compatibility.md");
    let written = std::fs::read_to_string(&path).expect("docs/compatibility.md is there");
    let (head, rest) = written.split_once(&start).expect("the start of the list");
    let (_, tail) = rest.split_once(&end).expect("the end of the list");
    let mut list =
        String::from("| Difference | The original | Here, and why |\n| --- | --- | --- |\n");
    for rule in rules.all() {
        list.push_str(&format!(
            "| `{}` | {} | {} |\n",
            rule.id, rule.original, rule.ours
        ));
    }
    let generated = format!("{head}{start}{list}{end}{tail}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &generated).expect("the document can be written");
        return;
    }
    assert!(
        written == generated,
        "docs/compatibility.md is out of date: run with UPDATE_DOCS=1"
    );
}
