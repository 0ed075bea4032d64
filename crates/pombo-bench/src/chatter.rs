//! People who write to accounts, and how their messages arrive at Socket.IO clients.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use crate::accounts::{PATIENCE, World, listen, name, say};
use crate::histogram::Histogram;
use crate::template::{Template, age};
use crate::usage::Usage;

/// Messages from phones.
#[derive(Debug)]
pub struct Load {
    /// How many accounts get them.
    pub accounts: usize,
    /// How many people write.
    pub people: usize,
    /// Messages that may be under way to the network at once.
    pub posters: usize,
    /// Messages in a second; `None`: as many as possible.
    pub rate: Option<f64>,
    /// How long.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Seen {
    sent: u64,
    arrived: u64,
    /// Messages in the server's database, greetings aside; counted only when some did not arrive.
    stored: Option<u64>,
    seconds: f64,
    cpu_seconds: f64,
    /// From the phone to the client.
    pub took: Arc<Histogram>,
}

impl Seen {
    /// Whether everything arrived.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.sent == self.arrived
    }

    /// Messages in a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.arrived as f64 / self.seconds
    }

    /// The server's processor time for one, in milliseconds.
    #[must_use]
    pub fn cpu_per_message(&self) -> f64 {
        self.cpu_seconds * 1e3 / self.arrived.max(1) as f64
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let stored = self
            .stored
            .map(|stored| format!(" ({stored} are stored)"))
            .unwrap_or_default();
        format!(
            "{} sent, {} arrived{stored} in {:.1} s; p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms; {:.2} ms of the server's CPU for one",
            self.sent,
            self.arrived,
            self.seconds,
            self.took.milliseconds(0.5),
            self.took.milliseconds(0.99),
            self.took.longest(),
            self.cpu_per_message()
        )
    }
}

impl Load {
    /// Lets the people write.
    ///
    /// # Errors
    /// What the server or the network says.
    pub async fn run(&self, world: &World) -> io::Result<Seen> {
        let (address, network) = (world.server.address.clone(), &world.network);
        let arrived = Arc::new(AtomicU64::new(0));
        let took = Arc::new(Histogram::default());
        let mut listening = JoinSet::new();
        for index in 0..self.accounts {
            let (heard, mut events) = mpsc::channel::<(Instant, Vec<u8>)>(4096);
            let task = listen(&address, &name(index), "\"messages.upsert\"", heard).await?;
            let (arrived, took) = (Arc::clone(&arrived), Arc::clone(&took));
            listening.spawn(async move {
                let _task = task;
                while let Some((_, text)) = events.recv().await {
                    if let Some(age) = age(&text) {
                        took.add(age);
                        arrived.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        // Everybody has a session with everybody before it is measured.
        let before = stored(world, self.accounts).await?;
        let mut greetings = 0;
        for from in 0..self.people {
            for to in (0..self.accounts).filter(|to| self.accounts == 1 || to % self.people == from)
            {
                say(network, from, to, "hello").await?;
                greetings += 1;
            }
        }
        sleep(Duration::from_secs(2)).await;
        let usage = Usage::of(world.server.pid());
        let start = Instant::now();
        let next = Arc::new(AtomicU64::new(0));
        let sent = Arc::new(AtomicU64::new(0));
        let body = Template::new("@t={{ts}}@ {{seq}} a text as people send it", 0);
        let mut posting = JoinSet::new();
        for poster in 0..self.posters {
            let (network, body, next, sent) = (
                Arc::clone(network),
                body.clone(),
                Arc::clone(&next),
                Arc::clone(&sent),
            );
            let (accounts, people, rate, time) = (self.accounts, self.people, self.rate, self.time);
            posting.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if let Some(rate) = rate {
                        let due = start + Duration::from_secs_f64(number as f64 / rate);
                        sleep_until(due.into()).await;
                    }
                    if start.elapsed() >= time {
                        return io::Result::Ok(());
                    }
                    // Each poster has a phone of its own, which keeps to one account.
                    let from = poster % people;
                    say(&network, from, from % accounts, &body.fill(number)).await?;
                    sent.fetch_add(1, Relaxed);
                }
            });
        }
        while let Some(done) = posting.join_next().await {
            done.map_err(io::Error::other)??;
        }
        let sent = sent.load(Relaxed);
        let deadline = Instant::now() + PATIENCE;
        while arrived.load(Relaxed) < sent && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        let seconds = start.elapsed().as_secs_f64();
        let cpu_seconds = cpu_between(usage, Usage::of(world.server.pid()));
        listening.shutdown().await;
        let arrived = arrived.load(Relaxed);
        let stored = if arrived < sent {
            Some(
                stored(world, self.accounts)
                    .await?
                    .saturating_sub(before + greetings),
            )
        } else {
            None
        };
        Ok(Seen {
            sent,
            arrived,
            stored,
            seconds,
            cpu_seconds,
            took,
        })
    }
}

/// How many messages the accounts have in the database.
async fn stored(world: &World, accounts: usize) -> io::Result<u64> {
    let mut count = 0;
    for index in 0..accounts {
        let path = format!("/chat/findMessages/{}", name(index));
        let found = world.server.ask("POST", &path, &json!({})).await?;
        count += found["messages"]["total"].as_u64().unwrap_or_default();
    }
    Ok(count)
}

/// Seconds of the processor between the two.
#[must_use]
pub fn cpu_between(before: Option<Usage>, after: Option<Usage>) -> f64 {
    before.zip(after).map_or(0.0, |(before, after)| {
        after.cpu_seconds - before.cpu_seconds
    })
}
