//! A client for the REST API, with one key.

use reqwest::Method;
use serde_json::{Value, json};

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text))
    }

    /// The header's text, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// This very answer, if it has that status; often that is all a test wants to know.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// A client with one key; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    key: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// A client for the server at `base`.
    ///
    /// # Panics
    /// When no client can be built.
    #[must_use]
    pub fn new(base: String, key: &str) -> Self {
        // A second call finds it installed, which is fine.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self {
            base,
            key: Some(key.to_owned()),
            http: http.expect("a client can be built"),
        }
    }

    /// The same client with another key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// The same client without a key.
    #[must_use]
    pub fn without_key(&self) -> Self {
        Self {
            key: None,
            ..self.clone()
        }
    }

    /// A request to be sent with [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.key {
            Some(key) => request.header("apikey", key),
            None => request,
        }
    }

    /// Sends a request; `Err` when no answer came.
    ///
    /// # Errors
    /// What the HTTP client says.
    pub async fn try_send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            text: response.text().await?,
        })
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When no answer came.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Creates an instance of the HTTP channel; its token.
    ///
    /// # Panics
    /// When it is not created.
    pub async fn create(&self, name: &str, number: &str, more: Value) -> String {
        let mut body = json!({"instanceName": name, "integration": "EVOLUTION", "number": number});
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        let answer = self.post("/instance/create", &body).await.expect(201);
        answer.json()["hash"].as_str().expect("a token").to_owned()
    }

    /// Posts a text in through the HTTP channel.
    pub async fn incoming(&self, number: &str, id: &str, text: &str) -> Answer {
        self.post("/webhook/evolution", &incoming(number, id, text))
            .await
    }
}

/// The body of an incoming text.
#[must_use]
pub fn incoming(number: &str, id: &str, text: &str) -> Value {
    json!({"numberId": number, "pushName": "Ann", "messageType": "conversation", "message": {"conversation": text},
           "key": {"id": id, "remoteJid": "5511988887777@s.whatsapp.net", "fromMe": false}})
}
