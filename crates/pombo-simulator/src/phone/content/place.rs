//! Places, people, events.

use waproto::whatsapp as wa;

/// Where something is.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// What it is called.
    pub name: Option<String>,
    /// Street and town.
    pub address: Option<String>,
}

fn located(place: Place) -> wa::message::LocationMessage {
    wa::message::LocationMessage {
        degrees_latitude: Some(place.latitude),
        degrees_longitude: Some(place.longitude),
        name: place.name,
        address: place.address,
        ..Default::default()
    }
}

/// A place.
pub fn location(place: Place) -> wa::Message {
    wa::Message {
        location_message: located(place).into(),
        ..Default::default()
    }
}

/// A place that moves; each update has a higher sequence number.
pub fn live_location(place: Place, caption: Option<&str>, sequence_number: i64) -> wa::Message {
    wa::Message {
        live_location_message: wa::message::LiveLocationMessage {
            degrees_latitude: Some(place.latitude),
            degrees_longitude: Some(place.longitude),
            accuracy_in_meters: Some(10),
            caption: caption.map(str::to_owned),
            sequence_number: Some(sequence_number),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn card(name: &str, phone_number: &str) -> wa::message::ContactMessage {
    let vcard = format!(
        "BEGIN:VCARD\nVERSION:3.0\nN:;{name};;;\nFN:{name}\nTEL;type=CELL;waid={phone_number}:+{phone_number}\nEND:VCARD"
    );
    wa::message::ContactMessage {
        display_name: Some(name.to_owned()),
        vcard: Some(vcard),
        ..Default::default()
    }
}

/// Somebody's card: name and number.
pub fn contact(name: &str, phone_number: &str) -> wa::Message {
    wa::Message {
        contact_message: card(name, phone_number).into(),
        ..Default::default()
    }
}

/// Several cards.
pub fn contacts(people: &[(&str, &str)]) -> wa::Message {
    wa::Message {
        contacts_array_message: wa::message::ContactsArrayMessage {
            display_name: Some(format!("{} contacts", people.len())),
            contacts: people
                .iter()
                .map(|(name, number)| card(name, number))
                .collect(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// An invitation to something that begins at a time (seconds). Needs a secret for answers: [`super::with_secret`]; a phone adds
/// one by itself.
pub fn event(
    name: &str,
    description: Option<&str>,
    place: Option<Place>,
    start_time: i64,
) -> wa::Message {
    wa::Message {
        event_message: wa::message::EventMessage {
            name: Some(name.to_owned()),
            description: description.map(str::to_owned),
            location: place.map(located).into(),
            start_time: Some(start_time),
            is_canceled: Some(false),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}
