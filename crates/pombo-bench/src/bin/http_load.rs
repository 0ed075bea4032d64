//! HTTP requests over connections that stay open. One JSON object on standard output.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the command line"
)]

use std::process::ExitCode;
use std::time::Duration;

use pombo_bench::arguments::Arguments;
use pombo_bench::http::{Load, run};
use pombo_bench::template::Template;

const HELP: &str = "\
http-load [options]
  --address 127.0.0.1:8080   server
  --method GET
  --path /                   may hold {{seq}}
  --header 'name: value'     repeatable
  --body TEXT                body template: {{ts}} {{seq}} {{pad}}
  --pad 700                  length of {{pad}}
  --connections 32           one request in flight on each
  --seconds 10               how long
  --first 0                  the first {{seq}}
Exit status 1: not every answer was 2xx.
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
    let report = runtime.block_on(run(&load));
    println!("{}", report.json());
    if report.bad == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read() -> Result<Load, String> {
    let given = Arguments::read(HELP)?;
    Ok(Load {
        address: given.text("address", "127.0.0.1:8080"),
        method: given.text("method", "GET"),
        path: Template::new(&given.text("path", "/"), 0),
        headers: given.all("header").to_vec(),
        body: Template::new(&given.text("body", ""), given.number("pad", 700)?),
        connections: given.number("connections", 32)?,
        time: Duration::from_secs_f64(given.number("seconds", 10.0)?),
        first: given.number("first", 0)?,
    })
}
