//! Who may do what. The weaknesses A1 to A9 are those of the original that must not come back.

use http::{Method, Request};
use pombo_api::{AddressRule, MetricsAccess, MetricsLogin, PeerAddress};
use serde_json::json;

use crate::kit::{Api, KEY};

const DENIED: &str =
    r#"{"status":401,"error":"Unauthorized","response":{"message":"Unauthorized"}}"#;

#[tokio::test]
async fn keys_open_what_they_should() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.create("bob").await;
    let state = |name: &str| format!("/instance/connectionState/{name}");
    for (key, name, status) in [
        (Some(KEY), "alice", 200),
        (Some(token.as_str()), "alice", 200),
        (Some(token.as_str()), "bob", 401),
        (Some(token.as_str()), "nobody", 404),
        (Some(KEY), "nobody", 404),
        (Some("wrong"), "alice", 401),
        (Some(""), "alice", 401),
        (None, "alice", 401),
    ] {
        let answer = api.call(Method::GET, &state(name), key, None).await;
        assert_eq!(answer.status, status, "{key:?} {name}");
        if status == 401 {
            assert_eq!(answer.text, DENIED);
        }
    }
    // Only the instance's own token may delete it, besides the global key.
    assert_eq!(
        api.call(Method::DELETE, "/instance/delete/bob", Some(&token), None)
            .await
            .status,
        401
    );
    assert_eq!(
        api.call(Method::DELETE, "/instance/delete/alice", Some(&token), None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn the_key_comes_in_its_header_only() {
    let api = Api::start().await;
    api.create("alice").await;
    let path = format!("/instance/connectionState/alice?apikey={KEY}");
    let request = Request::get(path)
        .header("authorization", format!("Bearer {KEY}"))
        .body("".into())
        .unwrap();
    assert_eq!(api.send(request).await.status, 401);
    let request = Request::get("/instance/connectionState/alice")
        .header("ApiKey", KEY)
        .body("".into())
        .unwrap();
    assert_eq!(api.send(request).await.status, 200);
}

/// A1: the query was merged over the path after the key was checked.
#[tokio::test]
async fn queries_never_choose_the_instance() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.create("bob").await;
    for query in [
        "instanceName=bob",
        "instanceId=1",
        "instanceName[]=bob",
        "instanceName=bob&instanceName=bob",
    ] {
        let path = format!("/instance/connectionState/alice?{query}");
        let answer = api.call(Method::GET, &path, Some(&token), None).await;
        assert_eq!(
            answer.json()["instance"]["instanceName"],
            "alice",
            "{query}"
        );
    }
    let body = json!({"instanceName": "bob", "instanceId": "x", "where": {}});
    let answer = api
        .call(
            Method::POST,
            "/chat/findChats/bob?instanceName=alice",
            Some(&token),
            Some(body),
        )
        .await;
    assert_eq!(answer.status, 401);
}

/// A2: guards looked for substrings in the whole address.
#[tokio::test]
async fn addresses_are_not_searched_for_words() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    let body = || Some(json!({"instanceName": "mallory", "integration": "EVOLUTION"}));
    for path in [
        "/instance/create?x=/instance/fetchInstances",
        "/verify-creds?x=/instance/fetchInstances",
    ] {
        assert_eq!(
            api.call(Method::POST, path, Some(&token), body())
                .await
                .text,
            DENIED,
            "{path}"
        );
    }
    let path = "/instance/connectionState/nobody?x=/instance/create";
    assert_eq!(api.get(path).await.status, 404);
    assert!(api.gateway.instance("mallory").is_none());
}

/// A3: the folder with session files was served.
#[tokio::test]
async fn no_folders_are_served() {
    let api = Api::start().await;
    for path in [
        "/store/x",
        "/assets/..%2f..%2fCargo.toml",
        "/images/x",
        "/../Cargo.toml",
    ] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
}

/// A4: names could be found out without a key.
#[tokio::test]
async fn names_are_not_told_to_strangers() {
    let api = Api::start().await;
    api.create("alice").await;
    let create = |name: &str| Some(json!({"instanceName": name, "integration": "EVOLUTION"}));
    for key in [None, Some("wrong")] {
        for name in ["alice", "nobody"] {
            let path = format!("/instance/connectionState/{name}");
            assert_eq!(api.call(Method::GET, &path, key, None).await.text, DENIED);
            assert_eq!(
                api.call(Method::POST, "/instance/create", key, create(name))
                    .await
                    .text,
                DENIED
            );
        }
    }
}

/// A6: other instances' rows could be reached by their ids.
#[tokio::test]
async fn reads_stay_within_the_instance() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.create("robert").await;
    api.incoming("556", "M1", "5511988887777@s.whatsapp.net", "secret")
        .await;
    let found = api
        .post("/chat/findMessages/robert", json!({}))
        .await
        .json();
    let row = found["messages"]["records"][0]["id"].clone();
    assert!(row.is_string(), "{found}");
    for filter in [
        json!({"id": row}),
        json!({"key": {"id": "M1"}}),
        json!({"instanceId": "robert"}),
    ] {
        let body = Some(json!({"where": filter}));
        let answer = api
            .call(Method::POST, "/chat/findMessages/alice", Some(&token), body)
            .await;
        assert_eq!(answer.json()["messages"]["total"], 0);
    }
}

/// A7: what comes in may be asked for a key.
#[tokio::test]
async fn the_inbound_webhook_asks_for_a_key_when_told_to() {
    let api = Api::with(|state| state.config.inbound_key_required = true).await;
    let token = api.create("alice").await;
    let other = api.create("bobby").await;
    let body = || {
        Some(
            json!({"numberId": "555", "message": {"conversation": "x"}, "messageType": "conversation",
                    "key": {"id": "1", "remoteJid": "1@s.whatsapp.net", "fromMe": false}}),
        )
    };
    for (key, status) in [
        (None, 401),
        (Some("wrong"), 401),
        (Some(KEY), 200),
        (Some(token.as_str()), 200),
    ] {
        assert_eq!(
            api.call(Method::POST, "/webhook/evolution", key, body())
                .await
                .status,
            status,
            "{key:?}"
        );
    }
    let mine = Some(json!({"numberId": "999"}));
    assert_eq!(
        api.call(Method::POST, "/webhook/evolution", Some(&other), mine)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn tokens_see_their_own_instance_only() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    api.create("bob").await;
    let fetch = async |key: &str, query: &str| {
        let answer = api
            .call(
                Method::GET,
                &format!("/instance/fetchInstances{query}"),
                Some(key),
                None,
            )
            .await;
        let names: Vec<String> = match answer.json().as_array() {
            Some(all) => all
                .iter()
                .map(|one| one["name"].as_str().unwrap().to_owned())
                .collect(),
            None => vec![],
        };
        (answer.status, names, answer)
    };
    let id = |api: &Api, name: &str| {
        api.gateway
            .instance(name)
            .unwrap()
            .state()
            .instance
            .id
            .to_string()
    };
    let (alice, bob) = (id(&api, "alice"), id(&api, "bob"));
    assert_eq!(fetch(KEY, "").await.1, ["alice", "bob"]);
    assert_eq!(fetch(KEY, "?limit=1&page=2").await.1, ["bob"]);
    assert_eq!(fetch(KEY, "?instanceName=bob").await.1, ["bob"]);
    assert_eq!(
        fetch(
            KEY,
            &format!("?instanceId={alice}&number=x&instanceName=bob")
        )
        .await
        .1,
        ["alice"]
    );
    assert_eq!(fetch(KEY, "?number=555").await.1, ["alice"]);
    let (status, _, answer) = fetch(KEY, "?instanceName=nobody").await;
    assert_eq!(
        (status, answer.message()),
        (404, json!(["Instance \"nobody\" not found"]))
    );
    let (_, names, answer) = fetch(&token, "").await;
    assert_eq!(names, ["alice"]);
    assert_eq!(answer.json()[0]["token"], token);
    assert_eq!(
        fetch(&token, "?instanceName=alice&number=ignored").await.1,
        ["alice"]
    );
    assert_eq!(fetch(&token, "?instanceName=bob").await.0, 401);
    assert_eq!(fetch(&token, &format!("?instanceId={bob}")).await.0, 401);
}

#[tokio::test]
async fn verify_creds_knows_only_the_global_key() {
    let api = Api::start().await;
    let token = api.create("alice").await;
    let verify = async |key| {
        api.call(Method::POST, "/verify-creds", key, Some(json!({})))
            .await
    };
    assert_eq!(
        verify(Some(KEY)).await.json(),
        json!({"status": 200, "message": "Credentials are valid"})
    );
    assert_eq!(verify(Some(&token)).await.text, DENIED);
    assert_eq!(verify(None).await.text, DENIED);
}

#[tokio::test]
async fn metrics_have_their_own_rules() {
    let off = Api::start().await;
    assert_eq!(off.get("/metrics").await.status, 404);
    let api = Api::with(|state| {
        state.metrics = Some(std::sync::Arc::new(|| "up 1\n".to_owned()));
        state.config.metrics_access = MetricsAccess {
            addresses: Some(AddressRule::new(|address| {
                address.to_string() == "10.1.1.1"
            })),
            basic: Some(MetricsLogin {
                user: Some("prom".to_owned()),
                password: Some("a:b".to_owned().into()),
            }),
        };
    })
    .await;
    let ask = async |peer: &str, login: Option<&str>| {
        let mut request =
            Request::get("/metrics").extension(PeerAddress(format!("{peer}:1").parse().unwrap()));
        if let Some(login) = login {
            request = request.header("authorization", login);
        }
        api.send(request.body("".into()).unwrap()).await
    };
    let answer = ask("10.9.9.9", Some("Basic cHJvbTphOmI=")).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (403, "Forbidden: IP not allowed")
    );
    let answer = ask("10.1.1.1", None).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (401, "Authentication required")
    );
    assert_eq!(
        answer.header("www-authenticate"),
        "Basic realm=\"Evolution API Metrics\""
    );
    let answer = ask("10.1.1.1", Some("Basic YTpi")).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (401, "Invalid credentials")
    );
    let answer = ask("[::ffff:10.1.1.1]", Some("Basic cHJvbTphOmI=")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "up 1\n"));
    assert_eq!(
        answer.header("content-type"),
        "text/plain; charset=utf-8; version=0.0.4"
    );
}
