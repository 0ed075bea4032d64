use std::time::Duration;

use http::StatusCode;
use pombo_domain::port::DeliveryError;
use serde_json::json;

use super::transport::{Answer, judge};

fn refused(status: u16, kind: &str) -> DeliveryError {
    let body = json!({"__type": kind, "message": "text"}).to_string();
    let status = StatusCode::from_u16(status).unwrap();
    match judge("SendMessage", status, body.as_bytes(), None) {
        Answer::Refused(error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_queue_in_both_protocols() {
    for kind in [
        "com.amazonaws.sqs#QueueDoesNotExist",
        "com.amazonaws.sqs#AWS.SimpleQueueService.NonExistentQueue",
    ] {
        let body = json!({"__type": kind}).to_string();
        let answer = judge(
            "SendMessage",
            StatusCode::BAD_REQUEST,
            body.as_bytes(),
            None,
        );
        assert!(matches!(answer, Answer::NoSuchQueue), "{answer:?}");
    }
}

#[test]
fn a_bad_message_is_not_sent_again() {
    let error = refused(400, "com.amazonaws.sqs#InvalidMessageContents");
    assert!(matches!(
        error,
        DeliveryError::Permanent {
            status: Some(400),
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "SQS answered 400 Bad Request to SendMessage: InvalidMessageContents text"
    );
}

#[test]
fn what_may_pass_is_tried_again() {
    for (status, kind) in [
        (400, "com.amazonaws.sqs#RequestThrottled"),
        (403, "com.amazon.coral.service#AccessDeniedException"),
        (500, "InternalFailure"),
    ] {
        assert!(matches!(refused(status, kind), DeliveryError::Retry { .. }));
    }
    let away = refused(503, "ServiceUnavailable");
    assert!(matches!(away, DeliveryError::Unreachable { .. }));
    let deleted = refused(400, "com.amazonaws.sqs#QueueDeletedRecently");
    let DeliveryError::Retry { after, .. } = deleted else {
        panic!("{deleted:?}")
    };
    assert_eq!(after, Some(Duration::from_secs(60)));
}
