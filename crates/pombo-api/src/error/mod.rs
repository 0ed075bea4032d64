//! Errors in the shapes that clients know. The only place that knows which error is which status.
//!
//! Start at [`ApiError`]; [`mapping`] turns the errors of the inner crates into it.

mod mapping;
mod message;

pub use message::{Failure, Message};

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use pombo_domain::clock::Timestamp;
use serde_json::{Value, json};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong with a request, ready to be shown.
///
/// The usual body is `{"status": 400, "error": "Bad Request", "response": {"message": [..]}}`.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    message: Message,
    envelope: Envelope,
    cause: Option<Cause>,
    retry_after: Option<Duration>,
}

/// The body around the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Envelope {
    /// `{status, error, response: {message}}`
    Usual,
    /// The same, with `message` at the top as well: `/chat/whatsappNumbers`.
    Raw,
    /// The form of Meta's errors, with `response` beside it: `/template/*` and `/business/*`.
    Meta {
        /// `details.context`
        context: &'static str,
    },
    /// `{error: text}` only: `/chat/findChatByRemoteJid`.
    Bare,
}

/// What is known of an error answer beside its body. Travels in the response's extensions.
#[derive(Debug, Clone)]
pub struct ErrorReport {
    /// The status code.
    pub status: StatusCode,
    /// The reason phrase.
    pub error: &'static str,
    /// `response.message`
    pub message: Value,
    /// The cause, for the log; never shown.
    pub(crate) cause: Option<Arc<str>>,
}

impl ApiError {
    fn new(status: StatusCode, message: Message) -> Self {
        Self {
            status,
            message,
            envelope: Envelope::Usual,
            cause: None,
            retry_after: None,
        }
    }

    /// 400 with one text in a list.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Message::list([text]))
    }

    /// 400 with several texts in a list.
    pub fn bad_request_all<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Message::list(texts))
    }

    /// 400 with one object in a list: a number that is not on WhatsApp.
    pub fn bad_request_object(object: &impl serde::Serialize) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Message::Objects(vec![json!(object)]),
        )
    }

    /// Any status with texts in a list: errors of a handler.
    pub fn listed<T: Into<String>>(status: StatusCode, texts: impl IntoIterator<Item = T>) -> Self {
        Self::new(status, Message::list(texts))
    }

    /// 400 for a body that its schema refuses; `failures` holds at least one.
    pub fn invalid(failures: Vec<Failure>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            Message::Nested(
                failures
                    .into_iter()
                    .map(|failure| failure.message)
                    .collect(),
            ),
        )
    }

    /// The same in the form of the group routes, each failure with its property.
    pub fn invalid_properties(failures: Vec<Failure>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Message::Failures(failures))
    }

    /// 400 in the form of a schema failure with one text.
    pub fn invalid_text(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Message::Nested(vec![text.into()]))
    }

    /// 401, always the same.
    #[must_use]
    pub fn unauthorised() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            Message::Text("Unauthorized".to_owned()),
        )
    }

    /// 403 with one text in a list.
    pub fn forbidden(text: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Message::list([text]))
    }

    /// 404 with one text in a list.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Message::list([text]))
    }

    /// 404 for an instance that does not exist.
    #[must_use]
    pub fn no_such_instance(name: &str) -> Self {
        Self::not_found(format!("The \"{name}\" instance does not exist"))
    }

    /// Any status of the framework kind (malformed, too large, too slow): the text alone.
    pub fn plain(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, Message::Text(text.into()))
    }

    /// 503 because the database does not answer.
    pub fn database_unavailable(cause: impl Into<Cause>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Message::list(["The database is not available right now"]),
        )
        .caused_by(cause)
    }

    /// 500; the cause is logged, never shown.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Message::Text("Internal Server Error".to_owned()),
        )
        .caused_by(cause)
    }

    fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// With the header `Retry-After`, in seconds.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// With the message at the top of the body as well: the form of `/chat/whatsappNumbers`.
    #[must_use]
    pub fn raw(mut self) -> Self {
        self.envelope = Envelope::Raw;
        self
    }

    /// In the form of Meta's errors.
    #[must_use]
    pub fn meta(mut self, context: &'static str) -> Self {
        self.envelope = Envelope::Meta { context };
        self
    }

    /// `{"error": text}` and nothing else.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.envelope = Envelope::Bare;
        self
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The message as one text, for the routes that hide failures behind a 200.
    #[must_use]
    pub fn text(&self) -> String {
        self.message.text()
    }

    fn reason(&self) -> &'static str {
        self.status.canonical_reason().unwrap_or("Error")
    }

    fn body(&self, message: &Value) -> Value {
        let usual = json!({"message": message});
        match self.envelope {
            Envelope::Usual => {
                json!({"status": self.status.as_u16(), "error": self.reason(), "response": usual})
            }
            Envelope::Raw => json!({
                "status": self.status.as_u16(), "error": self.reason(), "message": message, "response": usual
            }),
            Envelope::Bare => json!({"error": self.text()}),
            Envelope::Meta { context } => {
                // One text stands alone there, several stay a list.
                let shown = match message.as_array().map(Vec::as_slice) {
                    Some([only]) if only.is_string() => only,
                    _ => message,
                };
                json!({
                    "status": self.status.as_u16(),
                    "error": self.reason(),
                    "message": shown,
                    "details": {
                        "whatsapp_error": shown, "whatsapp_code": "UNKNOWN_ERROR",
                        "error_user_title": shown, "error_user_msg": shown,
                        "error_type": "UNKNOWN", "error_subcode": null, "fbtrace_id": null,
                        "context": context, "type": "whatsapp_api_error",
                    },
                    "timestamp": now().to_iso(),
                    "response": usual,
                })
            }
        }
    }
}

fn now() -> Timestamp {
    use pombo_domain::clock::Clock;
    pombo_domain::clock::SystemClock.now()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let message = self.message.to_json();
        let mut response = (self.status, Json(self.body(&message))).into_response();
        let report = ErrorReport {
            status: self.status,
            error: self.reason(),
            message,
            cause: self.cause.as_deref().map(|cause| chain(cause).into()),
        };
        if let Some(time) = self.retry_after {
            let seconds = HeaderValue::from(time.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(report);
        response
    }
}

/// An error with its sources, on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(error: ApiError) -> Value {
        let message = error.message.to_json();
        error.body(&message)
    }

    #[test]
    fn the_five_shapes_of_the_message() {
        assert_eq!(
            body(ApiError::unauthorised()),
            json!({"status": 401, "error": "Unauthorized", "response": {"message": "Unauthorized"}})
        );
        assert_eq!(
            body(ApiError::no_such_instance("a\"b")),
            json!({"status": 404, "error": "Not Found",
                   "response": {"message": ["The \"a\"b\" instance does not exist"]}})
        );
        let failure = || Failure {
            property: "subject".into(),
            message: "subject is not of a type(s) string".into(),
        };
        assert_eq!(
            body(ApiError::invalid(vec![failure()]))["response"]["message"],
            json!([["subject is not of a type(s) string"]])
        );
        assert_eq!(
            body(ApiError::invalid_properties(vec![failure()]))["response"]["message"],
            json!([{"property": "subject", "message": "subject is not of a type(s) string"}])
        );
        let number = json!({"jid": "5511@s.whatsapp.net", "exists": false, "number": "5511"});
        let objects = ApiError::new(
            StatusCode::BAD_REQUEST,
            Message::Objects(vec![number.clone()]),
        );
        assert_eq!(body(objects)["response"]["message"], json!([number]));
    }

    #[test]
    fn the_other_envelopes() {
        let raw = body(ApiError::bad_request("no").raw());
        assert_eq!(raw["message"], json!(["no"]));
        assert_eq!(raw["response"]["message"], json!(["no"]));
        let meta = body(ApiError::bad_request("no").meta("template_find"));
        assert_eq!(meta["message"], "no");
        assert_eq!(meta["details"]["context"], "template_find");
        assert!(meta["timestamp"].as_str().unwrap().ends_with('Z'));
        let meta = body(ApiError::invalid_text("a").meta("template_find"));
        assert_eq!(meta["details"]["whatsapp_error"], json!([["a"]]));
        assert_eq!(
            body(ApiError::bad_request("missing").bare()),
            json!({"error": "missing"})
        );
    }

    #[test]
    fn causes_are_kept_from_clients() {
        let error = ApiError::internal(std::io::Error::other("password of the database"));
        assert!(!body(error).to_string().contains("password"));
        let response = ApiError::internal(std::io::Error::other("disk")).into_response();
        let report = response.extensions().get::<ErrorReport>().unwrap();
        assert_eq!(report.cause.as_deref(), Some("disk"));
    }
}
