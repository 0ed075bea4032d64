use std::{collections::HashMap, net::IpAddr, path::PathBuf, time::Duration};

use http::Method;
use secrecy::SecretString;

use super::{
    addresses::AddressList,
    cors::Origins,
    env,
    error::ConfigError,
    event_flags::{EventFlags, FlagGroup},
    kind::Value,
    source::Source,
    variable::{Status, Variable},
};

/// Every variable, read and checked; the sections take theirs from here and add what only they can see.
///
/// A method without `optional_` is for variables that have a default.
pub(super) struct Reader<'a> {
    source: &'a dyn Source,
    values: HashMap<&'static str, Value>,
    errors: Vec<ConfigError>,
}

macro_rules! getter {
    ($(#[$doc:meta])* $name:ident, $optional:ident, $kind:ident, $type:ty) => {
        pub(super) fn $optional(&self, variable: &Variable) -> Option<$type> {
            match self.values.get(variable.name) {
                Some(Value::$kind(value)) => Some(value.clone()),
                Some(other) => unreachable!("{} holds {other:?}", variable.name),
                None => None,
            }
        }

        $(#[$doc])*
        pub(super) fn $name(&self, variable: &Variable) -> $type {
            self.$optional(variable).unwrap_or_else(|| unreachable!("{} has no default", variable.name))
        }
    };
}

#[expect(dead_code, reason = "the getters come in pairs")]
impl<'a> Reader<'a> {
    /// Reads everything. A value that cannot be read is remembered as an error, and its default stands in for it.
    pub(super) fn new(source: &'a dyn Source) -> Self {
        let mut reader = Self {
            source,
            values: HashMap::new(),
            errors: Vec::new(),
        };
        for variable in env::variables() {
            let set = reader.text_of(variable);
            let value = match (&set, variable.status) {
                (Some(text), Status::Used | Status::Later) => match variable.kind.parse(text) {
                    Ok(value) => Some(value),
                    Err(accepted) => {
                        reader
                            .errors
                            .push(ConfigError::refused(variable, text, accepted));
                        None
                    }
                },
                // Whatever it holds: nobody looks at it.
                (_, Status::NoEffect) | (None, _) => None,
            };
            let default = || {
                (!variable.default.is_empty()).then(|| variable.kind.parse(variable.default).ok())
            };
            if let Some(value) = value.or_else(|| default().flatten()) {
                reader.values.insert(variable.name, value);
            }
        }
        reader
    }

    /// What the variable is set to, trimmed; `None` when it is empty or not set.
    pub(super) fn text_of(&self, variable: &Variable) -> Option<String> {
        set_text(self.source, variable)
    }

    /// The value is well formed, but cannot be used here.
    pub(super) fn refuse(&mut self, variable: &Variable, accepted: impl Into<String>) {
        let error = match self.text_of(variable) {
            Some(text) => ConfigError::refused(variable, &text, accepted),
            None => ConfigError::missing(variable, accepted),
        };
        // A value that was not even readable has been reported already.
        if !self
            .errors
            .iter()
            .any(|known| known.variable == variable.name)
        {
            self.errors.push(error);
        }
    }

    /// What was wrong, in the order of the documentation.
    pub(super) fn take_errors(&mut self) -> Vec<ConfigError> {
        let position = |error: &ConfigError| {
            env::variables().position(|variable| variable.name == error.variable)
        };
        self.errors.sort_by_key(position);
        std::mem::take(&mut self.errors)
    }

    /// The events of the group that are on.
    pub(super) fn event_flags(&self, group: &FlagGroup) -> EventFlags {
        let on = group
            .variables
            .iter()
            .filter(|variable| self.flag(variable));
        on.filter_map(|variable| variable.name.strip_prefix(group.prefix))
            .collect()
    }

    /// The one word.
    pub(super) fn word(&self, variable: &Variable) -> Option<&'static str> {
        self.optional_words(variable)
            .and_then(|words| words.first().copied())
    }

    getter!(flag, optional_flag, Boolean, bool);
    getter!(integer, optional_integer, Integer, u64);
    getter!(fraction, optional_fraction, Fraction, f64);
    getter!(text, optional_text, Text, String);
    getter!(secret, optional_secret, Secret, SecretString);
    getter!(words, optional_words, Words, Vec<&'static str>);
    getter!(list, optional_list, List, Vec<String>);
    getter!(methods, optional_methods, Methods, Vec<Method>);
    getter!(status_codes, optional_status_codes, StatusCodes, Vec<u16>);
    getter!(origins, optional_origins, Origins, Origins);
    getter!(address, optional_address, Address, IpAddr);
    getter!(addresses, optional_addresses, Addresses, AddressList);
    getter!(path, optional_path, Path, PathBuf);
    getter!(duration, optional_duration, Duration, Duration);
    getter!(minutes, optional_minutes, Minutes, Option<Duration>);
}

/// What a variable is set to, trimmed; `None` when it is empty or not set.
pub(super) fn set_text(source: &dyn Source, variable: &Variable) -> Option<String> {
    let text = source.get(variable.name)?;
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
