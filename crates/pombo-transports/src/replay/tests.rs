use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use pombo_domain::clock::Timestamp;
use pombo_domain::event::envelope::EnvelopeStyle;
use pombo_domain::event::{Event, EventKind, NewEvent, Seq};
use pombo_domain::id::{EventId, InstanceId};
use pombo_domain::instance::{InstanceName, InstanceRef};
use pombo_domain::port::{EventHistory, HistoryError, HistoryPage};
use serde_json::value::RawValue;

use super::progress::Switch;
use super::*;

#[test]
fn live_events_are_noted_while_replaying_and_shown_once_after() {
    let progress = Progress::replaying();
    assert_eq!(progress.offer(Some(5), || ()), None);
    assert_eq!(
        progress.offer(None, || ()),
        Some(()),
        "volatile events have no place"
    );
    assert_eq!(progress.switch(4, || Ok::<_, ()>(())), Switch::Behind);
    assert_eq!(progress.switch(5, || Err(())), Switch::Failed(()));
    assert_eq!(progress.switch(5, || Ok::<_, ()>(())), Switch::Live);
    assert_eq!(progress.offer(Some(5), || ()), None, "seen in the replay");
    assert_eq!(progress.offer(Some(7), || ()), Some(()));
    assert_eq!(progress.offer(Some(6), || ()), None, "never backwards");
}

/// Pages prepared by the test, whatever is asked.
struct Pages(Mutex<VecDeque<HistoryPage>>);

#[async_trait]
impl EventHistory for Pages {
    async fn after(
        &self,
        _: Option<&InstanceId>,
        after: Seq,
        _: usize,
    ) -> Result<HistoryPage, HistoryError> {
        let mut pages = self.0.lock().map_err(|_| HistoryError)?;
        Ok(pages.pop_front().unwrap_or(HistoryPage {
            events: Vec::new(),
            through: after,
            head: after,
            complete: true,
        }))
    }

    fn head(&self) -> Seq {
        0
    }
}

struct Client {
    progress: Progress,
    sent: Mutex<Vec<Seq>>,
    /// Live events that pass by whenever something is sent.
    passing: Mutex<VecDeque<Seq>>,
}

impl Receiver for Client {
    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn turn(&self) -> usize {
        2
    }

    async fn room(&self) -> Result<(), SendError> {
        Ok(())
    }

    fn send(&self, event: &Event, placed: &Bytes) -> Result<(), SendError> {
        let seq = event.seq.unwrap();
        assert!(placed.ends_with(format!("\"seq\":{seq}}}").as_bytes()));
        self.sent.lock().unwrap().push(seq);
        if let Some(passing) = self.passing.lock().unwrap().pop_front() {
            assert_eq!(self.progress.offer(Some(passing), || ()), None);
        }
        Ok(())
    }

    fn send_end(&self, _: End) -> Result<(), SendError> {
        Ok(())
    }
}

fn client(passing: &[Seq]) -> Client {
    Client {
        progress: Progress::replaying(),
        sent: Mutex::default(),
        passing: Mutex::new(passing.iter().copied().collect()),
    }
}

fn page(seqs: &[Seq], through: Seq, head: Seq) -> HistoryPage {
    let instance = InstanceRef {
        id: InstanceId::random(),
        name: InstanceName::new("acme").unwrap(),
    };
    let events = seqs
        .iter()
        .map(|seq| {
            let event = NewEvent {
                id: EventId::new(Timestamp::default()),
                instance: instance.clone(),
                kind: EventKind::Call,
                at: Timestamp::default(),
                sender: None,
                data: RawValue::NULL.to_owned(),
            };
            let envelope = EnvelopeStyle::default().encode(&event, None);
            (Event::logged(*seq, event), envelope)
        })
        .collect();
    HistoryPage {
        events,
        through,
        head,
        complete: true,
    }
}

async fn run(pages: Vec<HistoryPage>, client: &Client, start: Start) -> Result<End, Interrupted> {
    let history: Arc<dyn EventHistory> = Arc::new(Pages(Mutex::new(pages.into())));
    catch_up(&*history, None, |_| true, start, client).await
}

#[tokio::test]
async fn reads_on_until_the_head() {
    let client = client(&[]);
    let pages = vec![page(&[1, 2], 2, 5), page(&[], 4, 5), page(&[5], 5, 5)];
    let end = run(pages, &client, Start::After(0)).await;
    assert_eq!(
        end,
        Ok(End {
            from: 0,
            to: 5,
            complete: true
        })
    );
    assert_eq!(*client.sent.lock().unwrap(), [1, 2, 5]);
}

#[tokio::test]
async fn reads_on_when_something_newer_passed_by() {
    let client = client(&[3]);
    let pages = vec![page(&[1, 2], 2, 2), page(&[3], 3, 3)];
    assert_eq!(
        run(pages, &client, Start::After(0)).await,
        Ok(End {
            from: 0,
            to: 3,
            complete: true
        })
    );
    assert_eq!(*client.sent.lock().unwrap(), [1, 2, 3]);
}

#[tokio::test]
async fn waits_for_a_log_that_lags_behind() {
    let client = client(&[2]);
    let pages = vec![
        page(&[1], 1, 1),
        page(&[], 1, 1),
        page(&[], 1, 1),
        page(&[2], 2, 2),
    ];
    assert_eq!(
        run(pages, &client, Start::After(0)).await,
        Ok(End {
            from: 0,
            to: 2,
            complete: true
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_never_shows_an_event_is_an_error() {
    let client = client(&[9]);
    assert_eq!(
        run(vec![page(&[1], 1, 1)], &client, Start::After(0)).await,
        Err(Interrupted::History)
    );
}

#[tokio::test]
async fn a_quiet_instance_in_a_busy_log_is_up_to_date() {
    // The log has moved on, with events of others: nothing newer for this reader.
    let end = run(vec![page(&[], 3, 50)], &client(&[]), Start::After(3)).await;
    assert_eq!(
        end,
        Ok(End {
            from: 3,
            to: 3,
            complete: true
        })
    );
}
