//! What people and businesses show of themselves, and who may see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the network tells of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// URL of the picture.
    pub picture_url: Option<String>,
    /// The "about" text; `None`: none, or hidden.
    pub about: Option<String>,
    /// A business account.
    pub business: bool,
    /// The name that WhatsApp verified.
    pub verified_name: Option<String>,
}

/// What a business shows. JSON as `fetchBusinessProfile` answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct BusinessProfile {
    /// Its JID.
    pub wid: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it does.
    pub description: String,
    /// Home pages.
    pub website: Vec<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What kind of business.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// `{timezone?, business_config?: [{day_of_week, mode, open_time?, close_time?}]}`
    pub business_hours: Value,
}

/// Who may see what: six of WhatsApp's settings, by their wire values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Privacy {
    /// `all` or `none`
    pub readreceipts: String,
    /// `all`, `contacts`, `contact_blacklist`, `none`
    pub profile: String,
    /// As `profile`.
    pub status: String,
    /// `all` or `match_last_seen`
    pub online: String,
    /// As `profile`.
    pub last: String,
    /// As `profile`.
    pub groupadd: String,
}

/// A product of a catalogue. JSON as `getCatalog` answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Id on WhatsApp.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// A thousandth of the currency's unit.
    pub price: i64,
    /// ISO 4217.
    pub currency: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The seller's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retailer_id: Option<String>,
    /// Not shown to customers.
    pub is_hidden: bool,
    /// `{requested, original}`: URLs.
    pub image_urls: Value,
    /// `{whatsapp: "approved"}`
    pub review_status: Value,
    /// `in stock`, ...
    pub availability: String,
}

/// A page of a catalogue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatalogPage {
    /// The products.
    pub products: Vec<Product>,
    /// What to ask the next page with; `None`: this was the last.
    pub cursor: Option<String>,
}

/// A collection of products. JSON as `getCollections` answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Collection {
    /// Id on WhatsApp.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its products.
    pub products: Vec<Product>,
    /// `{status, canAppeal}`
    pub status: Value,
}
