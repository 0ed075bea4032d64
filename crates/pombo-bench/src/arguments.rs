//! `--name value`, repeatable.

use std::collections::HashMap;
use std::str::FromStr;

/// What a program was started with.
#[derive(Debug)]
pub struct Arguments(HashMap<String, Vec<String>>);

impl Arguments {
    /// Reads the program's arguments.
    ///
    /// # Errors
    /// The help text when it was asked for, or a word on what is wrong.
    pub fn read(help: &str) -> Result<Self, String> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let name = word
                .strip_prefix("--")
                .ok_or_else(|| format!("unexpected argument {word}\n{help}"))?;
            if name == "help" {
                return Err(help.to_owned());
            }
            let value = words
                .next()
                .ok_or_else(|| format!("{word} needs a value"))?;
            found.entry(name.to_owned()).or_default().push(value);
        }
        Ok(Self(found))
    }

    /// The last text given for this name.
    #[must_use]
    pub fn text(&self, name: &str, default: &str) -> String {
        self.all(name)
            .last()
            .map_or_else(|| default.to_owned(), Clone::clone)
    }

    /// The last number given for this name.
    ///
    /// # Errors
    /// When it is none.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.all(name).last() {
            None => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| format!("--{name} {text}: not a number")),
        }
    }

    /// Everything given for this name.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}
