//! What a business account shows: profile, verified name, catalogue, orders.

use serde::{Deserialize, Serialize};

/// Opening hours of one day of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessDay {
    /// `sun` to `sat`.
    pub day: String,
    /// `open_24h`, `specific_hours` or `appointment_only`.
    pub mode: String,
    /// Minutes since midnight, for `specific_hours`.
    pub open: Option<u32>,
    /// Minutes since midnight, for `specific_hours`.
    pub close: Option<u32>,
}

/// A business profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BusinessProfile {
    /// What the business does.
    pub description: String,
    /// Postal address.
    pub address: Option<String>,
    /// Email address.
    pub email: Option<String>,
    /// At most two.
    pub websites: Vec<String>,
    /// Ids and names.
    pub categories: Vec<(String, String)>,
    /// Such as `America/Sao_Paulo`.
    pub timezone: Option<String>,
    /// Opening hours.
    pub days: Vec<BusinessDay>,
    /// Id of the cover photo.
    pub cover_photo: Option<String>,
}

/// A product of a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Product {
    /// Digits; chosen by the network when it is empty.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Longer text.
    pub description: Option<String>,
    /// The seller's own number for it.
    pub retailer_id: Option<String>,
    /// The seller's page about it.
    pub url: Option<String>,
    /// Thousandths of the currency's unit.
    pub price: u64,
    /// Such as `BRL`.
    pub currency: String,
    /// Full-size pictures.
    pub images: Vec<String>,
    /// Not shown to customers.
    pub hidden: bool,
}

/// Products that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collection {
    /// Digits.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Ids of its products, in order.
    pub products: Vec<String>,
}

/// Something ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderItem {
    /// Id of the product.
    pub product: String,
    /// How many.
    pub quantity: u32,
}

/// A customer's cart, as an order message points at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    /// Digits.
    pub id: String,
    /// Whoever asks for the order has to know it.
    pub token: String,
    /// What was ordered.
    pub items: Vec<OrderItem>,
}

/// What makes an account a business.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Business {
    /// The name that others see beside the number.
    pub verified_name: Option<String>,
    /// The profile.
    pub profile: BusinessProfile,
    /// The catalogue, in the order in which it is shown.
    pub products: Vec<Product>,
    /// The catalogue's collections.
    pub collections: Vec<Collection>,
    /// Orders of customers.
    pub orders: Vec<Order>,
}

impl Business {
    pub(crate) fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// The sum of an order, in thousandths, and its currency.
    pub(crate) fn total(&self, order: &Order) -> (u64, &str) {
        let mut currency = "";
        let total = order
            .items
            .iter()
            .filter_map(|item| {
                let product = self.product(&item.product)?;
                currency = &product.currency;
                Some(product.price.saturating_mul(u64::from(item.quantity)))
            })
            .sum();
        (total, currency)
    }
}
