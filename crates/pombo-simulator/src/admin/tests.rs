use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{OPENAPI, route};
use crate::Simulator;

async fn ask_with(
    simulator: &Simulator,
    head: &str,
    headers: &str,
    body: &str,
) -> (u16, String, Value) {
    let mut stream = TcpStream::connect(simulator.addr()).await.unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head[9..12].parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status, head.to_lowercase(), body)
}

async fn ask(simulator: &Simulator, head: &str, body: Value) -> (u16, Value) {
    let text = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let (status, _, body) = ask_with(simulator, head, "Host: localhost\r\n", &text).await;
    (status, body)
}

#[test]
fn the_description_has_every_route_and_no_other() {
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    assert_eq!(description["openapi"], "3.1.0");
    let described: BTreeSet<String> = description["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let routes: BTreeSet<String> = route::all()
        .into_iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn what_the_description_refers_to_is_there() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| match member {
                Value::String(path) if name == "$ref" => found.push(path.clone()),
                other => references(other, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    let mut found = Vec::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for path in found {
        let pointer = path.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some(), "{path}");
    }
}

#[tokio::test]
async fn accounts_are_made_shown_and_closed() {
    let simulator = Simulator::start().await.unwrap();
    let (status, made) = ask(
        &simulator,
        "POST /admin/accounts",
        json!({"number": "5511900000001", "name": "Ana"}),
    )
    .await;
    assert_eq!(
        (status, &made["name"], &made["devices"]),
        (201, &json!("Ana"), &json!([]))
    );
    let (status, any) = ask(&simulator, "POST /admin/accounts", Value::Null).await;
    assert_eq!((status, any["number"].as_str().unwrap().len()), (201, 13));
    let (status, refused) = ask(
        &simulator,
        "POST /admin/accounts",
        json!({"number": "5511900000001"}),
    )
    .await;
    assert_eq!((status, &refused["error"]["status"]), (409, &json!(409)));
    for number in ["+5511900000001", "123", "05511900000001"] {
        let (status, _) = ask(
            &simulator,
            "POST /admin/accounts",
            json!({"number": number}),
        )
        .await;
        assert_eq!(status, 400, "{number}");
    }
    let (_, all) = ask(&simulator, "GET /admin/accounts", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let (status, _) = ask(
        &simulator,
        "DELETE /admin/accounts/5511900000001",
        Value::Null,
    )
    .await;
    assert_eq!(status, 204);
    let (status, gone) = ask(&simulator, "GET /admin/accounts/5511900000001", Value::Null).await;
    assert_eq!(
        (status, &gone["error"]["message"]),
        (
            404,
            &json!("there is no account with the number 5511900000001")
        )
    );
    let (status, _) = ask(
        &simulator,
        "DELETE /admin/accounts/5511900000001/devices/1",
        Value::Null,
    )
    .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn what_cannot_be_understood_says_why() {
    let simulator = Simulator::start().await.unwrap();
    let cases = [
        (
            "POST /admin/accounts",
            json!({"nmae": "Ana"}),
            400,
            "unknown field `nmae`",
        ),
        (
            "POST /admin/accounts",
            json!([1]),
            400,
            "not what is expected",
        ),
        ("GET /admin/nothing", Value::Null, 404, "no such route"),
        ("PUT /admin/accounts", Value::Null, 405, "no such method"),
        ("DELETE /admin/faults/x", Value::Null, 400, "x"),
        ("DELETE /admin/faults/7", Value::Null, 404, "no rule 7"),
        (
            "POST /admin/faults",
            json!({"at": "toClient", "fault": {"kind": "status", "status": 500}}),
            400,
            "cannot happen",
        ),
        (
            "PUT /admin/clock",
            json!({"advanceMs": 1_u64 << 60}),
            400,
            "a hundred years",
        ),
        (
            "DELETE /admin/media",
            json!({"directPath": "/v/none", "status": 200}),
            400,
            "404 or 410",
        ),
    ];
    for (head, body, status, reason) in cases {
        let (found, answer) = ask(&simulator, head, body).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(
            found == status && message.contains(reason),
            "{head}: {found} {answer}"
        );
    }
    let (status, _, answer) = ask_with(
        &simulator,
        "POST /admin/mock-phone/scan-qr",
        "Host: localhost\r\n",
        "hello",
    )
    .await;
    assert_eq!(status, 400);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .contains("not the QR code"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_clock_obeys() {
    let simulator = Simulator::start().await.unwrap();
    let (_, before) = ask(&simulator, "PUT /admin/clock", json!({"frozen": true})).await;
    let (_, after) = ask(
        &simulator,
        "PUT /admin/clock",
        json!({"advanceMs": 86_400_000}),
    )
    .await;
    assert_eq!(
        after["nowMs"].as_u64().unwrap(),
        before["nowMs"].as_u64().unwrap() + 86_400_000
    );
    assert_eq!(after["frozen"], true);
    let (_, running) = ask(&simulator, "PUT /admin/clock", json!({"frozen": false})).await;
    assert_eq!(running["frozen"], false);
}

#[tokio::test]
async fn rules_of_faults_come_and_go() {
    let simulator = Simulator::builder().seed(7).start().await.unwrap();
    let rule = json!({"at": "login", "account": "5511900000001", "times": 1,
        "fault": {"kind": "failure", "reason": 402, "code": 101, "expire": 3600}});
    let (status, made) = ask(&simulator, "POST /admin/faults", rule).await;
    assert_eq!(
        (status, &made["id"], &made["fault"]["reason"]),
        (201, &json!(1), &json!(402))
    );
    let (_, rules) = ask(&simulator, "GET /admin/faults", Value::Null).await;
    assert_eq!(rules[0]["struck"], 0);
    let (_, network) = ask(&simulator, "GET /admin/network", Value::Null).await;
    assert_eq!(network["seed"], 7);
    assert_eq!(
        ask(&simulator, "DELETE /admin/faults/1", Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(
        ask(&simulator, "DELETE /admin/faults", Value::Null).await.0,
        204
    );
    assert_eq!(
        ask(&simulator, "GET /admin/faults/strikes", Value::Null)
            .await
            .1,
        json!([])
    );
}

#[tokio::test]
async fn pages_from_elsewhere_are_refused() {
    let simulator = Simulator::start().await.unwrap();
    let status =
        async |headers: &str| ask_with(&simulator, "GET /admin/network", headers, "").await;
    assert_eq!(status("Host: rebound.example.com\r\n").await.0, 403);
    assert_eq!(
        status("Host: 127.0.0.1\r\nOrigin: https://example.com\r\n")
            .await
            .0,
        403
    );
    assert_eq!(status("Host: 127.0.0.1\r\nOrigin: null\r\n").await.0, 403);
    let (answered, head, _) = status("Host: 127.0.0.1\r\nOrigin: http://localhost:8080\r\n").await;
    assert_eq!(answered, 200);
    assert!(
        head.contains("access-control-allow-origin: http://localhost:8080"),
        "{head}"
    );
}

#[tokio::test]
async fn no_listener_that_others_can_reach() {
    let outside = Simulator::builder()
        .listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await;
    assert!(
        outside
            .err()
            .unwrap()
            .to_string()
            .contains("not a loopback address")
    );
}
