//! What outsiders can send, thrown at the parser that gets it. A target passes when nothing panics and every answer has the
//! promised form. Each module is one target: `run` takes any bytes.
#![forbid(unsafe_code)]

pub mod config;
pub mod inbound;
pub mod rest;
pub mod simulator;
pub mod socketio;

/// A target: its name, which is also the name of its seeds' folder, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 5] = [
    ("rest", rest::run),
    ("inbound", inbound::run),
    ("socketio", socketio::run),
    ("config", config::run),
    ("simulator", simulator::run),
];

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}
