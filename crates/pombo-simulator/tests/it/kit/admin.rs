//! Remote control, as a test in any language would use it.

use pombo_simulator::Simulator;
use serde_json::Value;

use super::http::install_provider;

/// The routes under `/admin/` of one simulator.
pub(crate) struct Admin {
    client: reqwest::Client,
    base: String,
}

impl Admin {
    pub(crate) fn of(simulator: &Simulator) -> Self {
        install_provider();
        Self {
            client: reqwest::Client::new(),
            base: format!("http://{}/admin", simulator.addr()),
        }
    }

    /// Asks, and expects to be answered.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: Value) -> impl Future<Output = Value> {
        let asking = self.try_ask(method, path, body);
        let what = format!("{method} {path}");
        async move {
            let (status, answer) = asking.await;
            assert!((200..300).contains(&status), "{what}: {status} {answer}");
            answer
        }
    }

    pub(crate) fn get(&self, path: &str) -> impl Future<Output = Value> {
        self.ask("GET", path, Value::Null)
    }

    /// Asks: the status, and what was answered.
    pub(crate) fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Value,
    ) -> impl Future<Output = (u16, Value)> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let text = match body {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let call = self
            .client
            .request(method, format!("{}{path}", self.base))
            .body(text);
        async move {
            let answer = call.send().await.expect("the simulator answers");
            let status = answer.status().as_u16();
            let bytes = answer.bytes().await.expect("the simulator answers");
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        }
    }

    /// The bytes of an answer.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await;
        let answer = answer.expect("the simulator answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
            .bytes()
            .await
            .expect("the simulator answers")
            .to_vec()
    }
}
