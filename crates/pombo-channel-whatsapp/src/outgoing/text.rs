//! Text, with what is shown below a link.

use pombo_domain::media::LinkPreview;
use serde_json::json;

use super::Built;
use super::context::Context;
use crate::json::indexed;

pub(super) fn build(text: &str, preview: Option<&LinkPreview>, context: &Context) -> Built {
    let mut content = json!({"text": text});
    if let Some(preview) = preview {
        content["matchedText"] = preview.matched_text.clone().into();
        content["title"] = preview.title.clone().into();
        if let Some(description) = &preview.description {
            content["description"] = description.clone().into();
        }
        if let Some(thumbnail) = &preview.thumbnail {
            content["jpegThumbnail"] = indexed(thumbnail);
        }
        content["previewType"] = 0.into();
    }
    Built::new(json!({"extendedTextMessage": context.attach(content)}))
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::direct;
    use super::*;

    #[test]
    fn a_direct_text_is_answered_as_recorded() {
        let built = build("first hello", None, &direct());
        let sent = built.sent(
            "3EB0".to_owned(),
            &"1@s.whatsapp.net".parse().expect("a JID"),
        );
        assert_eq!(sent.message, json!({"conversation": "first hello"}));
        assert_eq!(sent.message_type, "conversation");
        assert_eq!(sent.context_info, direct().value());
    }

    #[test]
    fn a_preview_goes_with_the_text() {
        let preview = LinkPreview {
            matched_text: "https://example.com".to_owned(),
            canonical_url: "https://example.com/".to_owned(),
            title: "Example".to_owned(),
            description: Some("A page".to_owned()),
            thumbnail: Some(vec![1, 2].into()),
        };
        let built = build("see https://example.com", Some(&preview), &Context::none());
        let message = built.message().expect("it is a message");
        let text = message
            .extended_text_message
            .as_option()
            .expect("it is a text");
        assert_eq!(text.matched_text.as_deref(), Some("https://example.com"));
        assert_eq!(text.title.as_deref(), Some("Example"));
        assert_eq!(text.jpeg_thumbnail.as_deref(), Some(&[1, 2][..]));
        assert!(text.context_info.is_unset());
    }
}
