//! How many clients and messages the simulator carries: `simulator-load [CLIENTS] [RATE] [SECONDS]`, by default 1000, 2000 and 10.
//! The simulator runs in a process of its own (`simulator-load serve`), on two threads.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

use std::io;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pombo_bench::histogram::Histogram;
use pombo_bench::http::{Connection, head};
use pombo_bench::usage::Usage;
use pombo_bench::whatsapp::{Client, Sender, answer, message};
use pombo_simulator::Simulator;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;
use wacore_binary::Jid;

/// Clients that link themselves at the same time.
const AT_ONCE: usize = 32;
/// Bytes of ciphertext in a message: a short text.
const SIZE: usize = 180;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, default: usize| {
        arguments
            .get(index)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let done = if arguments.first().is_some_and(|first| first == "serve") {
        runtime.block_on(serve())
    } else {
        runtime.block_on(load(number(0, 1000), number(1, 2000), number(2, 10)))
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The simulator, until its input ends.
async fn serve() -> io::Result<()> {
    let simulator = Simulator::builder()
        .strict(false)
        .start()
        .await
        .map_err(io::Error::other)?;
    println!("{}", simulator.addr());
    tokio::task::spawn_blocking(|| io::read_to_string(io::stdin()))
        .await
        .map_err(io::Error::other)??;
    for violation in simulator.take_violations().iter().take(3) {
        eprintln!("{violation}");
    }
    Ok(())
}

/// The simulator in its own process.
struct Network {
    child: Child,
    address: String,
}

impl Network {
    async fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("no output"))?;
        let address = BufReader::new(output).lines().next_line().await?;
        Ok(Self {
            child,
            address: address.ok_or_else(|| io::Error::other("the simulator did not start"))?,
        })
    }

    fn usage(&self) -> Usage {
        self.child
            .id()
            .and_then(Usage::of)
            .expect("the simulator runs")
    }

    async fn link(&self, count: usize) -> io::Result<Vec<Client>> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut linking = JoinSet::new();
        for _ in 0..count {
            let (places, address) = (Arc::clone(&places), self.address.clone());
            linking.spawn(async move {
                let _place = places.acquire().await.map_err(io::Error::other)?;
                Client::link(&format!("ws://{address}/ws/chat"), |qr| {
                    scan(address.clone(), qr)
                })
                .await
            });
        }
        let mut clients = Vec::with_capacity(count);
        while let Some(client) = linking.join_next().await {
            clients.push(client.map_err(io::Error::other)??);
        }
        Ok(clients)
    }
}

async fn scan(address: String, qr: String) -> io::Result<()> {
    let mut connection = Connection::to(&address);
    let head = head("POST", "/admin/mock-phone/scan-qr", &address, &[]);
    let (status, body) = connection.ask(&head, &qr).await?;
    if status == 200 {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "scanning: {status} {}",
            String::from_utf8_lossy(&body)
        )))
    }
}

/// What one run has seen.
#[derive(Default)]
struct Seen {
    sent: AtomicU64,
    arrived: AtomicU64,
    receipts: AtomicU64,
}

type Outlet = Arc<Mutex<Sender>>;

async fn load(count: usize, rate: usize, seconds: usize) -> io::Result<()> {
    let network = Network::start().await?;
    // What a first client brings with it is not counted to the others.
    let mut clients = network.link(8).await?;
    let before = network.usage().resident_kib;
    let started = Instant::now();
    clients.extend(network.link(count.saturating_sub(8)).await?);
    let linked = started.elapsed();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = network.usage().resident_kib.saturating_sub(before) as f64 / (count - 8) as f64;
    println!(
        "{count} clients linked and online in {:.1} s; {idle:.0} KiB of the simulator's memory for each while idle",
        linked.as_secs_f64()
    );

    let seen = Arc::new(Seen::default());
    let times = Arc::new(Histogram::default());
    let start = Instant::now();
    let mut reading = JoinSet::new();
    let mut outlets: Vec<(Outlet, Jid)> = Vec::new();
    for client in clients {
        let outlet = Arc::new(Mutex::new(client.sender));
        outlets.push((Arc::clone(&outlet), client.jid));
        let (seen, times, mut receiver) = (Arc::clone(&seen), Arc::clone(&times), client.receiver);
        reading.spawn(async move {
            while let Ok(stanza) = receiver.next().await {
                match stanza.tag() {
                    "message" => {
                        seen.arrived.fetch_add(1, Ordering::Relaxed);
                        let id = stanza.get_attr("id").map(|id| id.as_str().into_owned());
                        let sent = id.and_then(|id| id.rsplit('-').next()?.parse::<u64>().ok());
                        if let Some(sent) = sent {
                            let now =
                                u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
                            let took = Duration::from_micros(now.saturating_sub(sent));
                            times.add(took);
                        }
                    }
                    "receipt" => {
                        seen.receipts.fetch_add(1, Ordering::Relaxed);
                    }
                    _ => {}
                }
                if let Some(answer) = answer(&stanza)
                    && outlet.lock().await.send(&answer).await.is_err()
                {
                    return;
                }
            }
        });
    }
    let cpu = network.usage().cpu_seconds;
    let began = Instant::now();
    let outlets = Arc::new(outlets);
    let total = rate * seconds;
    // Sixteen senders share the rate; each walks through its part of the clients.
    let mut sending = JoinSet::new();
    for part in 0..16_usize {
        let (outlets, seen) = (Arc::clone(&outlets), Arc::clone(&seen));
        sending.spawn(async move {
            for number in (part..total).step_by(16) {
                let due = Duration::from_secs_f64(number as f64 / rate as f64);
                tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
                let (from, _) = &outlets[number % outlets.len()];
                let (_, to) = &outlets[(number * 7 + 1) % outlets.len()];
                let id = format!("{number}-{}", start.elapsed().as_micros());
                from.lock().await.send(&message(to, &id, SIZE)).await?;
                seen.sent.fetch_add(1, Ordering::Relaxed);
            }
            io::Result::Ok(())
        });
    }
    while let Some(done) = sending.join_next().await {
        done.map_err(io::Error::other)??;
    }
    let sending_took = began.elapsed();
    let deadline = Instant::now() + Duration::from_secs(20);
    let complete = |seen: &Seen| {
        let sent = seen.sent.load(Ordering::Relaxed);
        seen.arrived.load(Ordering::Relaxed) >= sent
            && seen.receipts.load(Ordering::Relaxed) >= sent
    };
    while !complete(&seen) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let took = began.elapsed();
    let cpu = network.usage().cpu_seconds - cpu;
    let sent = seen.sent.load(Ordering::Relaxed);
    println!(
        "{sent} messages of {SIZE} bytes in {:.1} s ({:.0}/s), each with acknowledgement and receipt: {} arrived, {} receipts came \
         back, all after {:.1} s; p50 {:.2} ms, p99 {:.2} ms; {:.0} µs of the simulator's CPU for one",
        sending_took.as_secs_f64(),
        sent as f64 / sending_took.as_secs_f64(),
        seen.arrived.load(Ordering::Relaxed),
        seen.receipts.load(Ordering::Relaxed),
        took.as_secs_f64(),
        times.milliseconds(0.5),
        times.milliseconds(0.99),
        cpu * 1e6 / sent as f64,
    );
    if complete(&seen) {
        Ok(())
    } else {
        Err(io::Error::other("not everything arrived"))
    }
}
