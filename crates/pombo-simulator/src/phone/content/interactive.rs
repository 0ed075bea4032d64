//! Lists, buttons, templates, native flows, and what is answered to them.

use waproto::whatsapp as wa;

/// A part of a list: its title, and its rows as (id, title, description).
#[derive(Debug, Clone, Default)]
pub struct ListSection<'a> {
    /// Title of the part.
    pub title: &'a str,
    /// Id, title and description.
    pub rows: &'a [(&'a str, &'a str, &'a str)],
}

/// A list that opens when its button is pressed.
pub fn list(
    title: &str,
    description: &str,
    button: &str,
    sections: &[ListSection<'_>],
) -> wa::Message {
    use wa::message::list_message::{ListType, Row, Section};
    let sections = sections.iter().map(|section| Section {
        title: Some(section.title.to_owned()),
        rows: section
            .rows
            .iter()
            .map(|(id, title, description)| Row {
                row_id: Some((*id).to_owned()),
                title: Some((*title).to_owned()),
                description: Some((*description).to_owned()),
            })
            .collect(),
    });
    wa::Message {
        list_message: wa::message::ListMessage {
            title: Some(title.to_owned()),
            description: Some(description.to_owned()),
            button_text: Some(button.to_owned()),
            list_type: Some(ListType::SINGLE_SELECT),
            sections: sections.collect(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A row of a list was chosen.
pub fn list_response(title: &str, row_id: &str) -> wa::Message {
    use wa::message::list_response_message::{ListType, SingleSelectReply};
    wa::Message {
        list_response_message: wa::message::ListResponseMessage {
            title: Some(title.to_owned()),
            list_type: Some(ListType::SINGLE_SELECT),
            single_select_reply: SingleSelectReply {
                selected_row_id: Some(row_id.to_owned()),
            }
            .into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A text with buttons, as (id, text).
pub fn buttons(text: &str, footer: &str, buttons: &[(&str, &str)]) -> wa::Message {
    use wa::message::buttons_message::{Button, HeaderType, button};
    let buttons = buttons.iter().map(|(id, text)| Button {
        button_id: Some((*id).to_owned()),
        button_text: button::ButtonText {
            display_text: Some((*text).to_owned()),
        }
        .into(),
        r#type: Some(button::Type::RESPONSE),
        ..Default::default()
    });
    wa::Message {
        buttons_message: wa::message::ButtonsMessage {
            content_text: Some(text.to_owned()),
            footer_text: Some(footer.to_owned()),
            buttons: buttons.collect(),
            header_type: Some(HeaderType::EMPTY),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A button was pressed.
pub fn button_response(id: &str, text: &str) -> wa::Message {
    use wa::message::buttons_response_message::{Response, Type};
    wa::Message {
        buttons_response_message: wa::message::ButtonsResponseMessage {
            selected_button_id: Some(id.to_owned()),
            r#type: Some(Type::DISPLAY_TEXT),
            response: Some(Response::SelectedDisplayText(text.to_owned())),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A template that is filled in already, with quick-reply buttons as (id, text).
pub fn template(text: &str, footer: &str, buttons: &[(&str, &str)]) -> wa::Message {
    use wa::hydrated_template_button::{HydratedButton, HydratedQuickReplyButton};
    use wa::message::template_message::HydratedFourRowTemplate;
    let buttons = buttons.iter().enumerate().map(|(index, (id, text))| {
        let reply = HydratedQuickReplyButton {
            id: Some((*id).to_owned()),
            display_text: Some((*text).to_owned()),
        };
        wa::HydratedTemplateButton {
            index: u32::try_from(index).ok(),
            hydrated_button: Some(HydratedButton::QuickReplyButton(Box::new(reply))),
        }
    });
    wa::Message {
        template_message: wa::message::TemplateMessage {
            hydrated_template: HydratedFourRowTemplate {
                hydrated_content_text: Some(text.to_owned()),
                hydrated_footer_text: Some(footer.to_owned()),
                hydrated_buttons: buttons.collect(),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A template's button was pressed.
pub fn template_reply(id: &str, text: &str, index: u32) -> wa::Message {
    wa::Message {
        template_button_reply_message: wa::message::TemplateButtonReplyMessage {
            selected_id: Some(id.to_owned()),
            selected_display_text: Some(text.to_owned()),
            selected_index: Some(index),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A text with native buttons, as (name, parameters in JSON): `quick_reply`, `cta_url`, `cta_copy`, `single_select`, ...
pub fn native_flow(text: &str, footer: &str, buttons: &[(&str, &str)]) -> wa::Message {
    use wa::message::interactive_message::native_flow_message::NativeFlowButton;
    use wa::message::interactive_message::{Body, Footer, InteractiveMessage, NativeFlowMessage};
    let flow = NativeFlowMessage {
        buttons: buttons
            .iter()
            .map(|(name, parameters)| NativeFlowButton {
                name: Some((*name).to_owned()),
                button_params_json: Some((*parameters).to_owned()),
            })
            .collect(),
        message_version: Some(1),
        ..Default::default()
    };
    wa::Message {
        interactive_message: wa::message::InteractiveMessage {
            body: Body {
                text: Some(text.to_owned()),
            }
            .into(),
            footer: Footer {
                text: Some(footer.to_owned()),
                ..Default::default()
            }
            .into(),
            interactive_message: Some(InteractiveMessage::NativeFlowMessage(Box::new(flow))),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// What a native flow ended with: its name and the answer in JSON.
pub fn interactive_response(text: &str, name: &str, parameters: &str) -> wa::Message {
    use wa::message::interactive_response_message::{
        Body, InteractiveResponseMessage, NativeFlowResponseMessage,
    };
    let flow = NativeFlowResponseMessage {
        name: Some(name.to_owned()),
        params_json: Some(parameters.to_owned()),
        version: Some(3),
    };
    wa::Message {
        interactive_response_message: wa::message::InteractiveResponseMessage {
            body: Body {
                text: Some(text.to_owned()),
                ..Default::default()
            }
            .into(),
            interactive_response_message: Some(
                InteractiveResponseMessage::NativeFlowResponseMessage(Box::new(flow)),
            ),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}
