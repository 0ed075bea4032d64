//! Checks bodies the way the original does, text for text.
//!
//! A small subset of JSON Schema. All failures are collected, in the order in which the keywords were written down; that
//! order is part of the contract. Source: `jsonschema` 1.5.0, observed on the original, v2.3.6. Deliberately absent:
//! everything that no route needs.

mod coerce;
mod pattern;
mod validate;

pub(crate) use coerce::{coerce_delay, coerce_texts};
pub(crate) use pattern::Pattern;

/// What a value must look like.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    keywords: Vec<Keyword>,
    description: Option<&'static str>,
}

#[derive(Debug, Clone)]
enum Keyword {
    Type(Kind),
    Enum(&'static [&'static str]),
    /// `enum: [true, false]`, written beside `type: boolean` by the original.
    EnumOfBooleans,
    EnumOfNumbers(&'static [i64]),
    Pattern(Pattern),
    MinLength(usize),
    MinItems(usize),
    MaxItems(usize),
    UniqueItems,
    Minimum(i64),
    Maximum(i64),
    Items(Box<Schema>),
    Properties(Vec<(&'static str, Schema)>),
    Required(&'static [&'static str]),
    /// These texts cannot be empty, but only while nothing else is in the object.
    NotEmpty(&'static [&'static str]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Schema {
    fn of(kind: Kind) -> Self {
        Self {
            keywords: vec![Keyword::Type(kind)],
            description: None,
        }
    }

    pub(crate) fn string() -> Self {
        Self::of(Kind::String)
    }

    pub(crate) fn integer() -> Self {
        Self::of(Kind::Integer)
    }

    pub(crate) fn number() -> Self {
        Self::of(Kind::Number)
    }

    pub(crate) fn boolean() -> Self {
        Self::of(Kind::Boolean)
    }

    pub(crate) fn object() -> Self {
        Self::of(Kind::Object)
    }

    pub(crate) fn array() -> Self {
        Self::of(Kind::Array)
    }

    /// `type: boolean, enum: [true, false]`: two failures for one wrong value.
    pub(crate) fn strict_boolean() -> Self {
        Self::boolean().with(Keyword::EnumOfBooleans)
    }

    fn with(mut self, keyword: Keyword) -> Self {
        self.keywords.push(keyword);
        self
    }

    /// Replaces the text of every failure of this very value.
    pub(crate) fn describe(mut self, text: &'static str) -> Self {
        self.description = Some(text);
        self
    }

    pub(crate) fn one_of(self, values: &'static [&'static str]) -> Self {
        self.with(Keyword::Enum(values))
    }

    pub(crate) fn one_of_numbers(self, values: &'static [i64]) -> Self {
        self.with(Keyword::EnumOfNumbers(values))
    }

    pub(crate) fn pattern(self, pattern: Pattern) -> Self {
        self.with(Keyword::Pattern(pattern))
    }

    pub(crate) fn min_length(self, length: usize) -> Self {
        self.with(Keyword::MinLength(length))
    }

    pub(crate) fn min_items(self, count: usize) -> Self {
        self.with(Keyword::MinItems(count))
    }

    pub(crate) fn max_items(self, count: usize) -> Self {
        self.with(Keyword::MaxItems(count))
    }

    pub(crate) fn unique(self) -> Self {
        self.with(Keyword::UniqueItems)
    }

    pub(crate) fn minimum(self, limit: i64) -> Self {
        self.with(Keyword::Minimum(limit))
    }

    pub(crate) fn maximum(self, limit: i64) -> Self {
        self.with(Keyword::Maximum(limit))
    }

    pub(crate) fn items(self, item: Schema) -> Self {
        self.with(Keyword::Items(Box::new(item)))
    }

    pub(crate) fn property(mut self, name: &'static str, schema: Schema) -> Self {
        if let Some(Keyword::Properties(properties)) = self.keywords.last_mut() {
            properties.push((name, schema));
            return self;
        }
        self.with(Keyword::Properties(vec![(name, schema)]))
    }

    /// Several properties of one shape.
    pub(crate) fn properties(self, names: &[&'static str], schema: &Schema) -> Self {
        names
            .iter()
            .fold(self, |object, name| object.property(name, schema.clone()))
    }

    pub(crate) fn required(self, names: &'static [&'static str]) -> Self {
        self.with(Keyword::Required(names))
    }

    pub(crate) fn not_empty(self, names: &'static [&'static str]) -> Self {
        self.with(Keyword::NotEmpty(names))
    }

    fn kind(&self) -> Option<Kind> {
        self.keywords.iter().find_map(|keyword| match keyword {
            Keyword::Type(kind) => Some(*kind),
            _ => None,
        })
    }

    fn children(&self) -> impl Iterator<Item = &(&'static str, Schema)> {
        self.keywords.iter().flat_map(|keyword| match keyword {
            Keyword::Properties(properties) => properties.as_slice(),
            _ => &[],
        })
    }
}
