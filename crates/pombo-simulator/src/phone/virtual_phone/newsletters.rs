//! Newsletters: what their followers and those who run them do.

use serde_json::{Value, json};
use wacore::iq::mex_operations as doc;
use wacore_binary::{Jid, Node};
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::super::error::PhoneError;
use super::VirtualPhone;
use super::handle::address;
use crate::node::{NodeExt as _, node};

impl VirtualPhone {
    /// Makes a newsletter. Returns its address.
    pub async fn create_newsletter(&self, name: &str) -> Result<String, PhoneError> {
        let made = self.graph(
            doc::create_newsletter::DOC_ID,
            &json!({"input": {"name": name}}),
            "xwa2_newsletter_create",
        )?;
        let id = made["id"].as_str().ok_or(PhoneError::NoAnswer)?;
        Ok(id.to_owned())
    }

    /// Follows a newsletter.
    pub async fn follow_newsletter(&self, newsletter: &str) -> Result<(), PhoneError> {
        let variables = json!({"newsletter_id": newsletter});
        let field = "xwa2_newsletter_join_v2";
        self.graph(doc::join_newsletter::DOC_ID, &variables, field)
            .map(drop)
    }

    /// A newsletter as WhatsApp describes it: `{id, state, thread_metadata, viewer_metadata}`.
    pub async fn newsletter(&self, newsletter: &str) -> Result<Value, PhoneError> {
        let variables = json!({"input": {"key": newsletter, "type": "JID"}});
        let field = "xwa2_newsletter";
        self.graph(doc::fetch_newsletter::DOC_ID, &variables, field)
    }

    /// Becomes an admin of a newsletter, as asked.
    pub async fn accept_newsletter_admin(&self, newsletter: &str) -> Result<(), PhoneError> {
        let variables = json!({"newsletter_id": newsletter});
        let field = "xwa2_newsletter_admin_invite_accept";
        let document = doc::accept_newsletter_admin_invite::DOC_ID;
        self.graph(document, &variables, field).map(drop)
    }

    /// Gives a post an emoji; an empty one takes it back. Posts are named by the server's number.
    pub async fn react_to_post(
        &self,
        newsletter: &str,
        server_id: u64,
        emoji: &str,
    ) -> Result<(), PhoneError> {
        let to = address(newsletter)?;
        let id = self.lock().new_id();
        let stanza = node("message")
            .attr("to", to)
            .attr("type", "reaction")
            .attr("id", id)
            .attr("server_id", server_id)
            .children([node("reaction").attr("code", emoji).build()])
            .build();
        self.acknowledged(stanza)
    }

    /// Sends something that the network has to take.
    fn acknowledged(&self, stanza: Node) -> Result<(), PhoneError> {
        let answers = self.lock().tell(&self.network, stanza)?;
        let ack = answers.iter().find(|answer| answer.tag == "ack");
        match ack.ok_or(PhoneError::NoAnswer)?.parsed("error") {
            Some(code) => Err(PhoneError::Refused {
                code,
                text: "newsletter".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// Asks somebody to become an admin of a newsletter.
    pub async fn invite_newsletter_admin(
        &self,
        newsletter: &str,
        person: &str,
    ) -> Result<(), PhoneError> {
        let person = address(person)?.to_non_ad().to_string();
        let variables = json!({"newsletter_id": newsletter, "user_id": person});
        let field = "xwa2_newsletter_admin_invite_create";
        let document = doc::create_newsletter_admin_invite::DOC_ID;
        self.graph(document, &variables, field).map(drop)
    }

    /// Replaces what a post says; `None` takes it back. It is named by its message id.
    pub async fn revise_post(
        &self,
        newsletter: &str,
        id: &str,
        content: Option<&wa::Message>,
    ) -> Result<(), PhoneError> {
        let to = address(newsletter)?;
        let (edit, body) = match content {
            Some(content) => ("3", content.encode_to_vec()),
            None => ("8", Vec::new()),
        };
        let stanza = node("message")
            .attr("to", to)
            .attr("type", "text")
            .attr("id", id)
            .attr("edit", edit)
            .children([node("plaintext").bytes(body).build()])
            .build();
        self.acknowledged(stanza)
    }

    /// Looks at a post, and tells the newsletter so.
    pub async fn view_post(&self, newsletter: &str, server_id: u64) -> Result<(), PhoneError> {
        let to = address(newsletter)?;
        let mut phone = self.lock();
        let item = node("item").attr("server_id", server_id).build();
        let receipt = node("receipt")
            .attr("to", to)
            .attr("type", "view")
            .attr("id", phone.new_id())
            .children([node("list").children([item]).build()])
            .build();
        phone.tell(&self.network, receipt).map(drop)
    }

    /// Asks in GraphQL, by document.
    fn graph(&self, document: &str, variables: &Value, field: &str) -> Result<Value, PhoneError> {
        let body = json!({"variables": variables}).to_string();
        let query = node("query")
            .attr("query_id", document)
            .bytes(body.into_bytes())
            .build();
        let to = Jid::new("", wacore_binary::Server::Pn);
        let answer = self
            .lock()
            .ask(&self.network, "w:mex", "get", to, vec![query])?;
        let result = answer.child("result").ok_or(PhoneError::NoAnswer)?;
        let mut result: Value =
            serde_json::from_slice(result.body()).map_err(|_| PhoneError::NoAnswer)?;
        let error = &result["errors"][0];
        if let Some(code) = error["extensions"]["error_code"].as_u64() {
            return Err(PhoneError::Refused {
                code: u16::try_from(code).unwrap_or(500),
                text: error["message"].as_str().unwrap_or_default().to_owned(),
            });
        }
        Ok(result["data"][field].take())
    }
}
