use super::{
    api_key, env,
    reader::set_text,
    source::Source,
    variable::{Section, Status, Variable},
};

/// The configuration in force, one `NAME=value` per line, for `pombo config`.
///
/// Secrets are masked; what is not set is marked as a default. Names without a value stand for "not set". Works on a
/// source with errors too, and then shows what was given.
pub fn effective(source: &impl Source) -> String {
    let mut out = String::new();
    for section in Section::ALL {
        out.push_str(&format!("# {}\n", section.title()));
        for variable in env::variables().filter(|variable| variable.section == section) {
            out.push_str(&line(source, variable));
            out.push('\n');
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn line(source: &dyn Source, variable: &Variable) -> String {
    let set = set_text(source, variable);
    let value = match &set {
        Some(text) => variable.kind.masked(text),
        // A default is public.
        None => variable.default.to_owned(),
    };
    let mut notes = Vec::new();
    if set.is_none() {
        notes.push(if variable.name == env::AUTHENTICATION_API_KEY.name {
            format!(
                "default: kept in {}/{}",
                data_dir(source),
                api_key::FILE_NAME
            )
        } else {
            "default".to_owned()
        });
    }
    match variable.status {
        Status::NoEffect => notes.push("no effect".to_owned()),
        Status::Later if set.is_some() => notes.push("not part of this build yet".to_owned()),
        Status::Used | Status::Later => {}
    }
    let note = if notes.is_empty() {
        String::new()
    } else {
        format!("  # {}", notes.join(", "))
    };
    format!("{}={}{note}", variable.name, quoted(&value))
}

fn data_dir(source: &dyn Source) -> String {
    set_text(source, &env::POMBO_DATA_DIR).unwrap_or_else(|| env::POMBO_DATA_DIR.default.to_owned())
}

/// As it can stand in a `.env` file.
fn quoted(value: &str) -> String {
    let plain = value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"#'\"`\\".contains(&byte));
    match (plain, value.contains('\'')) {
        (true, _) => value.to_owned(),
        (false, false) if !value.contains('\n') => format!("'{value}'"),
        (false, _) => format!("\"{}\"", value.replace('\n', "\\n").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, MapSource, dotenv};

    fn find<'a>(text: &'a str, name: &str) -> &'a str {
        text.lines()
            .find(|line| line.starts_with(&format!("{name}=")))
            .unwrap()
    }

    #[test]
    fn shows_every_variable_once_and_marks_defaults() {
        let text = effective(
            &MapSource::default()
                .with("SERVER_PORT", " 9000 ")
                .with("POMBO_DATA_DIR", "/var/p"),
        );
        for variable in env::variables() {
            let lines = text
                .lines()
                .filter(|line| line.starts_with(&format!("{}=", variable.name)));
            assert_eq!(lines.count(), 1, "{}", variable.name);
        }
        assert_eq!(find(&text, "SERVER_PORT"), "SERVER_PORT=9000");
        assert_eq!(
            find(&text, "POMBO_LISTEN"),
            "POMBO_LISTEN=0.0.0.0  # default"
        );
        assert_eq!(
            find(&text, "TELEMETRY_ENABLED"),
            "TELEMETRY_ENABLED=false  # default, no effect"
        );
        let key = "AUTHENTICATION_API_KEY=  # default: kept in /var/p/api-key";
        assert_eq!(find(&text, "AUTHENTICATION_API_KEY"), key);
    }

    #[test]
    fn no_secret_shows() {
        let mut source = MapSource::default();
        for variable in env::variables().filter(|variable| variable.kind.is_secret()) {
            source = source.with(variable.name, "h1dd3n");
        }
        let source = source
            .with(
                "DATABASE_CONNECTION_URI",
                "postgresql://user:h1dd3n@db:5432/pombo",
            )
            .with(
                "WEBHOOK_GLOBAL_URL",
                "https://u:h1dd3n@h.test/in?token=h1dd3n",
            );
        let text = effective(&source);
        assert!(!text.contains("h1dd3n"), "{text}");
        let uri = "DATABASE_CONNECTION_URI=postgresql://user:****@db:5432/pombo";
        assert_eq!(find(&text, "DATABASE_CONNECTION_URI"), uri);
        assert_eq!(find(&text, "METRICS_PASSWORD"), "METRICS_PASSWORD=****");
    }

    #[test]
    fn the_output_is_itself_a_configuration() {
        let source = MapSource::default()
            .with("CONFIG_SESSION_PHONE_CLIENT", "It's a \"phone\"")
            .with("KAFKA_SSL_CA", "-----BEGIN\nx # y\nEND-----")
            .with("QRCODE_COLOR", "#123456");
        let entries = dotenv::parse(&effective(&source)).unwrap();
        let read: MapSource = entries.into_iter().collect();
        assert!(Config::read(&read).is_ok());
        assert_eq!(
            read.get("KAFKA_SSL_CA").unwrap(),
            "-----BEGIN\nx # y\nEND-----"
        );
        assert_eq!(read.get("QRCODE_COLOR").unwrap(), "#123456");
        assert_eq!(read.get("CONFIG_SESSION_PHONE_NAME").unwrap(), "Chrome");
    }
}
