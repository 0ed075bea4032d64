//! Labels as another device of the account changed them.

use pombo_domain::channel::{ChannelEvent, LabelNews};
use pombo_domain::label::Label;
use wacore::types::events;
use wacore_binary::Jid;

pub(super) fn edited(event: &events::LabelEditUpdate) -> ChannelEvent {
    let action = &event.action;
    let label = Label {
        id: event.label_id.clone(),
        name: action.name.clone().unwrap_or_default(),
        color: action.color.unwrap_or(0).to_string(),
        predefined_id: action
            .predefined_id
            .filter(|id| *id > 0)
            .map(|id| id.to_string()),
    };
    ChannelEvent::Label(LabelNews::Edited(label, action.deleted.unwrap_or(false)))
}

pub(super) fn associated(event: &events::LabelAssociationUpdate) -> ChannelEvent {
    ChannelEvent::Label(LabelNews::Chat {
        label: event.label_id.clone(),
        jid: Jid::to_non_ad_string(&event.chat_jid),
        labeled: event.action.labeled.unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use waproto::whatsapp::sync_action_value::{LabelAssociationAction, LabelEditAction};
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::jid;
    use super::*;

    #[test]
    fn a_label_has_a_colour_and_perhaps_a_ready_made_id() {
        let event = events::LabelEditUpdate::builder()
            .label_id("11".to_owned())
            .timestamp(DateTime::UNIX_EPOCH)
            .action(Box::new(LabelEditAction {
                name: Some("VIP".to_owned()),
                color: Some(3),
                deleted: Some(true),
                ..Default::default()
            }))
            .from_full_sync(false)
            .build();
        let wanted = Label {
            color: "3".to_owned(),
            name: "VIP".to_owned(),
            id: "11".to_owned(),
            predefined_id: None,
        };
        assert!(
            matches!(edited(&event), ChannelEvent::Label(LabelNews::Edited(label, true)) if label == wanted)
        );
    }

    #[test]
    fn a_chat_gets_a_label() {
        let event = events::LabelAssociationUpdate::builder()
            .label_id("11".to_owned())
            .chat_jid(jid("5511900000002@s.whatsapp.net"))
            .timestamp(DateTime::UNIX_EPOCH)
            .action(Box::new(LabelAssociationAction {
                labeled: Some(true),
                ..Default::default()
            }))
            .from_full_sync(false)
            .build();
        assert!(matches!(
            associated(&event),
            ChannelEvent::Label(LabelNews::Chat { labeled: true, jid, .. }) if jid == "5511900000002@s.whatsapp.net"
        ));
    }
}
