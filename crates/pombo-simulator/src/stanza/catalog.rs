//! `w:biz:catalog` and `fb:thrift_iq`: what a business sells, and what was ordered.

use wacore_binary::Node;

use super::answer::{Answer, Refusal, Reply};
use super::business::business_mut;
use crate::network::business::{Business, Product};
use crate::network::{AccountId, Session, State};
use crate::node::{NodeExt as _, node};

/// How many products a page has when the client does not say.
const PAGE: usize = 10;

fn text(tag: &'static str, text: impl Into<Vec<u8>>) -> Node {
    node(tag).bytes(text.into()).build()
}

/// A number that the client sent as text in a child node.
fn count(request: &Node, tag: &str) -> Option<usize> {
    request.child(tag)?.body_text().parse().ok()
}

/// The business that a request is about.
fn business<'a>(
    state: &'a State,
    request: &Node,
    key: &str,
) -> Result<(AccountId, &'a Business), Refusal> {
    let jid = request.jid(key).ok_or(Refusal::BAD_REQUEST)?;
    let id = state.resolve(&jid).ok_or(Refusal::NOT_FOUND)?;
    let business = state
        .account(id)
        .and_then(|account| account.business.as_ref())
        .ok_or(Refusal::NOT_FOUND)?;
    Ok((id, business))
}

/// A product, with the size of pictures that was asked for.
fn product_node(product: &Product, request: &Node) -> Node {
    let size = format!(
        "?w={}&h={}",
        count(request, "width").unwrap_or(100),
        count(request, "height").unwrap_or(100)
    );
    let mut children = vec![
        text("id", product.id.as_str()),
        text("name", product.name.as_str()),
        text("price", product.price.to_string()),
        text("currency", product.currency.as_str()),
        text("availability", "in stock"),
    ];
    for (tag, value) in [
        ("description", &product.description),
        ("retailer_id", &product.retailer_id),
        ("url", &product.url),
    ] {
        if let Some(value) = value {
            children.push(text(tag, value.as_str()));
        }
    }
    let images = product.images.iter().enumerate().map(|(number, url)| {
        node("image")
            .children([
                text("id", format!("{}{number}", product.id)),
                text("request_image_url", format!("{url}{size}")),
                text("original_image_url", url.as_str()),
            ])
            .build()
    });
    children.push(node("media").children(images).build());
    children.push(status_info());
    node("product")
        .attr("is_hidden", if product.hidden { "true" } else { "false" })
        .children(children)
        .build()
}

/// Everything was reviewed and found good.
fn status_info() -> Node {
    node("status_info")
        .children([text("status", "APPROVED"), text("can_appeal", "false")])
        .build()
}

/// `<product_catalog jid><limit/><after/>…`: a page of products, and where the next one begins.
pub(crate) fn products(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq.child("product_catalog").ok_or(Refusal::BAD_REQUEST)?;
    let (owner, business) = business(state, request, "jid")?;
    let limit = count(request, "limit").unwrap_or(PAGE).max(1);
    let skipped = request
        .child("after")
        .map(|after| after.body_text().into_owned())
        .unwrap_or_default();
    // Only the seller sees what is hidden.
    let shown: Vec<&Product> = business
        .products
        .iter()
        .filter(|product| !product.hidden || owner == from.account)
        .collect();
    let start = match skipped.as_str() {
        "" => 0,
        cursor => shown
            .iter()
            .position(|product| product.id == cursor)
            .map(|position| position + 1)
            .ok_or(Refusal::BAD_REQUEST)?,
    };
    let page: Vec<&Product> = shown.iter().skip(start).take(limit).copied().collect();
    let mut children: Vec<Node> = page
        .iter()
        .map(|product| product_node(product, request))
        .collect();
    if start + page.len() < shown.len()
        && let Some(last) = page.last()
    {
        children.push(
            node("paging")
                .children([text("after", last.id.as_str())])
                .build(),
        );
    }
    Reply::node(node("product_catalog").children(children).build())
}

/// `<collections biz_jid><collection_limit/><item_limit/>…`.
pub(crate) fn collections(state: &mut State, _: &Session, iq: &Node) -> Answer {
    let request = iq.child("collections").ok_or(Refusal::BAD_REQUEST)?;
    let (_, business) = business(state, request, "biz_jid")?;
    let limit = count(request, "collection_limit").unwrap_or(PAGE);
    let items = count(request, "item_limit").unwrap_or(PAGE);
    let collections = business.collections.iter().take(limit).map(|collection| {
        let mut children = vec![
            text("id", collection.id.as_str()),
            text("name", collection.name.as_str()),
            status_info(),
        ];
        children.extend(
            collection
                .products
                .iter()
                .filter_map(|id| business.product(id))
                .filter(|product| !product.hidden)
                .take(items)
                .map(|product| product_node(product, request)),
        );
        node("collection").children(children).build()
    });
    Reply::node(node("collections").children(collections).build())
}

/// Writes what a `<product>` says into a product.
fn read_into(product: &mut Product, asked: &Node) -> Result<(), Refusal> {
    for field in asked.nodes() {
        let text = field.body_text().into_owned();
        match field.tag.as_ref() {
            "id" | "compliance_info" => {}
            "name" => product.name = text,
            "description" => product.description = Some(text),
            "retailer_id" => product.retailer_id = Some(text),
            "url" => product.url = Some(text),
            "price" => product.price = text.parse().map_err(|_| Refusal::BAD_REQUEST)?,
            "currency" => product.currency = text,
            "media" => {
                product.images = field
                    .nodes_named("image")
                    .filter_map(|image| image.child("url"))
                    .map(|url| url.body_text().into_owned())
                    .collect();
            }
            _ => return Err(Refusal::Unknown),
        }
    }
    if let Some(hidden) = asked.text_opt("is_hidden") {
        product.hidden = hidden == "true";
    }
    if product.name.is_empty() {
        return Err(Refusal::BAD_REQUEST);
    }
    Ok(())
}

/// `<product_catalog_add><product/>…`.
pub(crate) fn add(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("product_catalog_add")
        .ok_or(Refusal::BAD_REQUEST)?;
    let asked = request.child("product").ok_or(Refusal::BAD_REQUEST)?;
    let mut product = Product {
        id: format!("{:016}", state.random.below(10_000_000_000_000_000)),
        ..Product::default()
    };
    read_into(&mut product, asked)?;
    let added = product_node(&product, request);
    business_mut(state, from.account)?.products.push(product);
    Reply::node(node("product_catalog_add").children([added]).build())
}

/// `<product_catalog_edit><product><id/>…`.
pub(crate) fn edit(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("product_catalog_edit")
        .ok_or(Refusal::BAD_REQUEST)?;
    let asked = request.child("product").ok_or(Refusal::BAD_REQUEST)?;
    let id = asked
        .child("id")
        .map(|id| id.body_text().into_owned())
        .ok_or(Refusal::BAD_REQUEST)?;
    let product = business_mut(state, from.account)?
        .products
        .iter_mut()
        .find(|product| product.id == id)
        .ok_or(Refusal::NOT_FOUND)?;
    read_into(product, asked)?;
    let edited = product_node(product, request);
    Reply::node(node("product_catalog_edit").children([edited]).build())
}

/// `<product_catalog_delete><product><id/></product>…`.
pub(crate) fn delete(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let request = iq
        .child("product_catalog_delete")
        .ok_or(Refusal::BAD_REQUEST)?;
    let ids: Vec<String> = request
        .nodes_named("product")
        .filter_map(|product| product.child("id"))
        .map(|id| id.body_text().into_owned())
        .collect();
    let business = business_mut(state, from.account)?;
    let before = business.products.len();
    business
        .products
        .retain(|product| !ids.contains(&product.id));
    for collection in &mut business.collections {
        collection.products.retain(|product| !ids.contains(product));
    }
    let deleted = before - business.products.len();
    Reply::node(
        node("product_catalog_delete")
            .attr("deleted_count", deleted)
            .build(),
    )
}

/// `<order op="get" id><token/>…`: only with the token that the order message carries.
pub(crate) fn order(state: &mut State, _: &Session, iq: &Node) -> Answer {
    let request = iq.child("order").ok_or(Refusal::BAD_REQUEST)?;
    if request.text("op") != "get" {
        return Err(Refusal::Unknown);
    }
    let id = request.text("id");
    let token = request
        .child("token")
        .map(|token| token.body_text().into_owned())
        .unwrap_or_default();
    let (business, order) = state
        .accounts
        .values()
        .filter_map(|account| account.business.as_ref())
        .find_map(|business| {
            let order = business.orders.iter().find(|order| order.id == id)?;
            Some((business, order))
        })
        .ok_or(Refusal::NOT_FOUND)?;
    if order.token != token {
        return Err(Refusal::FORBIDDEN);
    }
    let mut children: Vec<Node> = order
        .items
        .iter()
        .filter_map(|item| {
            let product = business.product(&item.product)?;
            let image = product.images.first().map(String::as_str).unwrap_or("");
            Some(
                node("product")
                    .children([
                        text("id", product.id.as_str()),
                        text("name", product.name.as_str()),
                        node("image").children([text("url", image)]).build(),
                        text("price", product.price.to_string()),
                        text("currency", product.currency.as_str()),
                        text("quantity", item.quantity.to_string()),
                    ])
                    .build(),
            )
        })
        .collect();
    let (total, currency) = business.total(order);
    children.push(
        node("price")
            .children([
                text("subtotal", total.to_string()),
                text("total", total.to_string()),
                text("currency", currency),
            ])
            .build(),
    );
    Reply::node(
        node("order")
            .attr("id", order.id.as_str())
            .children(children)
            .build(),
    )
}
