//! Lists to choose one row from.

use pombo_domain::message::ListSection;
use serde_json::{Value, json};
use wacore_binary::builder::NodeBuilder;

use super::Built;
use super::context::Context;

/// The texts around the rows.
pub(super) struct Texts<'a> {
    pub(super) title: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) footer: &'a str,
    pub(super) button: &'a str,
}

/// Phones show a list only when the stanza announces it.
pub(super) fn build(texts: &Texts<'_>, sections: &[ListSection], context: &Context) -> Built {
    const SINGLE_SELECT: u32 = 1;

    let sections: Vec<Value> = sections
        .iter()
        .map(|section| {
            let rows: Vec<Value> = section
                .rows
                .iter()
                .map(|row| {
                    let mut shown = json!({"title": row.title, "rowId": row.id});
                    if let Some(description) = &row.description {
                        shown["description"] = description.clone().into();
                    }
                    shown
                })
                .collect();
            json!({"title": section.title, "rows": rows})
        })
        .collect();
    let mut content = json!({
        "title": texts.title,
        "buttonText": texts.button,
        "footerText": texts.footer,
        "listType": SINGLE_SELECT,
        "sections": sections,
    });
    if let Some(description) = texts.description {
        content["description"] = description.into();
    }
    let mut built = Built::new(json!({"listMessage": context.attach(content)}));
    let list = NodeBuilder::new("list")
        .attr("type", "product_list")
        .attr("v", "2")
        .build();
    built.nodes = vec![NodeBuilder::new("biz").children([list]).build()];
    built
}

#[cfg(test)]
mod tests {
    use pombo_domain::message::ListRow;

    use super::super::context::tests::direct;
    use super::*;

    #[test]
    fn a_list_is_announced() {
        let sections = [ListSection {
            title: "S1".to_owned(),
            rows: vec![ListRow {
                title: "R1".to_owned(),
                description: Some("d1".to_owned()),
                id: "r1".to_owned(),
            }],
        }];
        let texts = Texts {
            title: "Title",
            description: Some("Desc"),
            footer: "Foot",
            button: "Open",
        };
        let built = build(&texts, &sections, &direct());
        let biz = &built.nodes[0];
        let list = biz.get_optional_child("list").expect("a list");
        assert_eq!(biz.tag, "biz");
        assert_eq!(
            list.attrs().optional_string("type").as_deref(),
            Some("product_list")
        );
        let message = built.message().expect("it is a message");
        let sent = message.list_message.as_option().expect("a list");
        assert_eq!(sent.sections[0].rows[0].row_id.as_deref(), Some("r1"));
        assert_eq!(sent.description.as_deref(), Some("Desc"));
        assert_eq!(sent.list_type.map(|kind| kind as i32), Some(1));
    }
}
