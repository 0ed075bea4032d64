//! A business's products. The library has no call for them: the stanzas are built and read here.
//!
//! Source: `whatsapp-channel.md` section 5, and what web clients are seen to ask.

use pombo_domain::channel::ChannelError;
use pombo_domain::profile::{CatalogPage, Collection, Product};
use serde_json::{Value, json};
use wacore::request::InfoQuery;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeContent, OwnedNodeRef};

use super::error::{of_iq, parse};
use crate::channel::WhatsappChannel;

/// Pixels of the pictures whose addresses are asked for.
const PICTURE: &str = "100";

impl WhatsappChannel {
    pub(super) async fn ask_catalog(
        &self,
        jid: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<CatalogPage, ChannelError> {
        let mut wanted = vec![
            text_node("limit", &limit.to_string()),
            text_node("width", PICTURE),
            text_node("height", PICTURE),
        ];
        wanted.extend(cursor.map(|cursor| text_node("after", cursor)));
        let question = NodeBuilder::new("product_catalog")
            .attr("jid", parse(jid)?)
            .attr("allow_shop_source", "true")
            .children(wanted)
            .build();
        let answer = self.ask_business(question).await?;
        let answer = answer.get().to_owned();
        let Some(catalog) = answer.get_optional_child("product_catalog") else {
            return Ok(CatalogPage::default());
        };
        Ok(page(catalog))
    }

    pub(super) async fn ask_collections(
        &self,
        jid: &str,
        limit: u32,
    ) -> Result<Vec<Collection>, ChannelError> {
        let limit = limit.to_string();
        let question = NodeBuilder::new("collections")
            .attr("biz_jid", parse(jid)?)
            .children([
                text_node("collection_limit", &limit),
                text_node("item_limit", &limit),
                text_node("width", PICTURE),
                text_node("height", PICTURE),
            ])
            .build();
        let answer = self.ask_business(question).await?;
        let answer = answer.get().to_owned();
        Ok(answer
            .get_optional_child("collections")
            .map(collections)
            .unwrap_or_default())
    }

    async fn ask_business(
        &self,
        question: Node,
    ) -> Result<std::sync::Arc<OwnedNodeRef>, ChannelError> {
        let client = self.client()?;
        let iq = InfoQuery::get(
            "w:biz:catalog",
            parse("s.whatsapp.net")?,
            Some(NodeContent::Nodes(vec![question])),
        );
        client.send_iq(iq).await.map_err(|error| of_iq(&error))
    }
}

fn text_node(tag: &'static str, text: &str) -> Node {
    NodeBuilder::new(tag)
        .bytes(text.as_bytes().to_vec())
        .build()
}

fn page(catalog: &Node) -> CatalogPage {
    let after = catalog
        .get_optional_child("paging")
        .and_then(|paging| text_of(paging, "after"));
    CatalogPage {
        products: children(catalog, "product").map(product).collect(),
        cursor: after.filter(|after| !after.is_empty()),
    }
}

fn collections(node: &Node) -> Vec<Collection> {
    children(node, "collection")
        .map(|collection| {
            let status = collection.get_optional_child("status_info");
            let can_appeal = status.and_then(|status| text_of(status, "can_appeal"));
            Collection {
                id: text_of(collection, "id").unwrap_or_default(),
                name: text_of(collection, "name").unwrap_or_default(),
                products: children(collection, "product").map(product).collect(),
                status: json!({
                    "status": status.and_then(|status| text_of(status, "status")).unwrap_or_default(),
                    "canAppeal": can_appeal.as_deref() == Some("true"),
                }),
            }
        })
        .collect()
}

fn product(node: &Node) -> Product {
    let text = |tag| text_of(node, tag);
    let image = node
        .get_optional_child("media")
        .and_then(|media| media.get_optional_child("image"));
    let image_url = |tag| image.and_then(|image| text_of(image, tag));
    let review = node
        .get_optional_child("status_info")
        .and_then(|status| text_of(status, "status"));
    Product {
        id: text("id").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        description: text("description").unwrap_or_default(),
        price: text("price")
            .and_then(|price| price.parse().ok())
            .unwrap_or_default(),
        currency: text("currency").unwrap_or_default(),
        url: text("url").filter(|url| !url.is_empty()),
        retailer_id: text("retailer_id").filter(|id| !id.is_empty()),
        is_hidden: attribute(node, "is_hidden").as_deref() == Some("true"),
        image_urls: json!({
            "requested": image_url("request_image_url").unwrap_or_default(),
            "original": image_url("original_image_url").unwrap_or_default(),
        }),
        review_status: review.map_or(Value::Null, |review| json!({"whatsapp": review})),
        availability: attribute(node, "availability").unwrap_or_else(|| "unknown".to_owned()),
    }
}

fn children<'a>(node: &'a Node, tag: &'a str) -> impl Iterator<Item = &'a Node> {
    node.children()
        .unwrap_or_default()
        .iter()
        .filter(move |child| child.tag == tag)
}

fn attribute(node: &Node, name: &str) -> Option<String> {
    node.attrs
        .get(name)
        .map(|value| value.as_str().into_owned())
}

/// The text of a child.
fn text_of(node: &Node, tag: &str) -> Option<String> {
    match &node.get_optional_child(tag)?.content {
        Some(NodeContent::Bytes(bytes)) => String::from_utf8(bytes.to_vec()).ok(),
        Some(NodeContent::String(text)) => Some(text.to_string()),
        Some(NodeContent::Nodes(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_products_is_read() {
        let picture = NodeBuilder::new("image")
            .children([
                text_node("request_image_url", "https://a.example/small"),
                text_node("original_image_url", "https://a.example/large"),
            ])
            .build();
        let one = NodeBuilder::new("product")
            .attr("is_hidden", "true")
            .attr("availability", "in stock")
            .children([
                text_node("id", "7"),
                text_node("name", "Bread"),
                text_node("price", "1500"),
                text_node("currency", "BRL"),
                text_node("retailer_id", ""),
                NodeBuilder::new("media").children([picture]).build(),
                NodeBuilder::new("status_info")
                    .children([text_node("status", "APPROVED")])
                    .build(),
            ])
            .build();
        let paging = NodeBuilder::new("paging")
            .children([text_node("after", "next")])
            .build();
        let catalog = NodeBuilder::new("product_catalog")
            .children([one, paging])
            .build();
        let read = page(&catalog);
        assert_eq!(read.cursor.as_deref(), Some("next"));
        let product = &read.products[0];
        assert_eq!(
            (product.name.as_str(), product.price, product.is_hidden),
            ("Bread", 1500, true)
        );
        assert_eq!(
            product.image_urls["requested"],
            json!("https://a.example/small")
        );
        assert_eq!(product.retailer_id, None);
        assert_eq!(
            page(&NodeBuilder::new("product_catalog").build()),
            CatalogPage::default()
        );
    }
}
