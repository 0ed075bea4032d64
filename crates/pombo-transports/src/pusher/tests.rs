use pombo_domain::clock::Timestamp;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind, NewEvent};
use pombo_domain::id::{EventId, RowId};
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::request::{Impossible, Request};

fn request(kind: EventKind, data: &Value, options: Value) -> Result<Request, Impossible> {
    let event = NewEvent {
        id: EventId::from("evt_1".to_owned()),
        instance: InstanceRef {
            id: "i".into(),
            name: InstanceName::new("my shop").unwrap(),
        },
        kind,
        at: Timestamp::from_millis(0),
        sender: None,
        data: RawValue::from_string(data.to_string()).unwrap(),
    };
    let Value::Object(options) = options else {
        panic!("options are an object")
    };
    let subscription = Subscription {
        id: RowId::new(Timestamp::from_millis(1)),
        instance_id: "i".into(),
        transport: TransportKind::Pusher,
        enabled: true,
        events: EventList::all(),
        options,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        retired_at_seq: None,
    };
    let envelope = EnvelopeStyle::default().encode(&event, None);
    Request::new(
        &Event::logged(1, event),
        &envelope,
        &subscription,
        None,
        1_700_000_000,
    )
}

fn app() -> Value {
    json!({"appId": "42", "key": "k1", "secret": "s", "cluster": "sa1", "useTLS": true})
}

#[test]
fn address_and_body() {
    let request = request(EventKind::MessagesUpsert, &json!({"a": 1}), app()).unwrap();
    assert!(request.url.starts_with(
        "https://api-sa1.pusher.com/apps/42/events?auth_key=k1&auth_timestamp=1700000000&"
    ));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["name"], "messages.upsert");
    assert_eq!(body["channels"], json!(["my_shop"]));
    let data: Value = serde_json::from_str(body["data"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&data["instance"], &data["destination"]),
        (&json!("my shop"), &json!("42"))
    );
}

#[test]
fn the_picture_of_a_qr_code_stays_here() {
    let code = json!({"qrcode": {"instance": "i", "code": "2@x", "base64": "A".repeat(20_000)}});
    let request = request(EventKind::QrcodeUpdated, &code, app()).unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let data: Value = serde_json::from_str(body["data"].as_str().unwrap()).unwrap();
    assert_eq!(
        data["data"]["qrcode"],
        json!({"instance": "i", "code": "2@x"})
    );
}

#[test]
fn the_end_of_qr_codes_has_no_picture() {
    let end = json!({"message": "QR code limit reached, please login again", "statusCode": 500});
    assert!(request(EventKind::QrcodeUpdated, &end, app()).is_ok());
}

#[test]
fn large_events_are_refused() {
    let refused = request(EventKind::MessagesUpsert, &json!("A".repeat(10_240)), app());
    assert!(matches!(
        refused.unwrap_err(),
        Impossible::TooLarge { size: 10_241.. }
    ));
}

#[test]
fn an_app_cannot_lead_elsewhere() {
    for (name, text) in [
        ("cluster", "x.example/?"),
        ("appId", "../x"),
        ("key", "a&b"),
        ("secret", ""),
    ] {
        let mut options = app();
        options[name] = json!(text);
        let refused = request(EventKind::Call, &json!({}), options).unwrap_err();
        assert_eq!(refused, Impossible::App(name));
    }
}
