use std::time::Duration;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeContent};

use super::*;
use crate::connection::Peer;

fn message(id: &str) -> Node {
    NodeBuilder::new("message")
        .attr("id", id)
        .attr("type", "text")
        .children([NodeBuilder::new("enc").bytes(vec![1, 2, 3, 4]).build()])
        .build()
}

fn device(account: &str, device: u16) -> Peer {
    Peer {
        phone_number: account.to_owned(),
        device,
    }
}

fn to_client(plan: &FaultPlan, peer: Peer, node: &Node) -> Verdict {
    plan.judge(FaultPoint::ToClient, &peer, Some(node))
}

fn half_of_messages(seed: u64) -> FaultPlan {
    let plan = FaultPlan::new(seed);
    plan.add(
        FaultRule::new(FaultPoint::ToClient, Fault::Drop)
            .stanza(StanzaFilter::tag("message"))
            .probability(0.5),
    )
    .unwrap();
    plan
}

fn dropped(plan: &FaultPlan, account: &str, count: usize) -> Vec<bool> {
    (0..count)
        .map(|number| {
            to_client(plan, device(account, 1), &message(&number.to_string())).copies == 0
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_faults_whatever_others_do() {
    let alone = dropped(&half_of_messages(7), "5511900000001", 200);

    let plan = half_of_messages(7);
    let mut beside = Vec::new();
    for chunk in 0..20 {
        dropped(&plan, "5511900000002", chunk);
        beside.extend(dropped(&plan, "5511900000001", 10));
    }

    assert_eq!(alone, beside);
    let count = alone.iter().filter(|dropped| **dropped).count();
    assert!((60..140).contains(&count), "{count} of 200 with a half");
    assert_ne!(alone, dropped(&half_of_messages(8), "5511900000001", 200));
}

#[test]
fn a_rule_strikes_whom_it_names_after_what_it_skips_and_no_more_than_it_may() {
    let plan = FaultPlan::new(1);
    let rule = FaultRule::new(FaultPoint::ToClient, Fault::Drop)
        .account("5511900000001")
        .device(2)
        .stanza(StanzaFilter {
            kind: Some("text".into()),
            child: Some("enc".into()),
            ..StanzaFilter::tag("message")
        })
        .skip(1)
        .times(2);
    plan.add(rule).unwrap();
    let copies =
        |account, number, node: &Node| to_client(&plan, device(account, number), node).copies;

    assert_eq!(copies("5511900000002", 2, &message("other account")), 1);
    assert_eq!(copies("5511900000001", 1, &message("other device")), 1);
    let receipt = NodeBuilder::new("receipt").attr("type", "text").build();
    assert_eq!(copies("5511900000001", 2, &receipt), 1);
    assert_eq!(copies("5511900000001", 2, &message("skipped")), 1);
    assert_eq!(copies("5511900000001", 2, &message("one")), 0);
    assert_eq!(copies("5511900000001", 2, &message("two")), 0);
    assert_eq!(copies("5511900000001", 2, &message("three")), 1);

    let strikes = plan.strikes();
    let what: Vec<&str> = strikes.iter().map(|strike| strike.what.as_str()).collect();
    assert_eq!(what, ["message one", "message two"]);
    assert_eq!((strikes[1].number, strikes[1].count), (2, 2));
    assert_eq!(plan.rules()[0].2, 2);
}

#[test]
fn a_lane_drops_doubles_delays_and_damages() {
    let plan = FaultPlan::new(1);
    plan.add(FaultRule::new(
        FaultPoint::ToClient,
        Fault::Delay {
            ms: 30,
            jitter_ms: 0,
        },
    ))
    .unwrap();
    plan.add(FaultRule::new(
        FaultPoint::ToClient,
        Fault::Duplicate { copies: 1 },
    ))
    .unwrap();
    plan.add(FaultRule::new(
        FaultPoint::ToClient,
        Fault::DamageCiphertext,
    ))
    .unwrap();
    plan.add(FaultRule::new(
        FaultPoint::ToClient,
        Fault::Slow {
            bytes_per_second: 10,
        },
    ))
    .unwrap();
    plan.add(FaultRule::new(
        FaultPoint::ToClient,
        Fault::Garbage { bytes: 5 },
    ))
    .unwrap();
    let node = message("1");
    let verdict = to_client(&plan, device("5511900000001", 1), &node);

    let emissions = Lane::default().pass(node.clone(), verdict);

    let [
        Emission::Wait(wait),
        Emission::Garbage(garbage),
        Emission::Stanza(first, speed),
        second,
    ] = emissions.as_slice()
    else {
        panic!("{emissions:?}");
    };
    assert_eq!(*wait, Duration::from_millis(30));
    assert_eq!(garbage.len(), 5);
    assert_eq!(*speed, Some(10));
    assert_eq!(*second, Emission::Stanza(first.clone(), Some(10)));
    let bytes = |node: &Node| match &node.get_optional_child("enc").unwrap().content {
        Some(NodeContent::Bytes(bytes)) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes(&node), [1, 2, 3, 4]);
    assert_eq!(bytes(first), [1, 2, 3, 5]);
}

#[test]
fn what_is_reordered_comes_behind_others_or_when_released() {
    let plan = FaultPlan::new(1);
    plan.add(FaultRule::new(FaultPoint::ToClient, Fault::Reorder { behind: 2 }).times(1))
        .unwrap();
    let mut lane = Lane::default();
    let mut ids = Vec::new();
    let mut note = |emissions: Vec<Emission>| {
        for emission in emissions {
            let Emission::Stanza(node, None) = emission else {
                panic!("{emission:?}");
            };
            ids.push(node.attrs.get("id").unwrap().as_str().into_owned());
        }
    };
    for id in ["1", "2", "3", "4"] {
        let node = message(id);
        let verdict = to_client(&plan, device("5511900000001", 1), &node);
        note(lane.pass(node, verdict));
    }
    assert!(!lane.holds());
    let held = Verdict {
        behind: 5,
        ..Verdict::default()
    };
    note(lane.pass(message("5"), held));
    assert!(lane.holds());
    note(lane.release());
    assert_eq!(ids, ["2", "3", "1", "4", "5"]);
}

#[test]
fn endings_come_instead_of_the_stanza() {
    let end = |at, fault| {
        let plan = FaultPlan::new(1);
        plan.add(FaultRule::new(at, fault)).unwrap();
        plan.judge(at, &device("5511900000001", 1), None)
            .ending
            .unwrap()
    };
    let stanza = |at, fault| match end(at, fault) {
        Ending::Stanza(node) => node,
        other => panic!("{other:?}"),
    };

    let error = stanza(
        FaultPoint::ToClient,
        Fault::StreamError {
            code: 503,
            conflict: None,
        },
    );
    assert_eq!(error.tag, "stream:error");
    assert_eq!(error.attrs.get("code").unwrap().as_str(), "503");
    assert!(error.get_optional_child("conflict").is_none());

    let replaced = stanza(
        FaultPoint::ToClient,
        Fault::StreamError {
            code: 440,
            conflict: None,
        },
    );
    assert!(replaced.attrs.get("code").is_none());
    let conflict = replaced.get_optional_child("conflict").unwrap();
    assert_eq!(conflict.attrs.get("type").unwrap().as_str(), "replaced");

    let ban = stanza(
        FaultPoint::Login,
        Fault::Failure {
            reason: 402,
            code: Some(101),
            expire: Some(3600),
        },
    );
    assert_eq!(ban.tag, "failure");
    assert_eq!(ban.attrs.get("reason").unwrap().as_str(), "402");
    assert_eq!(ban.attrs.get("expire").unwrap().as_str(), "3600");

    assert_eq!(
        end(FaultPoint::ToClient, Fault::CloseMidFrame),
        Ending::CloseMidFrame
    );
    let emissions = Lane::default().pass(
        message("1"),
        Verdict {
            ending: Some(Ending::CloseMidFrame),
            ..Verdict::default()
        },
    );
    assert_eq!(emissions, [Emission::HalfOf(message("1")), Emission::Close]);
}

#[test]
fn a_rule_that_could_never_work_is_refused() {
    let refused = |at, fault| {
        FaultPlan::new(1)
            .add(FaultRule::new(at, fault))
            .unwrap_err()
            .to_string()
    };
    let refuse = Fault::Refuse {
        code: 429,
        text: String::new(),
    };
    assert_eq!(
        refused(FaultPoint::ToClient, refuse),
        "`refuse` cannot happen at `toClient`"
    );
    assert_eq!(
        refused(FaultPoint::ToClient, Fault::Status { status: 503 }),
        "`status` cannot happen at `toClient`"
    );
    assert_eq!(
        refused(FaultPoint::Download, Fault::Drop),
        "`drop` cannot happen at `download`"
    );
    assert_eq!(
        refused(FaultPoint::ToClient, Fault::Duplicate { copies: 0 }),
        "`copies` is out of range"
    );
    let doubtful = FaultRule::new(FaultPoint::ToClient, Fault::Drop).probability(1.5);
    assert_eq!(
        FaultPlan::new(1).add(doubtful),
        Err(FaultRuleError::Probability)
    );
}

#[test]
fn rules_are_read_from_json() {
    let rule: FaultRule = serde_json::from_str(
        r#"{"at": "toClient", "stanza": {"tag": "message", "type": "text"}, "probability": 0.25,
            "fault": {"kind": "delay", "ms": 10, "jitterMs": 5}}"#,
    )
    .unwrap();
    assert_eq!(
        rule.fault,
        Fault::Delay {
            ms: 10,
            jitter_ms: 5
        }
    );
    assert_eq!(rule.stanza.kind.as_deref(), Some("text"));
    let unknown = serde_json::from_str::<FaultRule>(
        r#"{"at": "toClient", "fault": {"kind": "drop"}, "x": 1}"#,
    );
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("unknown field `x`")
    );
}
