//! The fields of every message that can be part of a WhatsApp message: their names in JSON, numbers and types.
//!
//! `schema.txt` is made from the descriptor of the pinned `waproto` (see `generate.rs`): its generated types do not keep the
//! JSON names. A test proves that both still agree.

use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("schema.txt");

/// Lists that the original's older schema does not have: not shown when empty.
///
/// Source: the schema of Baileys 7.0.0-rc.6, which the original uses.
const YOUNG: [(&str, &str); 6] = [
    ("BotModeSelectionMetadata", "overrideMode"),
    ("ContextInfo", "statusAttributions"),
    ("DeviceProps.HistorySyncConfig", "supportedBotChannelFbids"),
    ("Message.ExtendedTextMessage", "endCardTiles"),
    ("Message.MessageHistoryMetadata", "nonHistoryReceivers"),
    ("MessageContextInfo", "threadId"),
];

/// Index of a message or enum type.
pub(super) type Index = usize;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Bool,
    Text,
    Bytes,
    Enum(Index),
    Message(Index),
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) repeated: bool,
    /// A list that records show even when it is empty.
    pub(super) always: bool,
}

/// One type of message.
#[derive(Debug, Default)]
pub(super) struct MessageType {
    /// In the order of declaration.
    pub(super) fields: Vec<Field>,
    /// Number and index into `fields`, sorted.
    numbers: Vec<(u32, usize)>,
    names: HashMap<&'static str, usize>,
}

impl MessageType {
    pub(super) fn by_number(&self, number: u32) -> Option<&Field> {
        let place = self.numbers.binary_search_by_key(&number, |entry| entry.0);
        let (_, index) = self.numbers.get(place.ok()?)?;
        self.fields.get(*index)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Field> {
        self.fields.get(*self.names.get(name)?)
    }
}

/// One enum: names and numbers.
#[derive(Debug, Default)]
pub(super) struct EnumType(Vec<(&'static str, i32)>);

impl EnumType {
    pub(super) fn name(&self, number: i32) -> Option<&'static str> {
        self.0
            .iter()
            .find_map(|(name, value)| (*value == number).then_some(*name))
    }

    #[cfg(test)]
    pub(super) fn first(&self) -> Option<i32> {
        self.0.first().map(|(_, number)| *number)
    }

    pub(super) fn number(&self, name: &str) -> Option<i32> {
        self.0
            .iter()
            .find_map(|(known, value)| (*known == name).then_some(*value))
    }
}

/// All types.
pub(super) struct Schema {
    messages: Vec<MessageType>,
    enums: Vec<EnumType>,
    indexes: HashMap<&'static str, Index>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::parse(TEXT));

/// The types that this build knows.
pub(super) fn schema() -> &'static Schema {
    &SCHEMA
}

impl Schema {
    /// A message type that a field names.
    pub(super) fn message(&self, index: Index) -> &MessageType {
        &self.messages[index]
    }

    /// An enum that a field names.
    pub(super) fn enumeration(&self, index: Index) -> &EnumType {
        &self.enums[index]
    }

    /// The message type of that name.
    pub(super) fn named(&self, name: &str) -> Option<Index> {
        self.indexes.get(name).copied()
    }

    /// Reads the table; it is part of the program, and a test reads all of it.
    fn parse(text: &'static str) -> Self {
        let heads = |mark: char| {
            text.lines()
                .filter_map(move |line| line.strip_prefix(mark))
                .enumerate()
                .map(|(index, name)| (name.trim(), index))
                .collect::<HashMap<_, _>>()
        };
        let (indexes, enum_indexes) = (heads('>'), heads('='));
        let mut schema = Self {
            messages: Vec::with_capacity(indexes.len()),
            enums: Vec::with_capacity(enum_indexes.len()),
            indexes: HashMap::new(),
        };
        let mut in_message = true;
        let mut type_name = "";
        for line in text.lines() {
            if let Some(head) = line.strip_prefix('>') {
                schema.messages.push(MessageType::default());
                type_name = head.trim();
                in_message = true;
            } else if line.starts_with('=') {
                schema.enums.push(EnumType::default());
                in_message = false;
            } else if !line.starts_with('#') {
                let mut words = line.split_whitespace();
                let (Some(name), Some(number)) = (words.next(), words.next()) else {
                    continue;
                };
                if in_message {
                    let kind = words.next().unwrap_or_default();
                    let repeated = kind.starts_with('*');
                    let kind = kind.trim_start_matches('*');
                    let kind = named_kind(kind, &indexes, &enum_indexes)
                        .expect("the table names only types that it has");
                    let number = number.parse().expect("the table holds field numbers");
                    let message = schema.messages.last_mut().expect("a field is in a message");
                    message.numbers.push((number, message.fields.len()));
                    message.names.insert(name, message.fields.len());
                    message.fields.push(Field {
                        name,
                        number,
                        kind,
                        repeated,
                        always: repeated && !YOUNG.contains(&(type_name, name)),
                    });
                } else {
                    let number = number.parse().expect("the table holds enum numbers");
                    let values = schema.enums.last_mut().expect("a value is in an enum");
                    values.0.push((name, number));
                }
            }
        }
        for message in &mut schema.messages {
            message.numbers.sort_unstable();
        }
        schema.indexes = indexes;
        schema
    }
}

fn named_kind(
    text: &str,
    messages: &HashMap<&'static str, Index>,
    enums: &HashMap<&'static str, Index>,
) -> Option<Kind> {
    Some(match text {
        "double" => Kind::Double,
        "float" => Kind::Float,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "uint32" => Kind::Uint32,
        "uint64" => Kind::Uint64,
        "sint32" => Kind::Sint32,
        "sint64" => Kind::Sint64,
        "fixed32" => Kind::Fixed32,
        "fixed64" => Kind::Fixed64,
        "sfixed32" => Kind::Sfixed32,
        "sfixed64" => Kind::Sfixed64,
        "bool" => Kind::Bool,
        "string" => Kind::Text,
        "bytes" => Kind::Bytes,
        named => match named.strip_prefix('=') {
            Some(name) => Kind::Enum(*enums.get(name)?),
            None => Kind::Message(*messages.get(named.strip_prefix('>')?)?),
        },
    })
}
