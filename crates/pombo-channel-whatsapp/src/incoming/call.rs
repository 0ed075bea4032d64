//! Calls.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use pombo_domain::channel::{CallChange, CallNews, ChannelEvent};
use wacore::types::call::{CallAction, IncomingCall, MissedCall, MissedReason};
use wacore_binary::{Jid, OwnedNodeRef};

/// What kind of calls the newest ones are: only the first stanza of a call says it.
#[derive(Debug, Default)]
pub(crate) struct CallKinds(Mutex<VecDeque<Kind>>);

#[derive(Debug, Clone)]
struct Kind {
    id: String,
    video: Option<bool>,
    group: Option<bool>,
}

impl CallKinds {
    const CALLS: usize = 20;

    /// Remembers what is new, and adds what is known.
    pub(super) fn complete(&self, mut event: ChannelEvent) -> ChannelEvent {
        let ChannelEvent::Call(news) = &mut event else {
            return event;
        };
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if news.change == CallChange::Offer {
            if calls.len() == Self::CALLS {
                calls.pop_front();
            }
            calls.push_back(Kind {
                id: news.id.clone(),
                video: news.video,
                group: news.group,
            });
        } else if let Some(kind) = calls.iter().find(|kind| kind.id == news.id) {
            news.video = news.video.or(kind.video);
            news.group = news.group.or(kind.group);
        }
        event
    }
}

/// Whether a stanza is about a call: what others say about it, or the network's answer to what we said.
pub(crate) fn is_signalling(stanza: &OwnedNodeRef) -> bool {
    match stanza.tag() {
        "call" => true,
        "ack" => stanza
            .get_attr("class")
            .is_some_and(|class| class.as_str() == "call"),
        _ => false,
    }
}

/// A call that rings or changed. What two phones negotiate about sound and pictures is not told.
pub(super) fn incoming(event: &IncomingCall) -> Option<ChannelEvent> {
    let (change, video, group) = match &event.action {
        CallAction::Offer {
            is_video,
            group_jid,
            ..
        } => (
            CallChange::Offer,
            Some(*is_video),
            Some(group_jid.is_some()),
        ),
        CallAction::OfferNotice {
            is_video, is_group, ..
        } => (CallChange::Offer, Some(*is_video), Some(*is_group)),
        CallAction::PreAccept { .. } => (CallChange::Ringing, None, None),
        CallAction::Accept { .. } => (CallChange::Accept, None, None),
        CallAction::Reject { .. } => (CallChange::Reject, None, None),
        CallAction::Terminate { reason, .. } if reason.as_deref() == Some("timeout") => {
            (CallChange::Timeout, None, None)
        }
        CallAction::Terminate { .. } => (CallChange::Terminate, None, None),
        _ => return None,
    };
    let creator = event.action.call_creator().to_non_ad();
    let (chat, from_alt) = match &event.action {
        CallAction::Offer {
            group_jid,
            caller_pn,
            ..
        } => (group_jid.clone(), caller_pn.as_ref()),
        _ => (None, None),
    };
    let chat = chat.unwrap_or_else(|| event.from.to_non_ad());
    Some(ChannelEvent::Call(CallNews {
        chat: chat.to_string(),
        from_alt: from_alt
            .map(Jid::to_non_ad_string)
            .filter(|alt| *alt != creator.to_string()),
        from: creator.to_string(),
        id: event.action.call_id().to_owned(),
        timestamp: event.timestamp.timestamp(),
        offline: event.offline,
        change,
        video,
        group,
    }))
}

/// A call that came while nobody was there: it never rang here, so it is told as one that nobody took.
pub(super) fn missed(event: &MissedCall) -> Option<ChannelEvent> {
    let MissedReason::Offline = event.reason else {
        // The caller gave up: told already, by the stanza that said so.
        return None;
    };
    let from = event.from.to_non_ad_string();
    Some(ChannelEvent::Call(CallNews {
        chat: from.clone(),
        from,
        from_alt: None,
        id: event.call_id.clone(),
        timestamp: event.timestamp.timestamp(),
        offline: true,
        change: CallChange::Timeout,
        video: None,
        group: None,
    }))
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::wacore::chrono::DateTime;

    use super::super::key::tests::jid;
    use super::*;

    fn seen(action: CallAction) -> Option<CallNews> {
        let event = IncomingCall::builder()
            .from(jid("5511900000003@s.whatsapp.net"))
            .stanza_id("S".to_owned())
            .timestamp(DateTime::from_timestamp(1_795_398_236, 0).expect("a time"))
            .offline(false)
            .action(action)
            .build();
        match incoming(&event) {
            Some(ChannelEvent::Call(news)) => Some(news),
            _ => None,
        }
    }

    fn ended(reason: Option<&str>) -> CallAction {
        CallAction::Terminate {
            call_id: "CALL1".to_owned(),
            call_creator: jid("5511900000003:1@s.whatsapp.net"),
            reason: reason.map(str::to_owned),
            duration: None,
            audio_duration: None,
        }
    }

    #[test]
    fn an_offer_says_what_kind_of_call() {
        let news = seen(CallAction::OfferNotice {
            call_id: "CALL1".to_owned(),
            call_creator: jid("5511900000003:1@s.whatsapp.net"),
            is_video: true,
            is_group: false,
        })
        .expect("it is told");
        assert_eq!(news.change, CallChange::Offer);
        assert_eq!((news.video, news.group), (Some(true), Some(false)));
        assert_eq!(news.from, "5511900000003@s.whatsapp.net");
        assert_eq!(news.chat, news.from);
        assert_eq!(news.id, "CALL1");
        assert_eq!(news.timestamp, 1_795_398_236);
    }

    #[test]
    fn ends_have_reasons() {
        assert_eq!(
            seen(ended(Some("timeout"))).map(|news| news.change),
            Some(CallChange::Timeout)
        );
        let over = seen(ended(None)).expect("it is told");
        assert_eq!(over.change, CallChange::Terminate);
        assert_eq!((over.video, over.group), (None, None));
    }

    #[test]
    fn what_follows_an_offer_is_of_its_kind() {
        let calls = CallKinds::default();
        let told = |news| match calls.complete(ChannelEvent::Call(news)) {
            ChannelEvent::Call(news) => (news.video, news.group),
            _ => (None, None),
        };
        let over = seen(ended(Some("timeout"))).expect("it is told");
        assert_eq!(told(over.clone()), (None, None));
        let offer = CallNews {
            change: CallChange::Offer,
            video: Some(true),
            group: Some(false),
            ..over.clone()
        };
        told(offer);
        assert_eq!(told(over), (Some(true), Some(false)));
    }

    #[test]
    fn negotiations_are_not_told() {
        let action = CallAction::RelayLatency {
            call_id: "CALL1".to_owned(),
            call_creator: jid("5511900000003@s.whatsapp.net"),
        };
        assert!(seen(action).is_none());
    }
}
