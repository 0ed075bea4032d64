//! Business accounts: profile, verified name, catalogue, orders.

use pombo_simulator::{
    Business, BusinessDay, BusinessProfile, Collection, Order, OrderItem, Product,
};
use wacore_binary::Node;
use whatsapp_rust::wacore::types::events::Event;

use crate::kit::query::{attribute, code, get, node, set, text_at, text_node};
use crate::kit::{ALICE, BOB, Client, simulator, text};

fn product(id: &str, name: &str, price: u64) -> Product {
    Product {
        id: id.to_owned(),
        name: name.to_owned(),
        description: Some(format!("A {name}")),
        retailer_id: Some(format!("R{id}")),
        price,
        currency: "BRL".to_owned(),
        images: vec![format!("http://127.0.0.1/{id}.jpg")],
        ..Product::default()
    }
}

fn shop() -> Business {
    let mut hidden = product("3", "secret", 1);
    hidden.hidden = true;
    Business {
        verified_name: Some("Padaria".to_owned()),
        profile: BusinessProfile {
            description: "Bread and cake".to_owned(),
            address: Some("Rua A, 1".to_owned()),
            email: Some("padaria@example.com".to_owned()),
            websites: vec!["https://example.com".to_owned()],
            categories: vec![("1223524174334504".to_owned(), "Bakery".to_owned())],
            timezone: Some("America/Sao_Paulo".to_owned()),
            days: vec![BusinessDay {
                day: "mon".to_owned(),
                mode: "specific_hours".to_owned(),
                open: Some(420),
                close: Some(1080),
            }],
            cover_photo: None,
        },
        products: vec![
            product("1", "loaf", 5000),
            product("2", "cake", 30_000),
            hidden,
        ],
        collections: vec![Collection {
            id: "9".to_owned(),
            name: "Sweet".to_owned(),
            products: vec!["2".to_owned()],
        }],
        orders: vec![Order {
            id: "77".to_owned(),
            token: "tok".to_owned(),
            items: vec![OrderItem {
                product: "1".to_owned(),
                quantity: 3,
            }],
        }],
    }
}

async fn shop_and_customer(simulator: &pombo_simulator::Simulator) -> [Client; 2] {
    let seller = Client::linked(simulator, ALICE).await;
    let customer = Client::linked(simulator, BOB).await;
    simulator
        .set_business(ALICE, Some(shop()))
        .expect("Alice exists");
    [seller, customer]
}

fn catalogue(seller: &Client, limit: &str, after: Option<&str>) -> Node {
    let mut children = vec![
        text_node("limit", limit),
        text_node("width", "100"),
        text_node("height", "100"),
    ];
    if let Some(after) = after {
        children.push(text_node("after", after));
    }
    node("product_catalog")
        .attr("jid", seller.jid())
        .attr("allow_shop_source", "true")
        .children(children)
        .build()
}

#[tokio::test]
async fn a_profile_is_read_and_changed() {
    let simulator = simulator().await;
    let [seller, customer] = shop_and_customer(&simulator).await;
    customer
        .send_message(seller.jid(), text("hello"))
        .await
        .expect("a message");
    seller.text("hello").await;
    let profile = customer
        .get_business_profile(&seller.jid())
        .await
        .expect("an answer")
        .expect("a profile");
    assert_eq!(profile.description, "Bread and cake");
    assert_eq!(profile.website, ["https://example.com"]);
    assert_eq!(profile.categories[0].name, "Bakery");
    assert_eq!(profile.email.as_deref(), Some("padaria@example.com"));
    assert_eq!(
        profile.business_hours.timezone.as_deref(),
        Some("America/Sao_Paulo")
    );
    let days = profile.business_hours.business_config.expect("days");
    assert_eq!(
        (days[0].open_time, days[0].close_time),
        (Some(420), Some(1080))
    );
    let none = seller
        .get_business_profile(&customer.jid())
        .await
        .expect("an answer");
    assert!(none.is_none(), "he is no business");
    let found = customer
        .contacts()
        .is_on_whatsapp(&[seller.jid()])
        .await
        .expect("an answer");
    assert!(found[0].is_business);
    let name = found[0]
        .verified_name
        .as_ref()
        .and_then(|name| name.name.as_deref());
    assert_eq!(name, Some("Padaria"));

    let change = node("business_profile")
        .attr("v", "3")
        .attr("mutation_type", "delta")
        .children([text_node("description", "Only bread")])
        .build();
    set(&seller, "w:biz", change.clone())
        .await
        .expect("her own");
    customer
        .wait("the change", |event| match event {
            Event::BusinessStatusUpdate(update) => (update.jid == seller.jid()).then_some(()),
            _ => None,
        })
        .await;
    let profile = simulator.business(ALICE).expect("a business").profile;
    assert_eq!(profile.description, "Only bread");
    assert_eq!(
        profile.address.as_deref(),
        Some("Rua A, 1"),
        "the rest stays"
    );
    let error = set(&customer, "w:biz", change)
        .await
        .expect_err("no business");
    assert_eq!(code(&error), 403);
    simulator.assert_clean();
}

#[tokio::test]
async fn a_catalogue_comes_in_pages() {
    let simulator = simulator().await;
    let [seller, customer] = shop_and_customer(&simulator).await;
    let page = get(&customer, "w:biz:catalog", catalogue(&seller, "1", None))
        .await
        .expect("a page");
    let path = ["product_catalog", "product"];
    assert_eq!(text_at(&page, &[path[0], path[1], "name"]), "loaf");
    assert_eq!(text_at(&page, &[path[0], path[1], "price"]), "5000");
    assert_eq!(
        text_at(
            &page,
            &[path[0], path[1], "media", "image", "original_image_url"]
        ),
        "http://127.0.0.1/1.jpg"
    );
    assert!(
        text_at(
            &page,
            &[path[0], path[1], "media", "image", "request_image_url"]
        )
        .ends_with("?w=100&h=100")
    );
    assert_eq!(
        text_at(&page, &[path[0], path[1], "status_info", "status"]),
        "APPROVED"
    );
    let cursor = text_at(&page, &["product_catalog", "paging", "after"]);
    let last = get(
        &customer,
        "w:biz:catalog",
        catalogue(&seller, "1", Some(&cursor)),
    )
    .await
    .expect("a page");
    assert_eq!(text_at(&last, &[path[0], path[1], "name"]), "cake");
    assert!(
        last.get_optional_child_by_tag(&["product_catalog", "paging"])
            .is_none(),
        "what is hidden is not offered"
    );
    let all = get(&seller, "w:biz:catalog", catalogue(&seller, "10", None))
        .await
        .expect("a page");
    let products = all.get_optional_child("product_catalog").expect("products");
    assert_eq!(products.get_children_by_tag("product").count(), 3);
    let error = get(&seller, "w:biz:catalog", catalogue(&customer, "10", None))
        .await
        .expect_err("he is no business");
    assert_eq!(code(&error), 404);

    let request = node("collections")
        .attr("biz_jid", seller.jid())
        .children([
            text_node("collection_limit", "51"),
            text_node("item_limit", "51"),
        ])
        .build();
    let collections = get(&customer, "w:biz:catalog", request)
        .await
        .expect("collections");
    let path = ["collections", "collection"];
    assert_eq!(text_at(&collections, &[path[0], path[1], "name"]), "Sweet");
    assert_eq!(
        text_at(&collections, &[path[0], path[1], "product", "name"]),
        "cake"
    );
    assert_eq!(
        text_at(&collections, &[path[0], path[1], "status_info", "status"]),
        "APPROVED"
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn products_are_added_changed_and_deleted_by_their_seller() {
    let simulator = simulator().await;
    let [seller, customer] = shop_and_customer(&simulator).await;
    let wanted = node("product_catalog_add")
        .attr("v", "1")
        .children([node("product")
            .attr("is_hidden", "false")
            .children([
                text_node("name", "bun"),
                text_node("price", "1000"),
                text_node("currency", "BRL"),
                node("media")
                    .children([node("image")
                        .children([text_node("url", "http://127.0.0.1/bun.jpg")])
                        .build()])
                    .build(),
            ])
            .build()])
        .build();
    let added = set(&seller, "w:biz:catalog", wanted.clone())
        .await
        .expect("her own catalogue");
    let id = text_at(&added, &["product_catalog_add", "product", "id"]);
    let error = set(&customer, "w:biz:catalog", wanted)
        .await
        .expect_err("no business");
    assert_eq!(code(&error), 403);
    let change = node("product_catalog_edit")
        .attr("v", "1")
        .children([node("product")
            .children([text_node("id", &id), text_node("price", "1100")])
            .build()])
        .build();
    let edited = set(&seller, "w:biz:catalog", change)
        .await
        .expect("her own product");
    assert_eq!(
        text_at(&edited, &["product_catalog_edit", "product", "price"]),
        "1100"
    );
    assert_eq!(
        text_at(&edited, &["product_catalog_edit", "product", "name"]),
        "bun"
    );
    let removal = node("product_catalog_delete")
        .attr("v", "1")
        .children([
            node("product").children([text_node("id", &id)]).build(),
            node("product").children([text_node("id", "none")]).build(),
        ])
        .build();
    let deleted = set(&seller, "w:biz:catalog", removal)
        .await
        .expect("her own product");
    let deleted = deleted
        .get_optional_child("product_catalog_delete")
        .expect("an answer");
    assert_eq!(attribute(deleted, "deleted_count"), "1");
    assert_eq!(
        simulator
            .business(ALICE)
            .expect("a business")
            .products
            .len(),
        3
    );
    simulator.assert_clean();
}

#[tokio::test]
async fn an_order_is_shown_to_whoever_has_its_token() {
    let simulator = simulator().await;
    let [_seller, customer] = shop_and_customer(&simulator).await;
    let order = |token: &str| {
        node("order")
            .attr("op", "get")
            .attr("id", "77")
            .children([text_node("token", token)])
            .build()
    };
    let seen = get(&customer, "fb:thrift_iq", order("tok"))
        .await
        .expect("the order");
    assert_eq!(text_at(&seen, &["order", "product", "name"]), "loaf");
    assert_eq!(text_at(&seen, &["order", "product", "quantity"]), "3");
    assert_eq!(text_at(&seen, &["order", "price", "total"]), "15000");
    assert_eq!(text_at(&seen, &["order", "price", "currency"]), "BRL");
    let error = get(&customer, "fb:thrift_iq", order("guess"))
        .await
        .expect_err("not the token");
    assert_eq!(code(&error), 403);
    simulator.assert_clean();
}
