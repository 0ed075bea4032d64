//! The packets of the Socket.IO protocol, revisions 4 (`EIO=3`) and 5 (`EIO=4`), as text.
//!
//! `<type>[<attachments>-][<namespace>,][<ack id>][JSON]`. Source: "Socket.IO protocol", revision 5, and the checks of
//! the reference's decoder: what it answers by closing the connection is [`Malformed`] here.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A packet from a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    Connect {
        namespace: &'a str,
        auth: Option<&'a str>,
    },
    Disconnect {
        namespace: &'a str,
    },
    Event {
        namespace: &'a str,
        ack: Option<u64>,
        attachments: usize,
        data: &'a str,
    },
    /// We ask for no acknowledgment, so nobody waits for one.
    Ack {
        attachments: usize,
    },
}

/// Not a packet. The connection is closed, as in the reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// More attachments than a packet may announce; the same limit as in the reference's newer parsers.
pub(super) const MAX_ATTACHMENTS: usize = 10;

/// Names of events that belong to the library and that no client may send.
const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

impl<'a> Packet<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut bytes = text.bytes();
        let kind = bytes.next().ok_or(Malformed)?;
        let mut rest = text.get(1..).ok_or(Malformed)?;

        let mut attachments = 0;
        if matches!(kind, b'5' | b'6') {
            let (count, after) = rest.split_once('-').ok_or(Malformed)?;
            attachments = digits(count).ok_or(Malformed)?;
            if attachments > MAX_ATTACHMENTS {
                return Err(Malformed);
            }
            rest = after;
        }

        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }

        let end = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (id, data) = rest.split_at(end);
        let ack = if id.is_empty() {
            None
        } else {
            Some(id.parse().map_err(|_| Malformed)?)
        };

        match kind {
            b'0' => match data {
                "" => Ok(Self::Connect {
                    namespace,
                    auth: None,
                }),
                _ if is_object(data) => Ok(Self::Connect {
                    namespace,
                    auth: Some(data),
                }),
                _ => Err(Malformed),
            },
            b'1' if data.is_empty() => Ok(Self::Disconnect { namespace }),
            b'2' | b'5' => {
                event_name(data)?;
                Ok(Self::Event {
                    namespace,
                    ack,
                    attachments,
                    data,
                })
            }
            b'3' | b'6' => {
                serde_json::from_str::<Vec<IgnoredAny>>(data).map_err(|_| Malformed)?;
                ack.map(|_| Self::Ack { attachments }).ok_or(Malformed)
            }
            _ => Err(Malformed),
        }
    }
}

fn digits(text: &str) -> Option<usize> {
    let number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| text.parse().ok()).flatten()
}

fn is_object(data: &str) -> bool {
    data.starts_with('{') && serde_json::from_str::<IgnoredAny>(data).is_ok()
}

/// The arguments of an event, its name first. The name is empty when it is a number, which the protocol allows.
pub(super) fn arguments(data: &str) -> Result<(String, Vec<&RawValue>), Malformed> {
    let mut arguments: Vec<&RawValue> = serde_json::from_str(data).map_err(|_| Malformed)?;
    if arguments.is_empty() {
        return Err(Malformed);
    }
    let first = arguments.remove(0).get();
    if let Ok(name) = serde_json::from_str::<String>(first) {
        return if RESERVED.contains(&name.as_str()) {
            Err(Malformed)
        } else {
            Ok((name, arguments))
        };
    }
    serde_json::from_str::<f64>(first).map_err(|_| Malformed)?;
    Ok((String::new(), arguments))
}

fn event_name(data: &str) -> Result<(), Malformed> {
    arguments(data).map(drop)
}

/// `/ns,`, or nothing for the root.
pub(super) fn prefix(namespace: &str) -> String {
    if namespace == "/" {
        String::new()
    } else {
        format!("{namespace},")
    }
}

/// The answer to a join that worked.
pub(super) fn connected(namespace: &str, sid: Option<&str>) -> String {
    match sid {
        Some(sid) => format!("0{}{{\"sid\":\"{sid}\"}}", prefix(namespace)),
        None => format!("0{}", prefix(namespace)),
    }
}

/// The answer to a join that was refused. Before revision 5 the payload was the bare text.
pub(super) fn connect_error(namespace: &str, message: &str, revision5: bool) -> String {
    let payload = if revision5 {
        serde_json::json!({ "message": message }).to_string()
    } else {
        serde_json::json!(message).to_string()
    };
    format!("4{}{payload}", prefix(namespace))
}

/// The server's goodbye to one namespace.
pub(super) fn disconnect(namespace: &str) -> String {
    format!("1{}", prefix(namespace))
}

/// The acknowledgment of an event.
pub(super) fn ack(namespace: &str, id: u64, argument: &serde_json::Value) -> String {
    format!("3{}{id}[{argument}]", prefix(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_packets() {
        assert_eq!(
            Packet::parse("0"),
            Ok(Packet::Connect {
                namespace: "/",
                auth: None
            })
        );
        assert_eq!(
            Packet::parse("0/ora é,{\"a\":1}"),
            Ok(Packet::Connect {
                namespace: "/ora é",
                auth: Some("{\"a\":1}")
            })
        );
        assert_eq!(
            Packet::parse("0/x"),
            Ok(Packet::Connect {
                namespace: "/x",
                auth: None
            })
        );
        assert_eq!(
            Packet::parse("1/x,"),
            Ok(Packet::Disconnect { namespace: "/x" })
        );
        assert_eq!(
            Packet::parse("2/x,12[\"a\",1]"),
            Ok(Packet::Event {
                namespace: "/x",
                ack: Some(12),
                attachments: 0,
                data: "[\"a\",1]"
            })
        );
        assert_eq!(
            Packet::parse("52-7[\"a\",{\"_placeholder\":true,\"num\":0}]"),
            Ok(Packet::Event {
                namespace: "/",
                ack: Some(7),
                attachments: 2,
                data: "[\"a\",{\"_placeholder\":true,\"num\":0}]"
            })
        );
        assert_eq!(Packet::parse("31[]"), Ok(Packet::Ack { attachments: 0 }));
    }

    #[test]
    fn everything_else_is_malformed() {
        for text in [
            "",
            "7",
            "abc",
            "4",
            "4{\"message\":\"x\"}",
            "0[]",
            "0\"a\"",
            "0{",
            "1{}",
            "2",
            "2{}",
            "2[]",
            "2[{}]",
            "2[\"connect\"]",
            "2[\"disconnect\",1]",
            "2abc[\"x\"]",
            "3[]",
            "3",
            "5[\"x\"]",
            "5-[\"x\"]",
            "5x-[\"x\"]",
            "511-[\"x\"]",
            "299999999999999999999999[\"x\"]",
            "é",
            "0é",
            "2/é",
        ] {
            assert_eq!(Packet::parse(text), Err(Malformed), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            Packet::parse(&text).ok();
        }

        #[test]
        fn nothing_that_looks_like_a_packet_panics(text in "[0-6][0-9]{0,3}-?(/[a-zé%?]{0,4},?)?[0-9]{0,22}[\\[\\]{}\",:a-zé0-9]{0,12}") {
            Packet::parse(&text).ok();
        }
    }
}
