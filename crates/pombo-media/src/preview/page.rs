use encoding_rs::{Encoding, UTF_8};
use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};
use url::Url;

/// How far the page's own word about its encoding is looked for. Source: WHATWG HTML, "prescan a byte stream".
const PRESCANNED: usize = 1024;

/// What a page says about itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageFacts {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) canonical: Option<Url>,
    pub(super) image: Option<Url>,
}

/// All that was said; the better of it counts in the end.
#[derive(Default)]
struct Said {
    element_title: Option<String>,
    og_title: Option<String>,
    twitter_title: Option<String>,
    meta_description: Option<String>,
    og_description: Option<String>,
    twitter_description: Option<String>,
    og_url: Option<String>,
    link_canonical: Option<String>,
    og_image: Option<String>,
    twitter_image: Option<String>,
    link_image: Option<String>,
}

pub(super) fn is_html(content_type: &str) -> bool {
    let essence = crate::mime::essence(content_type);
    matches!(essence.as_str(), "" | "text/html" | "application/xhtml+xml")
}

/// Decodes by the byte order mark, the header, the page's own word, or as UTF-8.
pub(super) fn text(bytes: &[u8], content_type: &str) -> String {
    let encoding = charset(content_type)
        .or_else(|| {
            let head = bytes.get(..PRESCANNED).unwrap_or(bytes);
            charset(&String::from_utf8_lossy(head))
        })
        .unwrap_or(UTF_8);
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// After the first `charset=`, with or without quotes.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let (_, after) = lower.split_once("charset")?;
    let label = after.trim_start().strip_prefix('=')?.trim_start();
    let label = label.trim_start_matches(['"', '\'']);
    let end =
        label.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | ':' | '.'));
    Encoding::for_label(label.get(..end.unwrap_or(label.len()))?.as_bytes())
}

/// Reads the elements that describe the page; `address` is where it came from.
pub(super) fn read(html: &str, address: &Url) -> PageFacts {
    let mut emitter = DefaultEmitter::default();
    // Scripts and styles hold text that only looks like elements.
    emitter.naively_switch_states(true);
    let mut said = Said::default();
    let mut base = address.clone();
    let mut title = None;
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        match token {
            Token::StartTag(tag) => match tag.name.as_slice() {
                b"title" if said.element_title.is_none() => title = Some(String::new()),
                b"meta" => said.meta(&tag),
                b"link" => said.link(&tag),
                b"base" => {
                    if let Some(url) =
                        attribute(&tag, "href").and_then(|href| address.join(&href).ok())
                    {
                        base = url;
                    }
                }
                _ => {}
            },
            Token::String(text) => {
                if let Some(title) = &mut title {
                    title.push_str(&String::from_utf8_lossy(&text));
                }
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"title" => {
                said.element_title = said.element_title.or(title.take());
            }
            _ => {}
        }
    }
    said.element_title = said.element_title.take().or(title);
    said.facts(&base)
}

impl Said {
    fn meta(&mut self, tag: &StartTag<()>) {
        let Some(content) = attribute(tag, "content").filter(|text| !text.trim().is_empty()) else {
            return;
        };
        // Twitter's words are found in either attribute, and so are the others in the wild.
        for name in ["property", "name"] {
            let Some(name) = attribute(tag, name) else {
                continue;
            };
            let place = match name.trim().to_ascii_lowercase().as_str() {
                "og:title" => &mut self.og_title,
                "twitter:title" => &mut self.twitter_title,
                "og:description" => &mut self.og_description,
                "twitter:description" => &mut self.twitter_description,
                "description" => &mut self.meta_description,
                "og:url" => &mut self.og_url,
                "og:image" | "og:image:url" | "og:image:secure_url" => &mut self.og_image,
                "twitter:image" | "twitter:image:src" => &mut self.twitter_image,
                _ => continue,
            };
            place.get_or_insert(content);
            return;
        }
    }

    fn link(&mut self, tag: &StartTag<()>) {
        let (Some(relation), Some(href)) = (attribute(tag, "rel"), attribute(tag, "href")) else {
            return;
        };
        match relation.trim().to_ascii_lowercase().as_str() {
            "canonical" => self.link_canonical.get_or_insert(href),
            "image_src" => self.link_image.get_or_insert(href),
            _ => return,
        };
    }

    fn facts(self, base: &Url) -> PageFacts {
        let web = |text: Option<String>| {
            let url = base.join(text?.trim()).ok()?;
            matches!(url.scheme(), "http" | "https").then_some(url)
        };
        let described = |text: &String| !text.trim().is_empty();
        PageFacts {
            title: self
                .og_title
                .or(self.twitter_title)
                .or(self.element_title.filter(described)),
            description: self
                .og_description
                .or(self.twitter_description)
                .or(self.meta_description),
            canonical: web(self.og_url).or_else(|| web(self.link_canonical)),
            image: web(self.og_image)
                .or_else(|| web(self.twitter_image))
                .or_else(|| web(self.link_image)),
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    let value = tag.attributes.get(name.as_bytes())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(html: &str) -> PageFacts {
        read(html, &Url::parse("https://a.test/dir/page").unwrap())
    }

    fn url(text: &str) -> Option<Url> {
        Some(Url::parse(text).unwrap())
    }

    #[test]
    fn open_graph_counts_most() {
        let facts = facts(
            r#"<html><head><title>Plain</title>
            <meta name="description" content="plain words">
            <meta property="og:title" content="Caf&eacute; &amp; more">
            <meta property=og:description content='a "good" one'>
            <meta property="og:url" content="https://a.test/other">
            <meta name="twitter:title" content="T"><link rel="canonical" href="/x">
            <meta property="og:image" content="../pic.png"></head>"#,
        );
        assert_eq!(facts.title.as_deref(), Some("Café & more"));
        assert_eq!(facts.description.as_deref(), Some("a \"good\" one"));
        assert_eq!(facts.canonical, url("https://a.test/other"));
        assert_eq!(facts.image, url("https://a.test/pic.png"));
    }

    #[test]
    fn without_it_the_page_describes_itself() {
        let facts = facts(
            r#"<base href="https://cdn.test/"><TITLE> Plain
            &lt;title&gt; </TITLE><meta name=description content=words>
            <meta property="og:title" content=" "><link rel=canonical href="https://a.test/c">
            <link rel=image_src href=p.jpg><svg><title>not this</title></svg>"#,
        );
        assert_eq!(
            facts
                .title
                .unwrap()
                .trim()
                .replace('\n', " ")
                .split_whitespace()
                .collect::<Vec<_>>(),
            ["Plain", "<title>"]
        );
        assert_eq!(facts.description.as_deref(), Some("words"));
        assert_eq!(facts.canonical, url("https://a.test/c"));
        assert_eq!(facts.image, url("https://cdn.test/p.jpg"));
    }

    #[test]
    fn scripts_are_no_elements() {
        let facts = facts(
            r#"<script>var a = '<title>no</title><meta property="og:title" content="no">';</script>
            <style>x { content: "<title>no</title>" }</style><title>yes</title>"#,
        );
        assert_eq!(facts.title.as_deref(), Some("yes"));
    }

    #[test]
    fn other_schemes_are_not_followed() {
        let facts = facts(
            r#"<meta property="og:image" content="file:///etc/passwd">
            <meta name="twitter:image" content="data:image/png;base64,AAAA">
            <meta property="og:url" content="javascript:alert(1)">"#,
        );
        assert_eq!(facts, PageFacts::default());
    }

    #[test]
    fn broken_pages_are_read_as_far_as_they_go() {
        for html in [
            "",
            "<",
            "<title",
            "<meta property=og:title content=",
            "<title>never ends",
        ] {
            let _: PageFacts = facts(html);
        }
        assert_eq!(
            facts("<title>never ends").title.as_deref(),
            Some("never ends")
        );
    }

    #[test]
    fn encodings_are_found() {
        let latin = b"<meta charset=\"iso-8859-1\"><title>Promo\xe7\xe3o</title>";
        assert!(text(latin, "text/html").contains("Promoção"));
        let latin = b"<title>Promo\xe7\xe3o</title>";
        assert!(text(latin, "text/html; charset=ISO-8859-1").contains("Promoção"));
        let old = b"<meta http-equiv=content-type content='text/html; charset=windows-1252'>\x80";
        assert!(text(old, "").ends_with('€'));
        assert!(text("ação".as_bytes(), "text/html").contains("ação"));
        assert!(text("ação".as_bytes(), "text/html; charset=nonsense").contains("ação"));
    }
}
