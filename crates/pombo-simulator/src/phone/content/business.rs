//! Invitations, products, orders, and what asks for something.

use waproto::whatsapp as wa;

/// Invites to a group, by its address and a code.
pub fn group_invite(
    group: &str,
    name: &str,
    code: &str,
    expiration: i64,
    caption: &str,
) -> wa::Message {
    wa::Message {
        group_invite_message: wa::message::GroupInviteMessage {
            group_jid: Some(group.to_owned()),
            group_name: Some(name.to_owned()),
            invite_code: Some(code.to_owned()),
            invite_expiration: Some(expiration),
            caption: Some(caption.to_owned()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Invites to be an admin of a newsletter.
pub fn newsletter_invite(
    newsletter: &str,
    name: &str,
    caption: &str,
    expiration: i64,
) -> wa::Message {
    wa::Message {
        newsletter_admin_invite_message: wa::message::NewsletterAdminInviteMessage {
            newsletter_jid: Some(newsletter.to_owned()),
            newsletter_name: Some(name.to_owned()),
            caption: Some(caption.to_owned()),
            invite_expiration: Some(expiration),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Invites to follow a newsletter.
pub fn newsletter_follower_invite(newsletter: &str, name: &str, caption: &str) -> wa::Message {
    wa::Message {
        newsletter_follower_invite_message_v2: wa::message::NewsletterFollowerInviteMessage {
            newsletter_jid: Some(newsletter.to_owned()),
            newsletter_name: Some(name.to_owned()),
            caption: Some(caption.to_owned()),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// A product of a catalogue.
#[derive(Debug, Clone, Default)]
pub struct Product {
    /// Its number in the catalogue.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What it is.
    pub description: String,
    /// Three letters.
    pub currency: String,
    /// Thousandths of the currency.
    pub price_1000: i64,
}

/// Shows a product of a business.
pub fn product(business: &str, product: Product, body: &str) -> wa::Message {
    wa::Message {
        product_message: wa::message::ProductMessage {
            business_owner_jid: Some(business.to_owned()),
            body: Some(body.to_owned()),
            product: wa::message::product_message::ProductSnapshot {
                product_id: Some(product.id),
                title: Some(product.title),
                description: Some(product.description),
                currency_code: Some(product.currency),
                price_amount1000: Some(product.price_1000),
                product_image_count: Some(0),
                ..Default::default()
            }
            .into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Orders so many items.
pub fn order(id: &str, token: &str, seller: &str, items: i32, message: &str) -> wa::Message {
    use wa::message::order_message::{OrderStatus, OrderSurface};
    wa::Message {
        order_message: wa::message::OrderMessage {
            order_id: Some(id.to_owned()),
            token: Some(token.to_owned()),
            seller_jid: Some(seller.to_owned()),
            item_count: Some(items),
            message: Some(message.to_owned()),
            status: Some(OrderStatus::INQUIRY),
            surface: Some(OrderSurface::CATALOG),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

/// Asks for the phone number of somebody who is known by LID only.
pub fn request_phone_number() -> wa::Message {
    wa::Message {
        request_phone_number_message: wa::message::RequestPhoneNumberMessage::default().into(),
        ..Default::default()
    }
}

/// What companions get in place of a message that is for the phone alone.
pub fn placeholder() -> wa::Message {
    wa::Message {
        placeholder_message: wa::message::PlaceholderMessage {
            r#type: Some(wa::message::placeholder_message::PlaceholderType::MASK_LINKED_DEVICES),
        }
        .into(),
        ..Default::default()
    }
}
