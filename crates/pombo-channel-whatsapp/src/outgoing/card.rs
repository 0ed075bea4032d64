//! Business cards.
//!
//! Source: `rest-message.md`, "sendContact", and recorded cards.

use pombo_domain::channel::ChannelError;
use pombo_domain::jid;
use pombo_domain::message::ContactCard;
use serde_json::{Value, json};

use super::Built;
use super::context::Context;

pub(super) fn build(cards: &[ContactCard], context: &Context) -> Result<Built, ChannelError> {
    let wire = match cards {
        [] => return Err(ChannelError::Invalid("no contact was given".to_owned())),
        [only] => json!({"contactMessage": context.attach(entry(only))}),
        several => {
            let contacts: Vec<_> = several.iter().map(entry).collect();
            let name = format!("{} contacts", several.len());
            let content = json!({"contacts": contacts, "displayName": name});
            json!({"contactsArrayMessage": context.attach(content)})
        }
    };
    Ok(Built::new(wire))
}

fn entry(card: &ContactCard) -> Value {
    json!({"displayName": card.full_name, "vcard": vcard(card)})
}

/// A value of a card: a line break would begin another entry.
fn line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn vcard(card: &ContactCard) -> String {
    let name = line(&card.full_name);
    let mut lines = vec![
        "BEGIN:VCARD".to_owned(),
        "VERSION:3.0".to_owned(),
        format!("N:{name}"),
        format!("FN:{name}"),
    ];
    if let Some(organization) = &card.organization {
        lines.push(format!("ORG:{};", line(organization)));
    }
    if let Some(email) = &card.email {
        lines.push(format!("EMAIL:{}", line(email)));
    }
    if let Some(url) = &card.url {
        lines.push(format!("URL:{}", line(url)));
    }
    // Compatible: without a `wuid` the original writes the whole address.
    let wuid = card
        .wuid
        .as_deref()
        .map_or_else(|| jid::normalise(&card.phone_number), line);
    lines.push(format!(
        "item1.TEL;waid={wuid}:{}",
        line(&card.phone_number)
    ));
    lines.push("item1.X-ABLabel:Celular".to_owned());
    lines.push("END:VCARD".to_owned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::direct;
    use super::*;

    fn carol() -> ContactCard {
        ContactCard {
            full_name: "Carol X".to_owned(),
            phone_number: "+55 11 90000-0003".to_owned(),
            wuid: Some("5511900000003".to_owned()),
            organization: Some("Org".to_owned()),
            email: Some("c@example.com".to_owned()),
            url: Some("https://example.com".to_owned()),
        }
    }

    #[test]
    fn one_card_is_as_recorded() {
        let built = build(&[carol()], &direct()).expect("a card");
        assert_eq!(
            built.wire["contactMessage"],
            json!({
                "displayName": "Carol X",
                "vcard": "BEGIN:VCARD\nVERSION:3.0\nN:Carol X\nFN:Carol X\nORG:Org;\nEMAIL:c@example.com\nURL:https://example.com\nitem1.TEL;waid=5511900000003:+55 11 90000-0003\nitem1.X-ABLabel:Celular\nEND:VCARD",
                "contextInfo": direct().value(),
            })
        );
    }

    #[test]
    fn several_cards_are_a_list() {
        let dave = ContactCard {
            full_name: "Dave".to_owned(),
            phone_number: "5511900000004".to_owned(),
            wuid: None,
            organization: None,
            email: None,
            url: None,
        };
        let built = build(&[carol(), dave], &direct()).expect("cards");
        let array = &built.wire["contactsArrayMessage"];
        assert_eq!(array["displayName"], "2 contacts");
        assert_eq!(
            array["contacts"][1]["vcard"],
            "BEGIN:VCARD\nVERSION:3.0\nN:Dave\nFN:Dave\nitem1.TEL;waid=5511900000004@s.whatsapp.net:5511900000004\nitem1.X-ABLabel:Celular\nEND:VCARD"
        );
    }

    #[test]
    fn a_name_cannot_begin_another_entry() {
        let mut card = carol();
        card.full_name = "A\nTEL:1".to_owned();
        assert!(vcard(&card).contains("FN:A TEL:1\n"));
        assert!(build(&[], &direct()).is_err());
    }
}
