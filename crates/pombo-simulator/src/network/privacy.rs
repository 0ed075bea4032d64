//! What an account shows to whom: privacy settings, blocked accounts, and the tokens that open doors.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wacore::iq::privacy::{PrivacyCategory, PrivacyValue};
use wacore::iq::tctoken::compute_cs_token;
use wacore_binary::Node;

use super::account::{AccountId, Addressing};
use super::state::State;
use crate::node::NodeExt as _;

/// Categories of an account that has set nothing, in the order in which they are told.
const DEFAULTS: [(&str, &str); 10] = [
    ("readreceipts", "all"),
    ("last", "all"),
    ("online", "all"),
    ("profile", "all"),
    ("status", "all"),
    ("groupadd", "all"),
    ("calladd", "all"),
    ("messages", "all"),
    ("stickers", "contacts"),
    ("defense", "off"),
];

/// Privacy settings of an account.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Privacy {
    values: BTreeMap<String, String>,
    /// "My contacts except", by category.
    excepted: BTreeMap<String, BTreeSet<AccountId>>,
    /// Strangers get through only with a token.
    pub(crate) token_required: bool,
    /// The secret from which the account's companions derive tokens of their own (`<cstoken>`); empty when there is none.
    pub(crate) nct_salt: Vec<u8>,
}

impl Privacy {
    /// All categories with their values.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        DEFAULTS
            .iter()
            .map(|(category, default)| (*category, self.value(category, default)))
    }

    fn value<'a>(&'a self, category: &str, default: &'a str) -> &'a str {
        self.values.get(category).map_or(default, String::as_str)
    }

    /// The value of a category.
    pub(crate) fn get(&self, category: &str) -> &str {
        let default = DEFAULTS
            .iter()
            .find(|(name, _)| *name == category)
            .map_or("all", |(_, default)| *default);
        self.value(category, default)
    }

    /// Whether there is such a category, and it can have that value.
    pub(crate) fn is_valid(category: &str, value: &str) -> bool {
        DEFAULTS.iter().any(|(name, _)| *name == category)
            && PrivacyCategory::from(category).is_valid_value(&PrivacyValue::from(value))
    }

    pub(crate) fn set(&mut self, category: &str, value: &str) {
        self.values.insert(category.to_owned(), value.to_owned());
    }

    /// The hash of the list of exceptions of a category; whoever changes the list names it. `None` while the list is empty.
    pub(crate) fn list_hash(&self, category: &str) -> Option<String> {
        let list = self
            .excepted
            .get(category)
            .filter(|list| !list.is_empty())?;
        Some(hash_of(list.iter().copied()))
    }

    pub(crate) fn except(&mut self, category: &str, account: AccountId) {
        self.excepted
            .entry(category.to_owned())
            .or_default()
            .insert(account);
    }

    pub(crate) fn no_longer_except(&mut self, category: &str, account: AccountId) {
        if let Some(list) = self.excepted.get_mut(category) {
            list.remove(&account);
        }
    }

    fn allows(&self, category: &str, asker: AccountId, is_contact: bool) -> bool {
        match self.get(category) {
            "none" => false,
            "contacts" => is_contact,
            "contact_blacklist" => {
                is_contact
                    && !self
                        .excepted
                        .get(category)
                        .is_some_and(|list| list.contains(&asker))
            }
            "match_last_seen" => self.allows("last", asker, is_contact),
            _ => true,
        }
    }
}

fn hash_of(accounts: impl Iterator<Item = AccountId>) -> String {
    let mut hash = Sha256::new();
    for account in accounts {
        hash.update(account.0.to_be_bytes());
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whom an account has blocked.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Blocklist {
    /// With the time of the blocking (seconds).
    pub(crate) blocked: BTreeMap<AccountId, u64>,
}

impl Blocklist {
    /// The hash by which devices see that their copy is the present one.
    pub(crate) fn hash(&self) -> String {
        hash_of(self.blocked.keys().copied())
    }
}

/// A token by which its holder shows that the issuer knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrustToken {
    pub(crate) bytes: Vec<u8>,
    /// As the issuer said it (seconds).
    pub(crate) issued_at: u64,
}

impl State {
    /// `owner` shows what falls under `category` to `asker`. The blocked are shown nothing.
    pub(crate) fn shows(&self, owner: AccountId, asker: AccountId, category: &str) -> bool {
        if owner == asker {
            return true;
        }
        self.account(owner).is_some_and(|account| {
            !account.blocklist.blocked.contains_key(&asker)
                && account
                    .privacy
                    .allows(category, asker, account.address_book.contains(&asker))
        })
    }

    /// `owner` has blocked `other`.
    pub(crate) fn has_blocked(&self, owner: AccountId, other: AccountId) -> bool {
        self.account(owner)
            .is_some_and(|account| account.blocklist.blocked.contains_key(&other))
    }

    /// `carrier` (a message, a request) shows that `sender` is no stranger to `owner`, or `owner` does not ask for that.
    ///
    /// A token is `<tctoken>`, given by the owner; or `<cstoken>`, which the sender derives from a secret of its own account.
    pub(crate) fn trusts(&self, owner: AccountId, sender: AccountId, carrier: &Node) -> bool {
        let Some(account) = self.account(owner) else {
            return false;
        };
        if owner == sender || !account.privacy.token_required {
            return true;
        }
        let given = carrier
            .child("tctoken")
            .is_some_and(|token| self.is_token(owner, sender, token.body()));
        let derived = carrier.child("cstoken").is_some_and(|token| {
            let salt = self
                .account(sender)
                .map(|sender| sender.privacy.nct_salt.as_slice())
                .unwrap_or_default();
            let lid = account.jid(Addressing::Lid).to_string();
            !salt.is_empty() && token.body() == compute_cs_token(salt, &lid)
        });
        given || derived
    }

    /// These bytes are the token that `issuer` gave to `holder`.
    pub(crate) fn is_token(&self, issuer: AccountId, holder: AccountId, bytes: &[u8]) -> bool {
        self.account(issuer)
            .and_then(|account| account.tokens_given.get(&holder))
            .is_some_and(|token| token.bytes == bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: AccountId = AccountId(7);

    #[test]
    fn contacts_except_some() {
        let mut privacy = Privacy::default();
        assert!(privacy.allows("last", ASKER, false));
        privacy.set("last", "contact_blacklist");
        assert!(privacy.allows("last", ASKER, true));
        assert!(!privacy.allows("last", ASKER, false));
        assert_eq!(privacy.list_hash("last"), None);
        privacy.except("last", ASKER);
        assert!(!privacy.allows("last", ASKER, true));
        assert!(privacy.list_hash("last").is_some());
        privacy.set("online", "match_last_seen");
        assert!(!privacy.allows("online", ASKER, true));
        privacy.no_longer_except("last", ASKER);
        assert!(privacy.allows("online", ASKER, true));
    }

    #[test]
    fn only_values_that_fit_the_category() {
        assert!(Privacy::is_valid("online", "match_last_seen"));
        assert!(!Privacy::is_valid("online", "none"));
        assert!(!Privacy::is_valid("readreceipts", "contacts"));
        assert!(!Privacy::is_valid("weather", "all"));
        assert_eq!(Privacy::default().get("defense"), "off");
    }
}
