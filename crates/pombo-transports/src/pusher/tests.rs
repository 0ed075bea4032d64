use pombo_domain::clock::Timestamp;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind, NewEvent};
use pombo_domain::id::{EventId, RowId};
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{Delivered, DeliveryError};
use pombo_domain::subscription::{EventList, Subscription, TransportKind};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::desk::Desk;
use super::request::{App, Impossible, Item, Request};

fn request(kind: EventKind, data: &Value, options: Value) -> Result<Request, Impossible> {
    let (app, item) = item(kind, data, options)?;
    Ok(Request::new(&[item], &app, None, 1_700_000_000))
}

fn item(kind: EventKind, data: &Value, options: Value) -> Result<(App, Item), Impossible> {
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
    let app = App::of(&subscription)?;
    let item = Item::new(&Event::logged(1, event), &envelope, &app)?;
    Ok((app, item))
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

#[test]
fn several_go_in_one_request() {
    let (app, item) = item(EventKind::Call, &json!({"a": 1}), app()).unwrap();
    let request = Request::new(
        &[item.clone(), item],
        &app,
        Some("localhost:1"),
        1_700_000_000,
    );
    assert!(
        request
            .url
            .starts_with("https://localhost:1/apps/42/batch_events?auth_key=k1&")
    );
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let batch = body["batch"].as_array().unwrap();
    assert_eq!(batch.len(), 2);
    assert_eq!(
        (&batch[0]["name"], &batch[0]["channel"]),
        (&json!("call"), &json!("my_shop"))
    );
    assert!(batch[0]["data"].as_str().unwrap().contains("\"call\""));
}

/// Sizes of the requests, when so many are delivered together and requests of these sizes end so.
async fn sizes(
    count: usize,
    ends: impl Fn(usize) -> Result<Delivered, DeliveryError>,
) -> (Vec<usize>, usize) {
    let desk = Desk::default();
    let sizes = std::cell::RefCell::new(Vec::new());
    let (seen, ends) = (&sizes, &ends);
    let send = |items: Vec<Item>| async move {
        seen.borrow_mut().push(items.len());
        tokio::task::yield_now().await;
        ends(items.len())
    };
    let under_way = (0..count).map(|number| {
        let (_, item) = item(EventKind::Call, &json!(number), app()).unwrap();
        desk.deliver(item, &send)
    });
    let outcomes = futures_util::future::join_all(under_way).await;
    let worked = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    (sizes.take(), worked)
}

#[tokio::test]
async fn what_is_under_way_together_goes_together() {
    let worked = |_| Ok(Delivered { status: Some(200) });
    assert_eq!(sizes(1, worked).await, (vec![1], 1));
    assert_eq!(sizes(25, worked).await, (vec![10, 10, 5], 25));
}

#[tokio::test]
async fn a_refused_batch_is_sent_one_by_one() {
    let alone = |size| match size {
        1 => Ok(Delivered { status: Some(200) }),
        _ => Err(DeliveryError::Permanent {
            reason: "400".to_owned(),
            status: Some(400),
        }),
    };
    assert_eq!(sizes(3, alone).await, (vec![3, 1, 1, 1], 3));
}

#[tokio::test]
async fn what_may_work_later_fails_together() {
    let later = |_| {
        Err(DeliveryError::Retry {
            reason: "503".to_owned(),
            status: Some(503),
            after: None,
        })
    };
    assert_eq!(sizes(3, later).await, (vec![3], 0));
}

#[tokio::test]
async fn whoever_stops_waiting_takes_its_event_along() {
    let desk = Desk::default();
    let sent = std::cell::Cell::new(0);
    let seen = &sent;
    let send = |items: Vec<Item>| async move {
        seen.set(seen.get() + items.len());
        tokio::task::yield_now().await;
        Ok(Delivered { status: Some(200) })
    };
    let next = |number: u32| item(EventKind::Call, &json!(number), app()).unwrap().1;
    let mut first = Box::pin(desk.deliver(next(1), &send));
    let mut second = Box::pin(desk.deliver(next(2), &send));
    assert!(futures_util::poll!(&mut first).is_pending());
    assert!(futures_util::poll!(&mut second).is_pending());
    // It had the turn.
    drop(first);
    assert!(second.await.is_ok());
    assert_eq!(sent.get(), 1);
}
