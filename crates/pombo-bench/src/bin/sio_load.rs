//! Many Socket.IO clients in one namespace. One JSON object on standard output.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

use std::process::ExitCode;
use std::time::Duration;

use pombo_bench::arguments::Arguments;
use pombo_bench::socketio::{Load, Mode, run};
use pombo_bench::template::Template;

const HELP: &str = "\
sio-load [options]
  --address 127.0.0.1:8080   server
  --namespace /acme          Socket.IO namespace
  --key KEY                  API key or token
  --clients 100              how many clients
  --ramp 200                 how many may be connecting at once
  --event NAME               count only frames that hold this text
  --post PATH                what the server gets to make it emit one event; none: only listen
  --body TEXT                body template: {{ts}} {{seq}} {{pad}}; with @t={{ts}}@ in it the delivery time is measured
  --pad 700                  length of {{pad}}
  --window 8                 so many events at most are not yet delivered to everybody
  --rate R                   instead: so many events in a second
  --posters 1                posts that may be under way at once
  --seconds 10               how long
  --pid PID                  read CPU and memory of this process
A throughput counts when `missing` is 0. `server_cpu_us_per_delivery` is the figure to compare on a shared machine.
Exit status 1: not every client joined.
";

fn main() -> ExitCode {
    let load = match read() {
        Ok(load) => load,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let clients = load.clients;
    let report = runtime.block_on(run(load));
    println!("{}", report.json());
    if report.joined == clients {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read() -> Result<Load, String> {
    let given = Arguments::read(HELP)?;
    let post = given.text("post", "");
    let mode = match given.all("rate") {
        _ if post.is_empty() => Mode::Idle,
        [] => Mode::Window(given.number("window", 8)?),
        _ => Mode::Rate(given.number("rate", 100.0)?),
    };
    Ok(Load {
        address: given.text("address", "127.0.0.1:8080"),
        namespace: given.text("namespace", "/acme"),
        key: given.text("key", ""),
        clients: given.number("clients", 100)?,
        ramp: given.number("ramp", 200)?,
        event: given.text("event", ""),
        post,
        body: Template::new(&given.text("body", "{}"), given.number("pad", 700)?),
        mode,
        posters: given.number("posters", 1)?,
        time: Duration::from_secs_f64(given.number("seconds", 10.0)?),
        settle: Duration::from_secs(1),
        grace: Duration::from_secs(3),
        pid: given.number("pid", 0)?,
        first: 0,
    })
}
