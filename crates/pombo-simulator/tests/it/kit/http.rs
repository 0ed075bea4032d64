//! The clients' HTTP: they insist on `https`, the simulator serves plain HTTP on this machine.

use std::sync::Once;

use whatsapp_rust::anyhow::{Result, ensure};
use whatsapp_rust::async_trait;
use whatsapp_rust::wacore::net::{HttpClient, HttpRequest, HttpResponse};

/// Reaches nothing but this machine.
pub(super) struct LoopbackHttp(reqwest::Client);

impl LoopbackHttp {
    pub(super) fn new() -> Self {
        install_provider();
        Self(reqwest::Client::new())
    }
}

/// Without one no HTTP client can be made, not even for plain HTTP.
pub(super) fn install_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test of this process may have installed it.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    });
}

#[async_trait]
impl HttpClient for LoopbackHttp {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse> {
        let url = request
            .url
            .replacen("https://127.0.0.1", "http://127.0.0.1", 1);
        ensure!(url.starts_with("http://127.0.0.1"), "{url} is not local");
        let method = reqwest::Method::from_bytes(request.method.as_bytes())?;
        let mut call = self.0.request(method, url);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        if let Some(body) = request.body {
            call = call.body(body);
        }
        let response = call.send().await?;
        Ok(HttpResponse {
            status_code: response.status().as_u16(),
            body: response.bytes().await?.to_vec(),
        })
    }
}
