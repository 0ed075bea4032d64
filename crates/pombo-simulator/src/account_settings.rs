//! What a test, a demo or an operator sets about accounts: what a phone's user would have done, or the network itself.

use wacore_binary::Node;

use crate::network::business::Business;
use crate::network::{AccountId, Addressing, State};
use crate::node::{node, service};
use crate::phone::Passkey;
use crate::simulator::Simulator;
use crate::stanza::passkey;

/// There is no account of that number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no account `{0}`")]
pub struct UnknownAccount(pub String);

/// A message that somebody has reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedSpam {
    /// The phone number of whoever reported it.
    pub by: String,
    /// What the user was told as the report's number.
    pub report_id: String,
    /// Where the user was: `MessageMenu`, ...
    pub flow: String,
    /// Ids of the messages.
    pub messages: Vec<String>,
}

fn find(state: &State, phone_number: &str) -> Result<AccountId, UnknownAccount> {
    state
        .account_of(phone_number)
        .map(|account| account.id)
        .ok_or_else(|| UnknownAccount(phone_number.to_owned()))
}

impl Simulator {
    /// Puts `contact` into the address book of `of`, so that what is shown to contacts is shown to it.
    ///
    /// # Errors
    ///
    /// When one of them does not exist.
    pub fn add_to_address_book(&self, of: &str, contact: &str) -> Result<(), UnknownAccount> {
        self.network().with(|state| {
            let (of, contact) = (find(state, of)?, find(state, contact)?);
            if let Some(account) = state.account_mut(of) {
                account.address_book.insert(contact);
            }
            Ok(())
        })
    }

    /// Makes an account a business, changes what it shows, or makes it an ordinary account (`None`).
    ///
    /// # Errors
    ///
    /// When it does not exist.
    pub fn set_business(
        &self,
        phone_number: &str,
        business: Option<Business>,
    ) -> Result<(), UnknownAccount> {
        self.network().with(|state| {
            let id = find(state, phone_number)?;
            if let Some(account) = state.account_mut(id) {
                account.business = business;
            }
            Ok(())
        })
    }

    /// What an account shows as a business; `None` when it is none, or does not exist.
    #[must_use]
    pub fn business(&self, phone_number: &str) -> Option<Business> {
        self.network()
            .with(|state| state.account_of(phone_number)?.business.clone())
    }

    /// From now on a passkey guards the account: whoever scans a code with its phone, or types one, links no client that does not
    /// show it. A new passkey makes the one before useless.
    ///
    /// # Errors
    ///
    /// When the account does not exist.
    ///
    /// # Panics
    ///
    /// When the system has no randomness.
    pub fn guard_with_passkey(&self, phone_number: &str) -> Result<Passkey, UnknownAccount> {
        self.network().with(|state| {
            let id = find(state, phone_number)?;
            let passkey =
                Passkey::generate(state.random.bytes()).expect("the system has randomness");
            if let Some(account) = state.account_mut(id) {
                account.passkey = Some(passkey.clone());
            }
            Ok(passkey)
        })
    }

    /// The code that the account's phone shows while a client is being linked with its passkey: eight characters.
    #[must_use]
    pub fn passkey_code(&self, phone_number: &str) -> Option<String> {
        self.network().with(|state| {
            let id = state.account_of(phone_number)?.id;
            passkey::shown_code(state, id)
        })
    }

    /// From now on strangers reach this account only with a token that it gave them, or not any more.
    ///
    /// # Errors
    ///
    /// When it does not exist.
    pub fn require_tokens(&self, phone_number: &str, required: bool) -> Result<(), UnknownAccount> {
        self.network().with(|state| {
            let id = find(state, phone_number)?;
            if let Some(account) = state.account_mut(id) {
                account.privacy.token_required = required;
            }
            Ok(())
        })
    }

    /// An experiment switch that clients get with their props, such as `(10518, "1")`. `None` takes it back.
    pub fn set_prop(&self, code: u32, value: Option<&str>) {
        self.network().with(|state| {
            match value {
                Some(value) => state.props.insert(code, value.to_owned()),
                None => state.props.remove(&code),
            };
        });
    }

    /// Tells the connected companions of an account that what they know of `kind` (`groups`, `account_sync`, `newsletter_metadata`,
    /// `syncd_app_state`) is outdated.
    ///
    /// # Errors
    ///
    /// When it does not exist.
    pub fn mark_dirty(&self, phone_number: &str, kind: &str) -> Result<(), UnknownAccount> {
        self.network().with(|state| {
            let id = find(state, phone_number)?;
            let dirty = node("dirty")
                .attr("type", kind)
                .attr("timestamp", state.clock.now())
                .build();
            let stanza: Node = node("ib").attr("from", service()).children([dirty]).build();
            let stanza = std::sync::Arc::new(stanza);
            for device in state.companion_numbers(id) {
                state.deliver_if_online(id, device, std::sync::Arc::clone(&stanza));
            }
            Ok(())
        })
    }

    /// The LID of an account.
    #[must_use]
    pub fn lid_of(&self, phone_number: &str) -> Option<String> {
        self.network().with(|state| {
            let account = state.account_of(phone_number)?;
            Some(account.jid(Addressing::Lid).to_string())
        })
    }

    /// What was reported as spam, oldest first.
    #[must_use]
    pub fn spam_reports(&self) -> Vec<ReportedSpam> {
        self.network().with(|state| {
            state
                .spam_reports
                .iter()
                .map(|report| ReportedSpam {
                    by: state
                        .account(report.by)
                        .map(|account| account.phone_number.clone())
                        .unwrap_or_default(),
                    report_id: report.id.clone(),
                    flow: report.flow.clone(),
                    messages: report.messages.clone(),
                })
                .collect()
        })
    }
}
