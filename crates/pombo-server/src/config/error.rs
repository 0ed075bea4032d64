use std::fmt;

use super::variable::Variable;

/// One variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Its name.
    pub variable: &'static str,
    /// What it holds, masked when it is a secret; `None` when it is missing.
    pub value: Option<String>,
    /// What would be accepted, as the end of a sentence.
    pub accepted: String,
}

impl ConfigError {
    pub(super) fn refused(variable: &Variable, value: &str, accepted: impl Into<String>) -> Self {
        Self {
            variable: variable.name,
            value: Some(shown(&variable.kind.masked(value))),
            accepted: accepted.into(),
        }
    }

    pub(super) fn missing(variable: &Variable, accepted: impl Into<String>) -> Self {
        Self {
            variable: variable.name,
            value: None,
            accepted: accepted.into(),
        }
    }
}

/// On one line and not too long.
fn shown(value: &str) -> String {
    const LONGEST: usize = 120;
    let mut text: String = value
        .chars()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    if value.chars().count() > LONGEST {
        text.push('…');
    }
    text
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(
                out,
                "{}: `{value}` is not accepted; expected {}",
                self.variable, self.accepted
            ),
            None => write!(
                out,
                "{} is not set; expected {}",
                self.variable, self.accepted
            ),
        }
    }
}

/// Everything that is wrong, in the order of the documentation. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(out, "the configuration has an error:")?,
            several => write!(out, "the configuration has {several} errors:")?,
        }
        self.0
            .iter()
            .try_for_each(|error| write!(out, "\n  {error}"))
    }
}

impl std::error::Error for ConfigErrors {}
