use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{dotenv, env};

/// Where the text of a variable comes from.
pub trait Source {
    /// The text of the variable, `None` when it is not set. An empty text means the same as unset.
    fn get(&self, name: &str) -> Option<String>;

    /// Every name that is set, known or not: for hints about misspelled names.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The process environment over an optional `.env` file: a variable of the real environment wins, even an empty one.
#[derive(Clone)]
pub struct Environment {
    values: BTreeMap<String, String>,
}

/// Why the environment could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The `.env` file is there, but cannot be opened or is not UTF-8.
    #[error("cannot read {}", .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// A line of the `.env` file means nothing.
    #[error("{}, line {line}: expected NAME=value, found `{text}`", .path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The beginning of the line, without what follows a `=`.
        text: String,
    },
    /// A variable of ours holds bytes that are no text.
    #[error("{0} is not valid UTF-8")]
    NotText(String),
}

impl Environment {
    /// Reads the process environment and, if it exists, the file. The process environment itself stays as it is.
    pub fn load(dotenv: &Path) -> Result<Self, EnvironmentError> {
        let mut values = BTreeMap::new();
        match std::fs::read_to_string(dotenv) {
            Ok(text) => {
                let entries = dotenv::parse(&text).map_err(|bad| EnvironmentError::Line {
                    path: dotenv.to_owned(),
                    line: bad.line,
                    text: bad.text,
                })?;
                values.extend(entries);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(EnvironmentError::Unreadable(dotenv.to_owned(), error)),
        }
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else {
                continue;
            };
            match value.into_string() {
                Ok(value) => {
                    values.insert(name, value);
                }
                Err(_) if env::find(&name).is_some() => {
                    return Err(EnvironmentError::NotText(name));
                }
                Err(_) => {}
            }
        }
        Ok(Self { values })
    }
}

impl Source for Environment {
    fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }
}

/// A fixed set of variables, for tests.
#[derive(Debug, Clone, Default)]
pub struct MapSource(BTreeMap<String, String>);

impl MapSource {
    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for MapSource {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Source for MapSource {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_the_real_environment_wins_without_being_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, "SERVER_NAME=from file\nPATH=from file\n").unwrap();

        let environment = Environment::load(&file).unwrap();

        assert_eq!(environment.get("SERVER_NAME").unwrap(), "from file");
        assert_eq!(environment.get("PATH"), std::env::var("PATH").ok());
        assert!(std::env::var("SERVER_NAME").is_err());
        assert!(environment.names().contains(&"SERVER_NAME".to_owned()));
    }

    #[test]
    fn a_missing_file_is_fine_and_a_broken_one_names_the_line_without_its_value() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Environment::load(&folder.path().join("none")).is_ok());

        let file = folder.path().join(".env");
        std::fs::write(&file, "A=1\nthis is no variable\n").unwrap();
        let text = Environment::load(&file).err().unwrap().to_string();
        assert!(text.contains("line 2: expected NAME=value"), "{text}");
    }
}
