//! `/newsletter/*`, and messages in newsletters, with a follower's phone as the witness.

use pombo_simulator::VirtualPhone;
use pombo_simulator::phone::{PhoneError, content};
use pombo_tests::until;
use serde_json::{Value, json};

use super::kit::{ANN, BOB, Stage};

const DEADLINE: std::time::Duration = pombo_tests::DEADLINE;
/// A picture of one pixel.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// `hello, followers`
const HELLO: &str = "aGVsbG8sIGZvbGxvd2Vycw==";

/// Ann's linked instance `acme`, and Bob's phone.
async fn stage() -> (Stage, VirtualPhone) {
    let (stage, _, bob) = Stage::acme().await;
    (stage, bob)
}

/// Ann's newsletter, which Bob follows.
async fn followed(stage: &Stage, bob: &VirtualPhone) -> String {
    let body = json!({"name": "News", "description": "What happens"});
    let made = stage.client.post("/newsletter/create/acme", &body).await;
    let id = made.expect(201).json()["id"]
        .as_str()
        .expect("an address")
        .to_owned();
    bob.follow_newsletter(&id).await.expect("it is open");
    id
}

async fn done(stage: &Stage, route: &str, body: Value) -> Value {
    let path = format!("/newsletter/{route}/acme");
    stage.client.post(&path, &body).await.expect(201).json()
}

async fn got(stage: &Stage, route: &str, query: &str) -> Value {
    let path = format!("/newsletter/{route}/acme?{query}");
    stage.client.get(&path).await.expect(200).json()
}

async fn send(stage: &Stage, route: &str, body: Value) -> Value {
    let path = format!("/message/{route}/acme");
    stage.client.post(&path, &body).await.expect(201).json()
}

/// The stored message with this id, when it satisfies.
async fn stored(stage: &Stage, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let body = json!({"where": {"key": {"id": id}}});
    until(what, || async {
        let found = stage.client.post("/chat/findMessages/acme", &body).await;
        let found = found.expect(200).json()["messages"]["records"][0].clone();
        (found.is_object() && wanted(&found)).then_some(found)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsletter_is_made_changed_and_ended() {
    let (stage, bob) = stage().await;
    let body = json!({"name": "News", "description": "What happens", "picture": PIXEL});
    let made = done(&stage, "create", body).await;
    let id = made["id"].as_str().expect("an address");
    assert_eq!(
        (&made["name"], &made["description"], &made["role"]),
        (&json!("News"), &json!("What happens"), &json!("owner"))
    );
    assert!(
        made["picture"]
            .as_str()
            .is_some_and(|url| url.starts_with("https://"))
    );
    let seen = bob.newsletter(id).await.expect("it is there");
    assert_eq!(seen["thread_metadata"]["name"]["text"], "News");

    bob.follow_newsletter(id).await.expect("it is open");
    let invite = made["inviteCode"].as_str().expect("a code");
    for query in [
        format!("newsletterJid={id}"),
        format!("inviteCode={invite}"),
        format!("inviteCode=https://whatsapp.com/channel/{invite}"),
    ] {
        let found = got(&stage, "find", &query).await;
        assert_eq!(
            (&found["id"], &found["subscribers"]),
            (&json!(id), &json!(2))
        );
    }
    let followers = got(&stage, "followers", &format!("newsletterJid={id}")).await;
    let followers = followers["followers"].as_array().expect("a list");
    assert_eq!(followers.len(), 2);
    assert!(
        followers
            .iter()
            .any(|one| one["phoneNumber"] == bob.jid() && one["role"] == "subscriber")
    );

    let change =
        json!({"newsletterJid": id, "name": "Better news", "reactions": "basic", "picture": ""});
    let changed = done(&stage, "update", change).await;
    assert_eq!(
        (&changed["name"], &changed["reactions"]),
        (&json!("Better news"), &json!("basic"))
    );
    assert_eq!(changed.get("picture"), None);
    let seen = bob.newsletter(id).await.expect("it is there");
    assert_eq!(seen["thread_metadata"]["name"]["text"], "Better news");
    assert_eq!(
        seen["thread_metadata"]["description"]["text"],
        "What happens"
    );

    for mute in [true, false] {
        done(&stage, "mute", json!({"newsletterJid": id, "mute": mute})).await;
        let all = got(&stage, "list", "").await;
        assert_eq!(
            (&all[0]["id"], &all[0]["muted"]),
            (&json!(id), &json!(mute))
        );
    }
    done(
        &stage,
        "mute",
        json!({"newsletterJid": id, "mute": true, "activity": true}),
    )
    .await;

    let body = json!({ "newsletterJid": id });
    let refused = stage.client.post("/newsletter/unfollow/acme", &body).await;
    assert_eq!(
        refused.status, 400,
        "an owner cannot leave: {}",
        refused.text
    );
    let path = format!("/newsletter/delete/acme?newsletterJid={id}");
    let gone = stage.client.delete(&path).await.expect(200).json();
    assert_eq!(gone, json!({"update": "success"}));
    let path = format!("/newsletter/find/acme?newsletterJid={id}");
    stage.client.get(&path).await.expect(404);
    assert!(matches!(
        bob.newsletter(id).await,
        Err(PhoneError::Refused { code: 410, .. })
    ));
    assert_eq!(got(&stage, "list", "").await, json!([]));
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_request_is_refused() {
    let stage = Stage::start().await;
    stage.create("acme", json!({})).await;
    let jid = "120363000000000001@newsletter";
    for (route, body) in [
        ("create", json!({"name": ""})),
        (
            "follow",
            json!({"newsletterJid": "120363000000000001@g.us"}),
        ),
        ("mute", json!({"newsletterJid": jid, "mute": "yes"})),
        ("update", json!({"newsletterJid": jid})),
        ("update", json!({"newsletterJid": jid, "reactions": "many"})),
        ("update", json!({"newsletterJid": jid, "picture": "?"})),
        (
            "react",
            json!({"newsletterJid": jid, "serverId": "x", "reaction": "👍"}),
        ),
        (
            "react",
            json!({"newsletterJid": jid, "serverId": 1, "reaction": "no emoji"}),
        ),
        (
            "updateAdmin",
            json!({"newsletterJid": jid, "action": "crown", "number": BOB}),
        ),
        // Fine, but nobody is linked.
        ("follow", json!({ "newsletterJid": jid })),
    ] {
        let path = format!("/newsletter/{route}/acme");
        let answer = stage.client.post(&path, &body).await;
        assert_eq!(answer.status, 400, "{route} {body}: {}", answer.text);
    }
    for query in ["", "newsletterJid=5511900000001", "newsletterJid=1@g.us"] {
        for route in ["find", "messages", "followers", "adminInvites"] {
            let path = format!("/newsletter/{route}/acme?{query}");
            stage.client.get(&path).await.expect(400);
        }
        let path = format!("/newsletter/delete/acme?{query}");
        stage.client.delete(&path).await.expect(400);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_reach_followers_and_come_back_with_views_and_reactions() {
    let (stage, bob) = stage().await;
    let id = followed(&stage, &bob).await;
    let sent = send(&stage, "sendText", json!({"number": id, "text": "first"})).await;
    let key = &sent["key"];
    assert_eq!(
        (&key["remoteJid"], &key["server_id"]),
        (&json!(id), &json!("100"))
    );
    let first = key["id"].as_str().expect("an id");
    bob.wait_for(DEADLINE, |view| {
        (view.message(&id, first)?.text() == "first").then_some(())
    })
    .await
    .expect("the phone shows the post");

    let picture = json!({"number": id, "mediatype": "image", "media": PIXEL, "caption": "look"});
    let file = json!({"number": id, "mediatype": "document", "media": HELLO, "fileName": "hello.txt", "mimetype": "text/plain"});
    for (body, member) in [(picture, "imageMessage"), (file, "documentMessage")] {
        let sent = send(&stage, "sendMedia", body).await;
        assert_eq!(
            sent["message"][member].get("mediaKey"),
            None,
            "nothing is encrypted"
        );
        let post = sent["key"]["id"].as_str().expect("an id");
        let shown = bob
            .wait_for(DEADLINE, |view| {
                Some(view.message(&id, post)?.content.clone())
            })
            .await
            .expect("the phone shows the post");
        let bytes = bob.download(&shown).await.expect("the phone has the file");
        assert!(!bytes.is_empty());
        if member == "documentMessage" {
            assert_eq!(bytes, b"hello, followers");
            let body = json!({"message": {"key": {"id": post}}});
            let path = "/chat/getBase64FromMediaMessage/acme";
            let fetched = stage.client.post(path, &body).await.expect(201).json();
            assert_eq!(fetched["base64"], HELLO);
        }
    }

    bob.view_post(&id, 100).await.expect("he looks");
    bob.react_to_post(&id, 100, "👍")
        .await
        .expect("he likes it");
    let reaction = json!({"newsletterJid": id, "serverId": "100", "reaction": "🎉"});
    done(&stage, "react", reaction).await;
    // The number of the post is known from what is stored.
    let target = json!({"id": first, "remoteJid": id, "fromMe": true});
    let reacted = send(
        &stage,
        "sendReaction",
        json!({"key": target, "reaction": "👍"}),
    )
    .await;
    assert_eq!(reacted["message"]["reactionMessage"]["text"], "👍");
    let page = got(&stage, "messages", &format!("newsletterJid={id}")).await;
    let posts = page["messages"].as_array().expect("a list");
    assert_eq!(posts.len(), 3);
    assert_eq!(
        posts[0]["key"],
        json!({"id": first, "fromMe": true, "remoteJid": id, "server_id": "100"})
    );
    assert_eq!(
        (&posts[0]["message"], &posts[0]["views"]),
        (&json!({"conversation": "first"}), &json!(1))
    );
    assert_eq!(
        posts[0]["reactions"],
        json!([{"reaction": "👍", "count": 2}])
    );
    assert_eq!(posts[1]["messageType"], "imageMessage");
    let query = format!("newsletterJid={id}&count=1&before=102");
    let older = got(&stage, "messages", &query).await;
    assert_eq!(older["messages"][0]["key"]["server_id"], "101");

    let edit = json!({"number": id, "key": target, "text": "second"});
    stage
        .client
        .post("/chat/updateMessage/acme", &edit)
        .await
        .expect(200);
    bob.wait_for(DEADLINE, |view| {
        (view.message(&id, first)?.text() == "second").then_some(())
    })
    .await
    .expect("the phone shows the edit");
    let path = "/chat/deleteMessageForEveryone/acme";
    let request = stage
        .client
        .request(reqwest::Method::DELETE, path)
        .json(&target);
    stage.client.send(request).await.expect(201);
    bob.wait_for(DEADLINE, |view| {
        view.message(&id, first)?.deleted.then_some(())
    })
    .await
    .expect("the phone shows that it is gone");
    let page = got(&stage, "messages", &format!("newsletterJid={id}")).await;
    assert_eq!(page["messages"][0]["deleted"], true);
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_post_becomes_a_record() {
    let (stage, bob) = stage().await;
    let id = bob
        .create_newsletter("Bob's news")
        .await
        .expect("it is made");
    let refused = json!({"number": id, "text": "mine"});
    let answer = stage.client.post("/message/sendText/acme", &refused).await;
    assert_eq!(answer.status, 400, "only Bob writes in it: {}", answer.text);
    done(&stage, "follow", json!({ "newsletterJid": id })).await;
    let seen = bob.newsletter(&id).await.expect("it is there");
    assert_eq!(seen["thread_metadata"]["subscribers_count"], "2");

    let post = bob.send_text(&id, "hello").await.expect("he posts");
    let told = stage
        .catcher
        .next("the post", |caught| {
            caught.body["event"] == "messages.upsert"
                && caught.body["data"]["key"]["id"] == *post.id
        })
        .await;
    let data = &told.body["data"];
    assert_eq!(
        data["key"],
        json!({"remoteJid": id, "fromMe": false, "id": post.id, "participant": "", "server_id": "100"})
    );
    assert_eq!(data["message"], json!({"conversation": "hello"}));
    let record = stored(&stage, &post.id, "the post is stored", |_| true).await;
    assert_eq!(record["key"]["server_id"], "100");

    let reaction = json!({"key": record["key"], "reaction": "👍"});
    send(&stage, "sendReaction", reaction).await;
    let page = got(&stage, "messages", &format!("newsletterJid={id}")).await;
    assert_eq!(
        page["messages"][0]["reactions"],
        json!([{"reaction": "👍", "count": 1}])
    );

    bob.revise_post(&id, &post.id, Some(&content::text("hello, all")))
        .await
        .expect("he mends it");
    stored(&stage, &post.id, "the edit is stored", |record| {
        record["message"]["conversation"] == "hello, all"
    })
    .await;
    bob.revise_post(&id, &post.id, None)
        .await
        .expect("he takes it back");
    stage
        .catcher
        .next("the deletion", |caught| {
            caught.body["event"] == "messages.delete"
                && (caught.body["data"]["key"]["id"] == *post.id
                    || caught.body["data"]["id"] == *post.id)
        })
        .await;

    done(&stage, "unfollow", json!({ "newsletterJid": id })).await;
    assert_eq!(got(&stage, "list", "").await, json!([]));
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admins_are_asked_come_and_go() {
    let (stage, bob) = stage().await;
    let id = followed(&stage, &bob).await;
    let invite =
        json!({"newsletterJid": id, "action": "invite", "number": BOB, "caption": "Help me"});
    let invited = done(&stage, "updateAdmin", invite).await;
    let until = invited["expiration"].as_u64().expect("a time");
    let shown = bob
        .wait_for(DEADLINE, |view| {
            let chat = view.chat(&format!("{ANN}@s.whatsapp.net"))?;
            let content = &chat.messages.last()?.content;
            content.newsletter_admin_invite_message.as_option().cloned()
        })
        .await
        .expect("the phone shows the invitation");
    assert_eq!(shown.newsletter_jid.as_deref(), Some(id.as_str()));
    assert_eq!(shown.newsletter_name.as_deref(), Some("News"));
    assert_eq!(shown.caption.as_deref(), Some("Help me"));
    assert_eq!(shown.invite_expiration, i64::try_from(until).ok());
    let query = format!("newsletterJid={id}");
    let asked = got(&stage, "adminInvites", &query).await;
    assert_eq!(asked["invites"][0]["phoneNumber"], bob.jid());

    bob.accept_newsletter_admin(&id)
        .await
        .expect("he was asked");
    let post = bob
        .send_text(&id, "from an admin")
        .await
        .expect("he may post");
    stored(&stage, &post.id, "the admin's post", |_| true).await;
    let person = |action: &str| json!({"newsletterJid": id, "action": action, "number": BOB});
    done(&stage, "updateAdmin", person("demote")).await;
    assert!(matches!(
        bob.send_text(&id, "once more").await,
        Err(PhoneError::Refused { code: 403, .. })
    ));
    done(&stage, "updateAdmin", person("invite")).await;
    done(&stage, "updateAdmin", person("revokeInvite")).await;
    let asked = got(&stage, "adminInvites", &query).await;
    assert_eq!(asked["invites"], json!([]));
    assert!(bob.accept_newsletter_admin(&id).await.is_err());

    done(&stage, "updateAdmin", person("invite")).await;
    bob.accept_newsletter_admin(&id)
        .await
        .expect("he was asked");
    done(&stage, "updateAdmin", person("transfer")).await;
    let seen = bob.newsletter(&id).await.expect("it is there");
    assert_eq!(seen["viewer_metadata"]["role"], "owner");

    let other = bob.create_newsletter("Bob's").await.expect("it is made");
    done(&stage, "follow", json!({ "newsletterJid": other })).await;
    bob.invite_newsletter_admin(&other, ANN)
        .await
        .expect("he runs it");
    done(&stage, "acceptAdmin", json!({ "newsletterJid": other })).await;
    let found = got(&stage, "find", &format!("newsletterJid={other}")).await;
    assert_eq!(found["role"], "admin");
    stage.simulator.assert_clean();
}

/// How often the instance was told of each of these posts.
fn told(stage: &Stage, event: &str, id: &str) -> usize {
    let heard = stage.events("acme").into_iter();
    heard
        .filter(|(name, data)| {
            let named = [&data["key"]["id"], &data["id"]];
            name == event && named.iter().any(|named| *named == id)
        })
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_that_a_crash_took_are_read_from_the_newsletter() {
    let (mut stage, bob) = stage().await;
    let id = bob
        .create_newsletter("Bob's news")
        .await
        .expect("it is made");
    let past = bob.send_text(&id, "long ago").await.expect("he posts");
    done(&stage, "follow", json!({ "newsletterJid": id })).await;

    // As fast as they can be written, and the server killed in the middle: the network got an acknowledgement of posts that
    // nobody has stored.
    let mut posts = Vec::new();
    let mut edits = Vec::new();
    for round in 0..3 {
        let writing = async {
            for number in 0..40 {
                let text = format!("round {round}, number {number}");
                let post = bob.send_text(&id, &text).await.expect("he posts");
                if number % 10 == 3 {
                    let text = format!("{text}, mended");
                    bob.revise_post(&id, &post.id, Some(&content::text(&text)))
                        .await
                        .expect("he mends it");
                    edits.push((post.id.clone(), text));
                }
                posts.push(post.id);
            }
        };
        tokio::join!(writing, stage.server.kill());
        stage.server.start_again().await;
        stage.until_state("acme", "open").await;
    }
    let body = json!({"where": {"key": {"remoteJid": id}}, "offset": 500});
    until("all posts are stored", || async {
        let found = stage.client.post("/chat/findMessages/acme", &body).await;
        let total = found.expect(200).json()["messages"]["total"].as_u64();
        (total == Some(posts.len() as u64)).then_some(())
    })
    .await;
    for (post, text) in &edits {
        stored(&stage, post, "the edit is stored", |record| {
            record["message"]["conversation"] == **text
        })
        .await;
    }
    // Told when they are stored, and once; what was there before the account followed is no news.
    let last = posts.last().expect("there are some");
    until("the last one is told", || async {
        (told(&stage, "messages.upsert", last) > 0).then_some(())
    })
    .await;
    for post in &posts {
        until("the post is told", || async {
            (told(&stage, "messages.upsert", post) > 0).then_some(())
        })
        .await;
    }
    // A kill may repeat a delivery, but not an event.
    let log = "/event/find/acme?kind=messages.upsert&limit=1000";
    let log = stage.client.get(log).await.expect(200).json();
    let events = log["events"].as_array().expect("a list");
    for post in &posts {
        let of_it = events
            .iter()
            .filter(|event| event["data"]["key"]["id"] == **post);
        assert_eq!(of_it.count(), 1, "{post}");
    }
    assert_eq!(told(&stage, "messages.upsert", &past.id), 0);
    stage.simulator.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_posted_changed_and_deleted_meanwhile_is_heard_of_once() {
    let (mut stage, bob) = stage().await;
    let id = bob
        .create_newsletter("Bob's news")
        .await
        .expect("it is made");
    done(&stage, "follow", json!({ "newsletterJid": id })).await;
    let kept = bob.send_text(&id, "one").await.expect("he posts");
    let gone = bob.send_text(&id, "two").await.expect("he posts");
    stored(&stage, &gone.id, "the post is stored", |_| true).await;

    // What the network has for the instance is lost: it was acknowledged, and nothing more.
    let companion = stage.simulator.companions(ANN)[0];
    stage.server.kill().await;
    until("it is offline", || async {
        (!stage.simulator.is_online(ANN, companion)).then_some(())
    })
    .await;
    bob.revise_post(&id, &kept.id, Some(&content::text("one, mended")))
        .await
        .expect("he mends it");
    bob.revise_post(&id, &gone.id, None)
        .await
        .expect("he takes it back");
    let missed = bob.send_text(&id, "three").await.expect("he posts");
    stage.simulator.lose_waiting(ANN, companion);
    assert_eq!(stage.simulator.waiting(ANN, companion), 0);
    stage.server.start_again().await;
    stage.until_state("acme", "open").await;

    stored(&stage, &missed.id, "the missed post is stored", |_| true).await;
    stored(&stage, &kept.id, "the edit is stored", |record| {
        record["message"]["conversation"] == "one, mended"
    })
    .await;
    until("the deletion is told", || async {
        (told(&stage, "messages.delete", &gone.id) == 1).then_some(())
    })
    .await;
    // Read again, it is nothing new.
    for _ in 0..2 {
        stage.catcher.forget();
        stage
            .client
            .post("/instance/restart/acme", &json!({}))
            .await
            .expect(200);
        let last = bob.send_text(&id, "and more").await.expect("he posts");
        until("the newest post is told", || async {
            (told(&stage, "messages.upsert", &last.id) == 1).then_some(())
        })
        .await;
        for post in [&kept.id, &gone.id, &missed.id] {
            assert_eq!(told(&stage, "messages.upsert", post), 0);
            assert_eq!(told(&stage, "messages.delete", post), 0);
        }
        let edits = stage.events("acme").into_iter();
        assert_eq!(
            edits.filter(|(name, _)| name == "messages.edited").count(),
            0
        );
    }
    stage.simulator.assert_clean();
}
