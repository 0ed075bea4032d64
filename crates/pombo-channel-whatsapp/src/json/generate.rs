//! Makes `schema.txt` from the descriptor that `waproto` ships: run when the pinned version is raised.
//!
//! `WAPROTO_DESC=<waproto>/src/whatsapp.desc cargo test -p pombo-channel-whatsapp json::generate -- --ignored`

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::wire::{Fields, Raw};

/// Name, number, kind, type that the kind names.
type Line = (String, u64, String, Option<String>);

/// By full name.
#[derive(Default)]
struct Types {
    messages: BTreeMap<String, Vec<Line>>,
    enums: BTreeMap<String, Vec<(String, i32)>>,
}

fn fields(bytes: &[u8]) -> Vec<(u32, Raw<'_>)> {
    let mut read = Fields::new(bytes);
    let mut all = Vec::new();
    while let Some(field) = read.next().expect("the descriptor is sound") {
        all.push(field);
    }
    all
}

fn text(raw: Raw<'_>) -> String {
    match raw {
        Raw::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("names are text"),
        _ => panic!("a name is text"),
    }
}

fn number(raw: Raw<'_>) -> u64 {
    match raw {
        Raw::Varint(value) => value,
        _ => panic!("a number is a number"),
    }
}

fn inner(raw: Raw<'_>) -> &[u8] {
    match raw {
        Raw::Bytes(bytes) => bytes,
        _ => panic!("a message is bytes"),
    }
}

impl Types {
    /// `DescriptorProto`: 1 name, 2 field, 3 nested type, 4 enum.
    fn message(&mut self, scope: &str, bytes: &[u8]) {
        let all = fields(bytes);
        let name = all
            .iter()
            .find(|field| field.0 == 1)
            .expect("it has a name");
        let full = format!("{scope}{}", text(name.1));
        let nested = format!("{full}.");
        let mut own = Vec::new();
        for (tag, raw) in &all {
            match tag {
                2 => own.push(Self::field(inner(*raw))),
                3 => self.message(&nested, inner(*raw)),
                4 => self.enumeration(&nested, inner(*raw)),
                _ => {}
            }
        }
        self.messages.insert(full, own);
    }

    /// `FieldDescriptorProto`: 1 name, 3 number, 4 label, 5 type, 6 type name.
    fn field(bytes: &[u8]) -> Line {
        let (mut name, mut place, mut repeated, mut kind, mut named) =
            (String::new(), 0, false, 0, None);
        for (tag, raw) in fields(bytes) {
            match tag {
                1 => name = text(raw),
                3 => place = number(raw),
                4 => repeated = number(raw) == 3,
                5 => kind = number(raw),
                6 => named = Some(text(raw).trim_start_matches(".whatsapp.").to_owned()),
                _ => {}
            }
        }
        const KINDS: [&str; 18] = [
            "double", "float", "int64", "uint64", "int32", "fixed64", "fixed32", "bool", "string",
            "group", ">", "bytes", "uint32", "=", "sfixed32", "sfixed64", "sint32", "sint64",
        ];
        let kind = KINDS[usize::try_from(kind).expect("small") - 1];
        let star = if repeated { "*" } else { "" };
        (name, place, format!("{star}{kind}"), named)
    }

    /// `EnumDescriptorProto`: 1 name, 2 value {1 name, 2 number}.
    fn enumeration(&mut self, scope: &str, bytes: &[u8]) {
        let all = fields(bytes);
        let name = all
            .iter()
            .find(|field| field.0 == 1)
            .expect("it has a name");
        let values = all
            .iter()
            .filter(|field| field.0 == 2)
            .map(|(_, raw)| {
                let value = fields(inner(*raw));
                let find = |tag| {
                    value
                        .iter()
                        .find(|field| field.0 == tag)
                        .map(|field| field.1)
                };
                #[expect(clippy::cast_possible_truncation, reason = "enum numbers are 32-bit")]
                let number = find(2).map_or(0, number) as i32;
                (text(find(1).expect("it has a name")), number)
            })
            .collect();
        self.enums
            .insert(format!("{scope}{}", text(name.1)), values);
    }

    /// Everything that a message can hold, as the table.
    fn table(&self, root: &str) -> String {
        let (mut seen, mut enums) = (BTreeSet::new(), BTreeSet::new());
        let mut queue = VecDeque::from([root.to_owned()]);
        let mut out = String::from(
            "# Made by generate.rs from the descriptor of waproto 0.7.0. `>` message: name, number, type; `=` enum: name, number.\n",
        );
        while let Some(name) = queue.pop_front() {
            if !seen.insert(name.clone()) {
                continue;
            }
            out.push_str(&format!(">{name}\n"));
            for (field, number, kind, named) in &self.messages[&name] {
                let type_name = named.as_deref().unwrap_or_default();
                out.push_str(&format!("{field} {number} {kind}{type_name}\n"));
                match named {
                    Some(named) if kind.ends_with('>') => queue.push_back(named.clone()),
                    Some(named) => drop(enums.insert(named.clone())),
                    None => {}
                }
            }
        }
        for name in enums {
            out.push_str(&format!("={name}\n"));
            for (value, number) in &self.enums[&name] {
                out.push_str(&format!("{value} {number}\n"));
            }
        }
        out
    }
}

#[test]
#[ignore = "writes schema.txt; needs WAPROTO_DESC"]
fn the_table_is_made_from_the_descriptor() {
    let path = std::env::var("WAPROTO_DESC").expect("WAPROTO_DESC names the descriptor");
    let set = std::fs::read(path).expect("the descriptor can be read");
    let mut types = Types::default();
    // FileDescriptorSet {1 file {4 message, 5 enum}}
    for (tag, file) in fields(&set) {
        assert_eq!(tag, 1);
        for (tag, raw) in fields(inner(file)) {
            match tag {
                4 => types.message("", inner(raw)),
                5 => types.enumeration("", inner(raw)),
                _ => {}
            }
        }
    }
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/src/json/schema.txt");
    std::fs::write(place, types.table("Message")).expect("the table can be written");
}
