//! What other devices are told of an account's changes, stanza by stanza; and requests that only foreign clients make.

use pombo_simulator::Simulator;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node, NodeContent, Server};

use crate::kit::query::{node, service, text_node};
use crate::kit::{ALICE, BOB, CAROL, RawCompanion, attribute, simulator};

fn iq(kind: &'static str, namespace: &'static str, to: Jid, child: Node) -> Node {
    node("iq")
        .attr("id", "Q")
        .attr("type", kind)
        .attr("xmlns", namespace)
        .attr("to", to)
        .children([child])
        .build()
}

/// Sends a request and gives the answer; notifications that come before it are passed over.
async fn ask(client: &mut RawCompanion, request: Node) -> Node {
    client.send(request).await;
    client
        .connection
        .wait(|stanza| stanza.tag == "iq" && attribute(stanza, "id") == "Q")
        .await
}

async fn set(client: &mut RawCompanion, namespace: &'static str, child: Node) -> Node {
    ask(client, iq("set", namespace, service(), child)).await
}

/// The next notification of that kind.
async fn told(client: &mut RawCompanion, kind: &str) -> Node {
    client
        .connection
        .wait(|stanza| stanza.tag == "notification" && attribute(stanza, "type") == kind)
        .await
}

fn error(answer: &Node) -> String {
    answer
        .get_optional_child("error")
        .map(|error| attribute(error, "code"))
        .unwrap_or_default()
}

fn child<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, tag| {
        node.get_optional_child(tag)
            .unwrap_or_else(|| panic!("no <{tag}> in {node:?}"))
    })
}

async fn two_desks(simulator: &Simulator) -> (RawCompanion, RawCompanion, RawCompanion) {
    (
        RawCompanion::linked(simulator, ALICE).await,
        RawCompanion::linked(simulator, ALICE).await,
        RawCompanion::linked(simulator, BOB).await,
    )
}

fn user(companion: &RawCompanion) -> (Jid, Jid) {
    (companion.pn().to_non_ad(), companion.lid().to_non_ad())
}

#[tokio::test]
async fn a_block_is_told_to_the_other_companions_with_its_hash() {
    let simulator = simulator().await;
    let (mut alice, mut desk, bob) = two_desks(&simulator).await;
    let (bob_pn, bob_lid) = user(&bob);
    let block = node("item")
        .attr("action", "block")
        .attr("jid", bob_lid.clone())
        .attr("pn_jid", bob_pn.clone())
        .build();
    let answer = set(&mut alice, "blocklist", block).await;
    let list = child(&answer, &["list"]);
    let hash = attribute(list, "dhash");
    assert_eq!(
        attribute(child(list, &["item"]), "jid"),
        bob_lid.to_string()
    );
    let note = told(&mut desk, "account_sync").await;
    let change = child(&note, &["blocklist"]);
    assert_eq!(attribute(change, "dhash"), hash);
    let item = child(change, &["item"]);
    assert_eq!(attribute(item, "action"), "block");
    assert_eq!(attribute(item, "jid"), bob_lid.to_string());
    // Whoever has the present list is not sent it again.
    let known = node("item").attr("dhash", hash.as_str()).build();
    let answer = ask(&mut desk, iq("get", "blocklist", service(), known)).await;
    assert_eq!(attribute(child(&answer, &["list"]), "matched"), "true");
    let unblock = node("item")
        .attr("action", "unblock")
        .attr("jid", bob_pn)
        .build();
    set(&mut alice, "blocklist", unblock).await;
    let note = told(&mut desk, "account_sync").await;
    let change = child(&note, &["blocklist"]);
    assert_eq!(attribute(change, "prev_dhash"), hash);
    assert_eq!(attribute(child(change, &["item"]), "action"), "unblock");
    simulator.assert_clean();
}

#[tokio::test]
async fn the_blocked_neither_type_nor_call() {
    let simulator = simulator().await;
    let (mut alice, _desk, mut bob) = two_desks(&simulator).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    simulator
        .phone(ALICE)
        .block(BOB, true)
        .await
        .expect("both exist");
    let (alice_pn, _) = user(&alice);
    let typing = |to: &Jid| {
        node("chatstate")
            .attr("to", to.clone())
            .children([node("composing").build()])
            .build()
    };
    bob.send(typing(&alice_pn)).await;
    let offer = node("offer")
        .attr("call-id", "C1")
        .attr("call-creator", bob.pn())
        .build();
    let call = node("call")
        .attr("id", "K1")
        .attr("to", alice_pn.clone())
        .children([offer])
        .build();
    bob.send(call).await;
    let ack = bob.next("ack").await;
    assert_eq!(attribute(&ack, "error"), "", "he does not learn of it");
    carol.send(typing(&alice_pn)).await;
    let first = alice
        .connection
        .wait(|stanza| matches!(stanza.tag.as_ref(), "chatstate" | "call"))
        .await;
    assert!(attribute(&first, "from").starts_with(CAROL));
    simulator.assert_clean();
}

#[tokio::test]
async fn privacy_and_timers_are_told_to_the_other_companions() {
    let simulator = simulator().await;
    let (mut alice, mut desk, _bob) = two_desks(&simulator).await;
    let category = node("category")
        .attr("name", "last")
        .attr("value", "contacts")
        .build();
    set(
        &mut alice,
        "privacy",
        node("privacy").children([category]).build(),
    )
    .await;
    let note = told(&mut desk, "account_sync").await;
    let category = child(&note, &["privacy", "category"]);
    assert_eq!(attribute(category, "value"), "contacts");
    let mode = node("disappearing_mode").attr("duration", 604_800).build();
    set(&mut alice, "disappearing_mode", mode).await;
    let note = told(&mut desk, "account_sync").await;
    let mode = child(&note, &["disappearing_mode"]);
    assert_eq!(attribute(mode, "duration"), "604800");
    assert!(!attribute(mode, "t").is_empty());
    simulator.assert_clean();
}

#[tokio::test]
async fn a_token_reaches_companions_that_were_away() {
    let simulator = simulator().await;
    let (mut alice, _desk, mut bob) = two_desks(&simulator).await;
    let (_, bob_lid) = user(&bob);
    // The connection goes; what comes meanwhile waits.
    bob.reconnect(&simulator).await;
    let token = node("token")
        .attr("jid", bob_lid)
        .attr("t", 1_700_000_000u64)
        .attr("type", "trusted_contact")
        .build();
    let answer = set(
        &mut alice,
        "privacy",
        node("tokens").children([token]).build(),
    )
    .await;
    let given = child(&answer, &["tokens", "token"]);
    assert_eq!(attribute(given, "t"), "1700000000");
    let active = iq("set", "passive", service(), node("active").build());
    bob.send(active).await;
    let note = told(&mut bob, "privacy_token").await;
    assert_eq!(attribute(&note, "from"), user(&alice).0.to_string());
    assert_eq!(attribute(&note, "sender_lid"), user(&alice).1.to_string());
    let received = child(&note, &["tokens", "token"]);
    assert_eq!(attribute(received, "t"), "1700000000");
    assert_eq!(received.content, given.content);
    simulator.assert_clean();
}

/// A direct message to `to`, with a token if there is one.
fn message(id: &'static str, to: Jid, token: Option<Node>) -> Node {
    let enc = node("enc")
        .attr("v", "2")
        .attr("type", "msg")
        .bytes(b"secret".to_vec())
        .build();
    let participants = node("participants")
        .children([node("to").attr("jid", to.clone()).children([enc]).build()])
        .build();
    NodeBuilder::new("message")
        .attr("id", id)
        .attr("type", "text")
        .attr("to", to)
        .children([Some(participants), token].into_iter().flatten())
        .build()
}

#[tokio::test]
async fn a_token_of_ones_own_opens_the_door_of_strangers() {
    let simulator = simulator().await;
    let (mut alice, _desk, mut bob) = two_desks(&simulator).await;
    simulator.require_tokens(ALICE, true).expect("Alice exists");
    let (alice_pn, alice_lid) = user(&alice);
    let salt = [3; 32];
    simulator
        .phone(BOB)
        .set_nct_salt(&salt)
        .await
        .expect("Bob exists");
    bob.send(message("M1", alice_pn.clone(), None)).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "463");
    let wrong = node("cstoken").bytes(vec![0; 32]).build();
    bob.send(message("M2", alice_pn.clone(), Some(wrong))).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "463");
    let token = wacore::iq::tctoken::compute_cs_token(&salt, &alice_lid.to_string());
    let token = node("cstoken").bytes(token).build();
    let alice_device = alice.pn();
    bob.send(message("M3", alice_device, Some(token))).await;
    assert_eq!(attribute(&bob.next("ack").await, "error"), "");
    let received = alice.next("message").await;
    assert_eq!(attribute(&received, "id"), "M3");
    // Presence is for those with a token, too: what comes first is of the second subscription.
    simulator.phone(ALICE).available().await.expect("online");
    let subscribe = |to: Jid| {
        node("presence")
            .attr("type", "subscribe")
            .attr("to", to)
            .build()
    };
    bob.send(subscribe(alice_pn)).await;
    bob.send(subscribe(Jid::pn(CAROL))).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    bob.send(subscribe(user(&carol).0)).await;
    let first = bob.next("presence").await;
    assert!(attribute(&first, "from").starts_with(CAROL));
    carol
        .send(node("presence").attr("name", "Carol").build())
        .await;
    simulator.assert_clean();
}

async fn create(client: &mut RawCompanion, subject: &'static str, people: &[Jid]) -> (Jid, Node) {
    let people = people
        .iter()
        .map(|jid| node("participant").attr("jid", jid.clone()).build());
    let create = node("create")
        .attr("subject", subject)
        .attr("key", "K")
        .children(people)
        .build();
    let answer = ask(client, iq("set", "w:g2", Jid::group(""), create)).await;
    let group = child(&answer, &["group"]).clone();
    (Jid::group(attribute(&group, "id").as_str()), group)
}

async fn change(client: &mut RawCompanion, group: &Jid, change: Node) -> Node {
    ask(client, iq("set", "w:g2", group.clone(), change)).await
}

/// The next thing that happened in a group.
async fn happened(client: &mut RawCompanion, tag: &str) -> Node {
    let note = client
        .connection
        .wait(|stanza| {
            stanza.tag == "notification"
                && attribute(stanza, "type") == "w:gp2"
                && stanza.get_optional_child(tag).is_some()
        })
        .await;
    child(&note, &[tag]).clone()
}

#[tokio::test]
async fn all_devices_of_a_member_are_told_with_names_and_both_addresses() {
    let simulator = simulator().await;
    let (mut alice, mut desk, mut bob) = two_desks(&simulator).await;
    let (bob_pn, bob_lid) = user(&bob);
    let (group, _) = create(&mut alice, "Choir", std::slice::from_ref(&bob_pn)).await;
    for device in [&mut desk, &mut bob] {
        let note = told(device, "w:gp2").await;
        assert_eq!(attribute(&note, "from"), group.to_string());
        assert_eq!(attribute(&note, "addressing_mode"), "lid");
        assert_eq!(attribute(&note, "notify"), "Test");
        let (alice_pn, alice_lid) = user(&alice);
        assert_eq!(attribute(&note, "participant"), alice_lid.to_string());
        assert_eq!(attribute(&note, "participant_pn"), alice_pn.to_string());
        let create = child(&note, &["create"]);
        assert_eq!(attribute(create, "type"), "new");
        assert_eq!(attribute(create, "key"), "K");
        let people: Vec<String> = child(create, &["group"])
            .get_children_by_tag("participant")
            .map(|one| attribute(one, "jid"))
            .collect();
        assert!(people.contains(&bob_lid.to_string()));
    }
    let answer = change(&mut alice, &group, text_node("subject", "")).await;
    assert_eq!(error(&answer), "406");
    let answer = change(&mut alice, &group, text_node("subject", &"x".repeat(101))).await;
    assert_eq!(error(&answer), "406");
    simulator.assert_clean();
}

#[tokio::test]
async fn whoever_is_private_is_not_put_into_a_new_group_either() {
    let simulator = simulator().await;
    let (mut alice, _desk, mut bob) = two_desks(&simulator).await;
    let (bob_pn, bob_lid) = user(&bob);
    let category = node("category")
        .attr("name", "groupadd")
        .attr("value", "contacts")
        .build();
    set(
        &mut bob,
        "privacy",
        node("privacy").children([category]).build(),
    )
    .await;
    let (group, tree) = create(&mut alice, "Choir", std::slice::from_ref(&bob_pn)).await;
    let refused = tree
        .get_children_by_tag("participant")
        .find(|one| attribute(one, "error") == "403")
        .expect("he was not added");
    assert_eq!(attribute(refused, "jid"), bob_lid.to_string());
    assert!(!attribute(child(refused, &["add_request"]), "code").is_empty());
    assert_eq!(attribute(&tree, "size"), "1");
    // A token of his opens the door.
    let token = node("token")
        .attr("jid", user(&alice).1)
        .attr("t", 1u64)
        .attr("type", "trusted_contact")
        .build();
    let given = set(
        &mut bob,
        "privacy",
        node("tokens").children([token]).build(),
    )
    .await;
    let Some(NodeContent::Bytes(bytes)) = &child(&given, &["tokens", "token"]).content else {
        panic!("no token");
    };
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let person = node("participant")
        .attr("jid", bob_pn)
        .children([text_node("privacy", &hexadecimal)])
        .build();
    let answer = change(&mut alice, &group, node("add").children([person]).build()).await;
    let result = child(&answer, &["add", "participant"]);
    assert_eq!(attribute(result, "type"), "200");
    let added = happened(&mut bob, "add").await;
    assert_eq!(
        attribute(child(&added, &["participant"]), "jid"),
        bob_lid.to_string()
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn what_a_member_may_not_decide_waits_for_an_admin() {
    let simulator = simulator().await;
    let (mut alice, _desk, mut bob) = two_desks(&simulator).await;
    let mut carol = RawCompanion::linked(&simulator, CAROL).await;
    let (bob_pn, _) = user(&bob);
    let (carol_pn, carol_lid) = user(&carol);
    let (group, _) = create(&mut alice, "Choir", std::slice::from_ref(&bob_pn)).await;
    let approval = node("membership_approval_mode")
        .children([node("group_join").attr("state", "on").build()])
        .build();
    change(&mut alice, &group, approval).await;
    let person = node("participant").attr("jid", carol_pn).build();
    let answer = change(&mut bob, &group, node("add").children([person]).build()).await;
    let result = child(&answer, &["add", "participant"]);
    assert!(
        !attribute(result, "error").is_empty(),
        "she is not in it yet"
    );
    let request = happened(&mut alice, "created_membership_requests").await;
    assert_eq!(attribute(&request, "request_method"), "non_admin_add");
    let list = node("membership_approval_requests").build();
    let answer = ask(&mut alice, iq("get", "w:g2", group.clone(), list)).await;
    let path = [
        "membership_approval_requests",
        "membership_approval_request",
    ];
    let waiting = child(&answer, &path);
    assert_eq!(attribute(waiting, "requestor"), user(&bob).1.to_string());
    let approve = node("membership_requests_action")
        .children([node("approve")
            .children([node("participant").attr("jid", carol_lid).build()])
            .build()])
        .build();
    change(&mut alice, &group, approve).await;
    happened(&mut carol, "add").await;
    simulator.assert_clean();
}

#[tokio::test]
async fn a_participant_hash_that_fits_saves_the_answer() {
    let simulator = simulator().await;
    let (mut alice, _desk, bob) = two_desks(&simulator).await;
    let (group, _) = create(&mut alice, "Choir", &[user(&bob).0]).await;
    let members = [user(&alice).1, user(&bob).1];
    let hash = wacore::messages::MessageUtils::participant_list_hash(&members).expect("a hash");
    let query = |hash: &str| {
        node("query")
            .attr("request", "interactive")
            .attr("phash", hash)
            .build()
    };
    let answer = ask(&mut alice, iq("get", "w:g2", group.clone(), query(&hash))).await;
    assert!(answer.get_optional_child("group").is_none());
    let answer = ask(&mut alice, iq("get", "w:g2", group, query("2:other"))).await;
    assert!(answer.get_optional_child("group").is_some());
    simulator.assert_clean();
}

/// Baileys lists the groups of a community by a request of its own, and makes links to calls.
#[tokio::test]
async fn what_only_foreign_clients_ask_is_answered() {
    let simulator = simulator().await;
    let (mut alice, _desk, _bob) = two_desks(&simulator).await;
    let create = node("create")
        .attr("subject", "Village")
        .children([
            node("description")
                .attr("id", "D1")
                .children([text_node("body", "All of us")])
                .build(),
            node("parent")
                .attr("default_membership_approval_mode", "request_required")
                .build(),
            node("allow_non_admin_sub_group_creation").build(),
            node("create_general_chat").build(),
        ])
        .build();
    let answer = ask(&mut alice, iq("set", "w:g2", Jid::group(""), create)).await;
    let village = Jid::group(attribute(child(&answer, &["group"]), "id").as_str());
    let list = node("sub_groups").build();
    let answer = ask(&mut alice, iq("get", "w:g2", village, list)).await;
    let groups = child(&answer, &["sub_groups"]);
    assert_eq!(groups.get_children_by_tag("group").count(), 2);
    assert!(
        groups
            .get_children_by_tag("group")
            .any(|group| group.get_optional_child("default_sub_group").is_some())
    );

    let link = node("link_create").attr("media", "video").build();
    let call = node("call")
        .attr("id", "L1")
        .attr("to", Jid::new("", Server::Call))
        .children([link])
        .build();
    alice.send(call).await;
    let ack = alice.next("ack").await;
    assert_eq!(attribute(&ack, "id"), "L1");
    assert_eq!(attribute(child(&ack, &["link_create"]), "token").len(), 22);
    simulator.assert_clean();
}
