//! A foreign client in a process of its own, from `conformance/`: a job goes in, JSON lines come out.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Notify;

use pombo_tests::{DEADLINE, parts};

use super::skip;

/// A running driver; it ends when this is dropped.
pub(crate) struct Driver {
    _child: Child,
    input: ChildStdin,
    shared: Arc<Shared>,
    seen: usize,
}

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<Value>>,
    more: Notify,
}

impl Driver {
    /// A driver that runs on Node; `None`, said loudly, when its packages are missing.
    pub(crate) fn node(script: &str, job: &Value) -> Option<Self> {
        if !parts::conformance()
            .join("node_modules/socket.io-client")
            .exists()
        {
            skip("conformance/node_modules (npm ci --prefix conformance)");
            return None;
        }
        Some(Self::spawn(PathBuf::from("node"), script, job))
    }

    /// A driver that runs on Python; `None`, said loudly, when its packages are missing.
    pub(crate) fn python(script: &str, job: &Value) -> Option<Self> {
        let python = parts::conformance().join(".venv/bin/python");
        if !python.exists() {
            skip("conformance/.venv (see conformance/README.md)");
            return None;
        }
        Some(Self::spawn(python, script, job))
    }

    /// `rust_socketio`; `None`, said loudly, when it was not built.
    pub(crate) fn rust_socketio(job: &Value) -> Option<Self> {
        let program = parts::conformance().join("rust-socketio/target/debug/rust-socketio-client");
        if !program.exists() {
            skip(
                "conformance/rust-socketio/target (cargo build --manifest-path conformance/rust-socketio/Cargo.toml)",
            );
            return None;
        }
        Some(Self::run(Command::new(program).arg(job.to_string())))
    }

    /// The official Socket.IO client with the key in the query, in one namespace.
    pub(crate) fn socketio(url: &str, namespace: &str, key: &str, options: Value) -> Option<Self> {
        let mut job =
            json!({"url": url, "namespaces": [namespace], "options": {"query": {"apikey": key}}});
        merge(&mut job, options);
        Self::node("socketio.mjs", &job)
    }

    fn spawn(program: PathBuf, script: &str, job: &Value) -> Self {
        let mut command = Command::new(program);
        // The browser's page and its certificate are ours.
        command
            .current_dir(parts::conformance())
            .arg(script)
            .arg(job.to_string());
        Self::run(&mut command)
    }

    fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the driver's runtime is installed");
        let shared = Arc::new(Shared::default());
        let input = child.stdin.take().expect("piped");
        let (output, errors) = (
            child.stdout.take().expect("piped"),
            child.stderr.take().expect("piped"),
        );
        let reports = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                reports.add(
                    serde_json::from_str(&line)
                        .unwrap_or_else(|_| json!({"type": "text", "text": line})),
                );
            }
            reports.add(json!({"type": "end"}));
        });
        let complaints = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut lines = BufReader::new(errors).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                complaints.add(json!({"type": "stderr", "text": line}));
            }
        });
        Self {
            _child: child,
            input,
            shared,
            seen: 0,
        }
    }

    /// Everything it has reported.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.shared.lines.lock().expect("not poisoned").clone()
    }

    /// Waits for the next report for which this is true; what came before it is passed over.
    pub(crate) async fn next(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let more = self.shared.more.notified();
            {
                let lines = self.shared.lines.lock().expect("not poisoned");
                if let Some(found) = lines.iter().skip(self.seen).position(&wanted) {
                    let place = self.seen + found;
                    let line = lines[place].clone();
                    drop(lines);
                    self.seen = place + 1;
                    return line;
                }
            }
            let left = DEADLINE.saturating_sub(started.elapsed());
            if tokio::time::timeout(left, more).await.is_err() {
                let all: Vec<String> = self.all().iter().map(ToString::to_string).collect();
                panic!(
                    "waited in vain for {what}; the client reported, from line {} on new:\n{}",
                    self.seen,
                    all.join("\n")
                );
            }
        }
    }

    /// Waits for a report for which this is true, wherever it stands among the others.
    pub(crate) async fn ever(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let place = std::mem::take(&mut self.seen);
        let found = self.next(what, wanted).await;
        self.seen = place;
        found
    }

    /// Waits for the next report of this type.
    pub(crate) async fn kind(&mut self, kind: &str) -> Value {
        self.next(kind, |line| line["type"] == kind).await
    }

    /// Waits for the next event of this name; its first argument.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        self.next(name, |line| line["type"] == "event" && line["name"] == name)
            .await["arguments"][0]
            .clone()
    }

    /// Waits for the message with this id.
    pub(crate) async fn message(&mut self, id: &str) -> Value {
        let wanted = |line: &Value| {
            line["name"] == "messages.upsert" && line["arguments"][0]["data"]["key"]["id"] == id
        };
        self.next(&format!("messages.upsert of {id}"), wanted).await["arguments"][0].clone()
    }

    /// Tells it to do something.
    pub(crate) async fn tell(&mut self, command: &Value) {
        self.input
            .write_all(format!("{command}\n").as_bytes())
            .await
            .expect("it runs");
        self.input.flush().await.expect("it runs");
    }
}

impl Shared {
    fn add(&self, line: Value) {
        self.lines.lock().expect("not poisoned").push(line);
        self.more.notify_waiters();
    }
}

/// Puts the members of one object into another, objects inside objects too.
pub(crate) fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}
