//! People: names, pictures, identities, and what they are doing.

use pombo_domain::channel::{ChannelEvent, ContactNews, PresenceNews, PresenceState, WhoKnows};
use wacore::types::events;
use wacore::types::presence::{ChatPresence, ChatPresenceMedia};
use wacore_binary::{Jid, JidExt as _};

use super::key::Me;

fn news(jid: &Jid, source: WhoKnows) -> ContactNews {
    ContactNews {
        jid: jid.to_non_ad_string(),
        alt: None,
        name: None,
        picture_url: None,
        removed: false,
        source,
    }
}

/// Saved, changed or removed in the address book.
pub(super) fn contact(event: &events::ContactUpdate) -> ChannelEvent {
    let action = &event.action;
    let name = [&action.full_name, &action.first_name, &action.username]
        .into_iter()
        .find_map(|name| name.clone().filter(|name| !name.is_empty()));
    let alt = match event.jid.is_lid() {
        true => &action.pn_jid,
        false => &action.lid_jid,
    };
    ChannelEvent::Contacts(vec![ContactNews {
        alt: alt.clone().filter(|alt| !alt.is_empty()),
        removed: name.is_none(),
        name,
        ..news(&event.jid, WhoKnows::AddressBook)
    }])
}

/// Somebody calls themselves something else.
pub(super) fn push_name(event: &events::PushNameUpdate, me: &Me) -> ChannelEvent {
    let name = event.new_push_name.clone();
    if me.is(&event.jid) {
        return own_name(name);
    }
    let alt = event.message.source.sender_alt.as_ref();
    ChannelEvent::Contacts(vec![ContactNews {
        alt: alt.map(Jid::to_non_ad_string),
        name: Some(name).filter(|name| !name.is_empty()),
        ..news(&event.jid, WhoKnows::Themselves)
    }])
}

/// The account calls itself something else.
pub(super) fn own_name(name: String) -> ChannelEvent {
    ChannelEvent::Profile {
        name: Some(name).filter(|name| !name.is_empty()),
        picture_url: None,
    }
}

/// Somebody has another number.
pub(super) fn number_changed(event: &events::ContactNumberChanged) -> ChannelEvent {
    ChannelEvent::Contacts(vec![ContactNews {
        alt: event.new_lid.as_ref().map(Jid::to_non_ad_string),
        ..news(&event.new_jid, WhoKnows::Network)
    }])
}

/// A picture that was removed; a new one has to be asked for (`None`).
pub(super) fn picture_removed(event: &events::PictureUpdate, me: &Me) -> Option<ChannelEvent> {
    if !event.removed {
        return None;
    }
    Some(picture(&event.jid, None, me))
}

/// A picture's address, now that it is known.
pub(super) fn picture(jid: &Jid, url: Option<String>, me: &Me) -> ChannelEvent {
    if me.is(jid) {
        return ChannelEvent::Profile {
            name: None,
            picture_url: Some(url),
        };
    }
    ChannelEvent::Contacts(vec![ContactNews {
        picture_url: Some(url),
        ..news(jid, WhoKnows::Network)
    }])
}

/// Somebody is online, or not.
pub(super) fn presence(event: &events::PresenceUpdate) -> ChannelEvent {
    let who = event.from.to_non_ad_string();
    ChannelEvent::Presence(PresenceNews {
        chat: who.clone(),
        participant: who,
        state: if event.unavailable {
            PresenceState::Unavailable
        } else {
            PresenceState::Available
        },
        last_seen: event.last_seen.map(|time| time.timestamp()),
    })
}

/// Somebody types or records, or stopped.
pub(super) fn chat_presence(event: &events::ChatPresenceUpdate) -> ChannelEvent {
    ChannelEvent::Presence(PresenceNews {
        chat: event.source.chat.to_non_ad_string(),
        participant: event.source.sender.to_non_ad_string(),
        state: match (event.state, event.media) {
            (ChatPresence::Composing, ChatPresenceMedia::Text) => PresenceState::Composing,
            (ChatPresence::Composing, ChatPresenceMedia::Audio) => PresenceState::Recording,
            (ChatPresence::Paused, _) => PresenceState::Paused,
        },
        last_seen: None,
    })
}

/// Whether a picture is a group's.
pub(super) fn is_groups(jid: &Jid) -> bool {
    jid.is_group()
}

#[cfg(test)]
mod tests {
    use wacore::types::message::MessageSource;
    use waproto::whatsapp::sync_action_value::ContactAction;
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::{jid, me};
    use super::*;

    const BOB: &str = "5511900000002@s.whatsapp.net";

    fn one(event: ChannelEvent) -> ContactNews {
        match event {
            ChannelEvent::Contacts(mut all) => all.pop().expect("one contact"),
            other => panic!("not news of a contact: {other:?}"),
        }
    }

    #[test]
    fn a_contact_without_a_name_was_removed() {
        for (name, removed) in [(Some("Carol Saved"), false), (None, true)] {
            let event = events::ContactUpdate::builder()
                .jid(jid(BOB))
                .timestamp(DateTime::UNIX_EPOCH)
                .action(Box::new(ContactAction {
                    full_name: name.map(str::to_owned),
                    lid_jid: Some("108205380617684@lid".to_owned()),
                    ..Default::default()
                }))
                .from_full_sync(false)
                .build();
            let news = one(contact(&event));
            assert_eq!((news.removed, news.name.as_deref()), (removed, name));
            assert_eq!(news.alt.as_deref(), Some("108205380617684@lid"));
            assert_eq!(news.source, WhoKnows::AddressBook);
        }
    }

    #[test]
    fn the_own_picture_is_the_profile() {
        let url = Some("https://pps.example/a.jpg".to_owned());
        assert_eq!(
            one(picture(&jid(BOB), url.clone(), &me())).picture_url,
            Some(url.clone())
        );
        let own = picture(&jid("108205380617683@lid"), url.clone(), &me());
        assert!(
            matches!(own, ChannelEvent::Profile { name: None, picture_url: Some(picture) } if picture == url)
        );
    }

    #[test]
    fn recording_is_composing_with_sound() {
        for (state, media, wanted) in [
            (
                ChatPresence::Composing,
                ChatPresenceMedia::Text,
                PresenceState::Composing,
            ),
            (
                ChatPresence::Composing,
                ChatPresenceMedia::Audio,
                PresenceState::Recording,
            ),
            (
                ChatPresence::Paused,
                ChatPresenceMedia::Text,
                PresenceState::Paused,
            ),
        ] {
            let event = events::ChatPresenceUpdate::builder()
                .source(MessageSource {
                    chat: jid("120363002866886739@g.us"),
                    sender: jid("5511900000002:3@s.whatsapp.net"),
                    ..Default::default()
                })
                .state(state)
                .media(media)
                .build();
            let ChannelEvent::Presence(news) = chat_presence(&event) else {
                panic!("not a presence");
            };
            assert_eq!(news.state, wanted);
            assert_eq!(news.chat, "120363002866886739@g.us");
            assert_eq!(news.participant, BOB);
        }
    }
}
