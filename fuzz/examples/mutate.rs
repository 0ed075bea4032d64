//! The targets without libFuzzer: seeds, changed at random. Blind to what the program does with them, so it finds less, but
//! it runs wherever the program builds. `mutate SECONDS [TARGET]`
#![forbid(unsafe_code)]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use pombo_fuzz::{TARGETS, Target};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let only = arguments.next();
    let chosen = TARGETS
        .iter()
        .filter(|(name, _)| only.as_deref().is_none_or(|only| only == *name));
    let results: Vec<_> = chosen
        .map(|target| mutate(target, Duration::from_secs(seconds)))
        .collect();
    if results.is_empty() || results.contains(&false) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn mutate((name, run): &Target, time: Duration) -> bool {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name);
    let seeds: Vec<Vec<u8>> = std::fs::read_dir(folder)
        .expect("every target has seeds")
        .filter_map(|entry| std::fs::read(entry.ok()?.path()).ok())
        .collect();
    let (start, mut count) = (Instant::now(), 0u64);
    let mut inputs = seeds.clone();
    loop {
        let input = inputs.pop().unwrap_or_else(|| changed(&seeds));
        if std::panic::catch_unwind(AssertUnwindSafe(|| run(&input))).is_err() {
            println!(
                "{name}: FAILED after {count} inputs, with this one:\n{:?}",
                String::from_utf8_lossy(&input)
            );
            return false;
        }
        count += 1;
        if start.elapsed() > time && inputs.is_empty() {
            println!("{name}: {count} inputs");
            return true;
        }
    }
}

/// A seed with one to eight changes.
fn changed(seeds: &[Vec<u8>]) -> Vec<u8> {
    const PIECES: [&[u8]; 12] = [
        b"\"",
        b"{",
        b"[",
        b"}",
        b",",
        b"null",
        b"-1",
        b"99999999999999999999",
        b"\xff",
        b"\n",
        b"\\u0000",
        "\u{e9}".as_bytes(),
    ];
    let mut input = seeds[fastrand::usize(..seeds.len())].clone();
    for _ in 0..fastrand::usize(1..=8) {
        let at = fastrand::usize(..=input.len());
        let end = (at + fastrand::usize(..=8)).min(input.len());
        match fastrand::u8(..5) {
            0 => drop(input.drain(at..end)),
            1 => drop(input.splice(
                at..at,
                PIECES[fastrand::usize(..PIECES.len())].iter().copied(),
            )),
            2 => drop(
                input.splice(
                    at..end,
                    std::iter::repeat_with(|| fastrand::u8(..))
                        .take(end - at)
                        .collect::<Vec<_>>(),
                ),
            ),
            3 => {
                let other = &seeds[fastrand::usize(..seeds.len())];
                let from = fastrand::usize(..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let copy = input[at..end].to_vec();
                drop(input.splice(at..at, copy));
            }
        }
    }
    input
}
