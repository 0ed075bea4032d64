//! Text with buttons, and cards side by side.
//!
//! The original wraps these in a `viewOnceMessage`: the network takes that and no phone shows it, since the stanza is not
//! announced as what it is. Here the interactive message goes out unwrapped, and the library announces it. The answer keeps the
//! shape that clients of the original parse.

use pombo_domain::channel::ChannelError;
use pombo_domain::message::Card;
use serde_json::{Value, json};

use super::Built;
use super::context::Context;

/// The texts around the buttons.
pub(super) struct Texts<'a> {
    pub(super) title: Option<&'a str>,
    pub(super) description: Option<&'a str>,
    pub(super) footer: Option<&'a str>,
}

pub(super) fn build(
    texts: &Texts<'_>,
    buttons: &[Value],
    picture: Option<Value>,
    context: &Context,
) -> Result<Built, ChannelError> {
    let pays = buttons.iter().any(|button| button["type"] == "pix");
    let mut content = json!({});
    if !pays {
        // Compatible: a payment is sent without words.
        content["body"] = json!({"text": body(texts)});
        if let Some(footer) = texts.footer.filter(|footer| !footer.is_empty()) {
            content["footer"] = json!({"text": footer});
        }
        if let Some(picture) = picture {
            content["header"] = json!({"hasMediaAttachment": true, "imageMessage": picture});
        }
    }
    content["nativeFlowMessage"] = native_flow(buttons)?;
    let wire = if context.says_more() {
        context.attach(content.clone())
    } else {
        content.clone()
    };
    let mut built = Built::new(json!({"interactiveMessage": wire}));
    built.shown = Some(json!({"viewOnceMessage": {"message": {"interactiveMessage": content}}}));
    Ok(built)
}

pub(super) fn carousel(
    body: Option<&str>,
    cards: &[Card],
    headers: Vec<Option<Value>>,
    context: &Context,
) -> Result<Built, ChannelError> {
    if cards.is_empty() {
        return Err(ChannelError::Invalid("a carousel needs cards".to_owned()));
    }
    let mut shown = Vec::with_capacity(cards.len());
    for (card, header) in cards.iter().zip(headers) {
        let mut head = header.unwrap_or_else(|| json!({"hasMediaAttachment": false}));
        if let Some(title) = &card.title {
            head["title"] = title.clone().into();
        }
        let mut content = json!({"header": head, "body": {"text": card.body}});
        if let Some(footer) = &card.footer {
            content["footer"] = json!({"text": footer});
        }
        content["nativeFlowMessage"] = native_flow(&card.buttons)?;
        shown.push(content);
    }
    let content = json!({
        "body": {"text": body.unwrap_or_default()},
        "carouselMessage": {"cards": shown, "messageVersion": 1},
    });
    let content = if context.says_more() {
        context.attach(content)
    } else {
        content
    };
    Ok(Built::new(json!({"interactiveMessage": content})))
}

/// Source: recorded, `*T*\n\nD\n`.
fn body(texts: &Texts<'_>) -> String {
    let mut body = String::new();
    if let Some(title) = texts.title.filter(|title| !title.is_empty()) {
        body = format!("*{title}*");
    }
    if let Some(description) = texts.description.filter(|text| !text.is_empty()) {
        if !body.is_empty() {
            body.push_str("\n\n");
        }
        body.push_str(description);
        body.push('\n');
    }
    body
}

fn native_flow(buttons: &[Value]) -> Result<Value, ChannelError> {
    let shown = buttons.iter().map(button).collect::<Result<Vec<_>, _>>()?;
    let template = uuid::Uuid::new_v4().to_string();
    let params = json!({"from": "api", "templateId": template}).to_string();
    Ok(json!({"buttons": shown, "messageParamsJson": params}))
}

/// A button as the user wrote it, in the form of the protocol.
fn button(button: &Value) -> Result<Value, ChannelError> {
    let text = |name: &str| button[name].as_str().unwrap_or_default();
    let label = text("displayText");
    let (name, params) = match text("type") {
        "reply" => (
            "quick_reply",
            json!({"display_text": label, "id": text("id")}),
        ),
        "copy" => (
            "cta_copy",
            json!({"display_text": label, "copy_code": text("copyCode")}),
        ),
        "url" => (
            "cta_url",
            json!({"display_text": label, "url": text("url"), "merchant_url": text("url")}),
        ),
        "call" => (
            "cta_call",
            json!({"display_text": label, "phone_number": text("phoneNumber")}),
        ),
        "pix" => ("payment_info", pix(button)),
        other => {
            return Err(ChannelError::Invalid(format!(
                "`{other}` is no kind of button"
            )));
        }
    };
    Ok(json!({"name": name, "buttonParamsJson": params.to_string()}))
}

fn pix(button: &Value) -> Value {
    let text = |name: &str| button[name].as_str().unwrap_or_default();
    let nothing = json!({"value": 0, "offset": 100});
    let kind = match text("keyType") {
        "random" => "EVP".to_owned(),
        other => other.to_uppercase(),
    };
    json!({
        "currency": text("currency"),
        "total_amount": nothing,
        "reference_id": reference(),
        "type": "physical-goods",
        "order": {
            "status": "pending",
            "subtotal": nothing,
            "order_type": "ORDER",
            "items": [{"name": "", "amount": nothing, "quantity": 0, "sale_amount": nothing}],
        },
        "payment_settings": [{
            "type": "pix_static_code",
            "pix_static_code": {"merchant_name": text("name"), "key": text("key"), "key_type": kind},
        }],
        "share_payment_status": false,
    })
}

/// Eleven letters and digits.
fn reference() -> String {
    const SIGNS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let random: [u8; 11] = rand::random();
    random
        .iter()
        .filter_map(|byte| SIGNS.get(usize::from(*byte) % SIGNS.len()))
        .map(|sign| char::from(*sign))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::direct;
    use super::*;

    const TEXTS: Texts<'static> = Texts {
        title: Some("T"),
        description: Some("D"),
        footer: Some("F"),
    };

    /// Without what is random in it.
    fn masked(mut content: Value) -> Value {
        let params = content["nativeFlowMessage"]["messageParamsJson"].take();
        let params: Value = serde_json::from_str(params.as_str().expect("a text")).expect("JSON");
        assert_eq!(params["from"], "api");
        assert_eq!(params["templateId"].as_str().map(str::len), Some(36));
        content
    }

    #[test]
    fn replies_are_answered_as_recorded_and_sent_unwrapped() {
        let buttons = [
            json!({"type": "reply", "displayText": "One", "id": "1"}),
            json!({"type": "reply", "displayText": "Two", "id": "2"}),
        ];
        let built = build(&TEXTS, &buttons, None, &direct()).expect("buttons");
        let message = built.message().expect("it is a message");
        assert!(message.interactive_message.is_set());
        let sent = built.sent("A".to_owned(), &"1@s.whatsapp.net".parse().expect("a JID"));
        assert_eq!(sent.message_type, "viewOnceMessage");
        assert_eq!(sent.context_info, None);
        assert_eq!(
            masked(sent.message["viewOnceMessage"]["message"]["interactiveMessage"].clone()),
            json!({
                "body": {"text": "*T*\n\nD\n"},
                "footer": {"text": "F"},
                "nativeFlowMessage": {
                    "buttons": [
                        {"name": "quick_reply", "buttonParamsJson": "{\"display_text\":\"One\",\"id\":\"1\"}"},
                        {"name": "quick_reply", "buttonParamsJson": "{\"display_text\":\"Two\",\"id\":\"2\"}"},
                    ],
                    "messageParamsJson": null,
                },
            })
        );
    }

    #[test]
    fn each_kind_has_its_parameters() {
        for (written, name, params) in [
            (
                json!({"type": "url", "displayText": "Site", "url": "https://example.com"}),
                "cta_url",
                "{\"display_text\":\"Site\",\"url\":\"https://example.com\",\"merchant_url\":\"https://example.com\"}",
            ),
            (
                json!({"type": "copy", "displayText": "Copy", "copyCode": "ABC"}),
                "cta_copy",
                "{\"display_text\":\"Copy\",\"copy_code\":\"ABC\"}",
            ),
            (
                json!({"type": "call", "displayText": "Call", "phoneNumber": "+5511900000003"}),
                "cta_call",
                "{\"display_text\":\"Call\",\"phone_number\":\"+5511900000003\"}",
            ),
        ] {
            assert_eq!(
                button(&written).expect("a button"),
                json!({"name": name, "buttonParamsJson": params})
            );
        }
        assert!(button(&json!({"type": "dance"})).is_err());
    }

    #[test]
    fn a_payment_is_sent_without_words() {
        let buttons = [
            json!({"type": "pix", "currency": "BRL", "name": "Alice", "keyType": "email", "key": "a@example.com"}),
        ];
        let built = build(&TEXTS, &buttons, None, &direct()).expect("a payment");
        let content = &built.wire["interactiveMessage"];
        assert_eq!(content.get("body"), None);
        let params = content["nativeFlowMessage"]["buttons"][0]["buttonParamsJson"].as_str();
        let mut params: Value = serde_json::from_str(params.expect("a text")).expect("JSON");
        assert_eq!(
            params["reference_id"].take().as_str().map(str::len),
            Some(11)
        );
        // Source: recorded.
        let recorded = "{\"currency\":\"BRL\",\"total_amount\":{\"value\":0,\"offset\":100},\"reference_id\":null,\"type\":\"physical-goods\",\"order\":{\"status\":\"pending\",\"subtotal\":{\"value\":0,\"offset\":100},\"order_type\":\"ORDER\",\"items\":[{\"name\":\"\",\"amount\":{\"value\":0,\"offset\":100},\"quantity\":0,\"sale_amount\":{\"value\":0,\"offset\":100}}]},\"payment_settings\":[{\"type\":\"pix_static_code\",\"pix_static_code\":{\"merchant_name\":\"Alice\",\"key\":\"a@example.com\",\"key_type\":\"EMAIL\"}}],\"share_payment_status\":false}";
        assert_eq!(params.to_string(), recorded);
    }

    #[test]
    fn cards_stand_side_by_side() {
        let card = |title: &str| Card {
            title: Some(title.to_owned()),
            body: "text".to_owned(),
            footer: None,
            header: None,
            buttons: vec![json!({"type": "reply", "displayText": "One", "id": "1"})],
        };
        let picture =
            json!({"hasMediaAttachment": true, "imageMessage": {"mimetype": "image/jpeg"}});
        let built = carousel(
            Some("both"),
            &[card("A"), card("B")],
            vec![Some(picture), None],
            &direct(),
        )
        .expect("a carousel");
        let message = built.message().expect("it is a message");
        let content = message
            .interactive_message
            .as_option()
            .expect("it is interactive");
        use waproto::whatsapp::message::interactive_message::InteractiveMessage as Payload;
        let Some(Payload::CarouselMessage(carousel)) = &content.interactive_message else {
            panic!("not a carousel");
        };
        assert_eq!(carousel.cards.len(), 2);
        assert_eq!(
            built.wire["interactiveMessage"]["carouselMessage"]["cards"][0]["header"]["title"],
            "A"
        );
        assert!(super::carousel(None, &[], Vec::new(), &direct()).is_err());
    }
}
