//! Stanzas that no client sends: whatever comes, the network answers or ignores it and goes on.

use std::collections::BTreeSet;
use std::path::Path;

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Node, NodeContent, NodeValue, marshal};
use wacore_noise::framing::encode_frame;

use crate::fuzz::{self, World};
use crate::network::random::Random;

const TAGS: &str = "iq message receipt ack presence chatstate call ib status enc participants to list user item key skey id \
    value signature rotate registration type identity count digest usync query contact lid devices business sync \
    collection patch active passive offline_batch offer accept reject terminate destination composing paused \
    retry remove-companion-device media_conn ping clean create participant add remove promote demote subject \
    description body invite leave group ephemeral locked announcement membership_approval_mode group_join links \
    link unlink linked_parent parent delete_parent membership_requests_action approve picture props privacy \
    category tokens token tctoken plaintext reaction messages live_updates product_catalog collections order \
    business_profile spam_list bot disappearing_mode device-identity link_code_companion_reg pair-device-sign \
    reporting meta biz error limit width";

const KEYS: &str = "id type xmlns to from participant recipient jid class category name version count call-id call-creator \
    addressing_mode phash edit stage t query_id server_id code before subject key expiration state reason value \
    dhash action target device_fanout return_snapshot mode context sid link_type prev";

const SPACES: &str = "encrypt usync w:g2 w:mex newsletter md w:m w:p passive w:sync:app:state w:profile:picture status blocklist \
    privacy w:biz w:biz:catalog fb:thrift_iq abt bot spam disappearing_mode urn:xmpp:whatsapp:dirty";

const VALUES: &str = "get set result error available unavailable subscribe read retry sender server-error message receipt \
    notification call peer lid pn pkmsg msg skmsg regular_low critical_block image preview text media reaction \
    block unblock on off true all contacts none last groupadd sub_group -1 0 1 99999999999999999999 NaN \
    9935467776504344 25149874324715067 27456920720571478 \u{1f600} @ @g.us 1@lid :@s.whatsapp.net 5511900000001 \
    status@broadcast g.us s.whatsapp.net";

/// Stanzas that the network takes, one for each handler at least; then they are damaged. `A`, `B`, `C` are accounts, `G` a group.
const GOOD: &[&str] = &[
    r#"<iq type="get" xmlns="w:p"><ping/></iq>"#,
    r#"<iq type="set" xmlns="w:m"><media_conn/></iq>"#,
    r#"<iq type="set" xmlns="passive"><active/></iq>"#,
    r#"<iq type="get" xmlns="encrypt"><count/></iq>"#,
    r#"<iq type="get" xmlns="encrypt"><digest/></iq>"#,
    r#"<iq type="get" xmlns="encrypt"><key><user jid="B"/><user jid="C"/></key></iq>"#,
    r#"<iq type="set" xmlns="encrypt"><registration>abcd</registration><type>x</type><identity>x</identity><list><key><id>abc</id><value>v</value></key></list><skey><id>abc</id><value>v</value><signature>s</signature></skey></iq>"#,
    r#"<iq type="get" xmlns="usync"><usync sid="1" mode="query" context="message"><query><devices version="2"/><contact/><lid/><status/><business/><picture/><disappearing_mode/></query><list><user jid="B"/><user><contact>+5511900000003</contact></user></list></usync></iq>"#,
    r#"<iq type="set" xmlns="w:sync:app:state"><sync><collection name="regular_low" version="0" return_snapshot="true"/><collection name="critical_block" version="1"><patch>abc</patch></collection></sync></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="g.us"><create subject="Two" key="k"><participant jid="B"/><parent/></create></iq>"#,
    r#"<iq type="get" xmlns="w:g2" to="G"><query request="interactive"/></iq>"#,
    r#"<iq type="get" xmlns="w:g2" to="g.us"><participating><participants/><description/></participating></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><add><participant jid="C"/></add></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><remove><participant jid="C"/></remove></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><promote><participant jid="B"/></promote></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><demote><participant jid="B"/></demote></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><subject>New</subject></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><description id="d1"><body>text</body></description></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><ephemeral expiration="86400"/></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><announcement/></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><membership_approval_mode><group_join state="on"/></membership_approval_mode></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><membership_requests_action><approve><participant jid="C"/></approve></membership_requests_action></iq>"#,
    r#"<iq type="get" xmlns="w:g2" to="G"><invite/></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="g.us"><invite code="abc"/></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><links><link link_type="sub_group"><group jid="G"/></link></links></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="G"><unlink unlink_type="sub_group"><group jid="G"/></unlink></iq>"#,
    r#"<iq type="set" xmlns="w:g2" to="g.us"><leave><group id="G"/></leave></iq>"#,
    r#"<iq type="get" xmlns="w:mex"><query query_id="25149874324715067">{"variables":{"input":{"name":"News","description":"d"}}}</query></iq>"#,
    r#"<iq type="get" xmlns="w:mex"><query query_id="9935467776504344">{"variables":{"group_id":"G"}}</query></iq>"#,
    r#"<iq type="get" xmlns="newsletter" to="1@newsletter"><messages count="5" before="9"/></iq>"#,
    r#"<iq type="get" xmlns="w:profile:picture" target="B"><picture type="image" query="url"/></iq>"#,
    r#"<iq type="set" xmlns="w:profile:picture"><picture type="image">jpeg</picture></iq>"#,
    r#"<iq type="set" xmlns="status"><status>busy</status></iq>"#,
    r#"<iq type="get" xmlns="blocklist"/>"#,
    r#"<iq type="set" xmlns="blocklist"><item action="block" jid="B" pn_jid="B"/></iq>"#,
    r#"<iq type="get" xmlns="privacy"><privacy/></iq>"#,
    r#"<iq type="set" xmlns="privacy"><privacy><category name="last" value="contacts"/></privacy></iq>"#,
    r#"<iq type="set" xmlns="privacy"><tokens><token jid="B" t="1" type="trusted_contact"/></tokens></iq>"#,
    r#"<iq type="set" xmlns="disappearing_mode"><disappearing_mode duration="86400"/></iq>"#,
    r#"<iq type="get" xmlns="w:biz"><business_profile v="244"><profile jid="B"/></business_profile></iq>"#,
    r#"<iq type="get" xmlns="w:biz:catalog"><product_catalog jid="A" allow_shop_source="true"><limit>10</limit><width>100</width><height>100</height></product_catalog></iq>"#,
    r#"<iq type="get" xmlns="w:biz:catalog"><collections biz_jid="A"><collection_limit>5</collection_limit><item_limit>5</item_limit><width>9</width><height>9</height></collections></iq>"#,
    r#"<iq type="get" xmlns="abt"><props protocol="1"/></iq>"#,
    r#"<iq type="get" xmlns="bot"><bot v="2"/></iq>"#,
    r#"<iq type="set" xmlns="spam"><spam_list jid="B" spam_flow="x"><message id="1" t="1" from="B"/></spam_list></iq>"#,
    r#"<iq type="set" xmlns="urn:xmpp:whatsapp:dirty"><clean type="groups" timestamp="1"/></iq>"#,
    r#"<message id="m" type="text" to="B"><participants><to jid="B"><enc v="2" type="msg">x</enc></to><to jid="A"><enc v="2" type="pkmsg">y</enc></to></participants><device-identity>z</device-identity></message>"#,
    r#"<message id="m" type="text" to="G" addressing_mode="lid" phash="2:x"><participants><to jid="B"><enc v="2" type="pkmsg">x</enc></to></participants><enc v="2" type="skmsg">y</enc></message>"#,
    r#"<message id="m" type="text" to="B" participant="B"><enc v="2" type="pkmsg" count="1">x</enc></message>"#,
    r#"<message id="m" type="text" to="status@broadcast"><participants><to jid="B"><enc v="2" type="pkmsg">x</enc></to><to jid="C"/></participants><enc v="2" type="skmsg">y</enc></message>"#,
    r#"<message id="m" type="text" to="1@newsletter"><plaintext>x</plaintext></message>"#,
    r#"<receipt id="m" to="B" type="retry"><retry count="1" id="m" t="1" v="1"/><registration>abcd</registration><keys><type>x</type><identity>x</identity><key><id>abc</id><value>v</value></key><skey><id>abc</id><value>v</value><signature>s</signature></skey></keys></receipt>"#,
    r#"<receipt id="m" to="G" participant="B" type="read"><list><item id="n"/></list></receipt>"#,
    r#"<receipt id="m" to="A" type="server-error"><encrypt><enc_p>x</enc_p><enc_iv>y</enc_iv></encrypt><rmr jid="B" from_me="false"/></receipt>"#,
    r#"<ack class="message" id="m" to="B"/>"#,
    r#"<presence type="subscribe" to="B"/>"#,
    r#"<presence type="available" name="N"/>"#,
    r#"<chatstate to="B"><composing media="audio"/></chatstate>"#,
    r#"<chatstate to="G"><paused/></chatstate>"#,
    r#"<call to="B" id="c"><offer call-id="ABC" call-creator="A"><audio enc="opus" rate="16000"/><destination><to jid="B"><enc type="msg" v="2">x</enc></to></destination></offer></call>"#,
    r#"<call to="B" id="c"><terminate call-id="ABC" call-creator="A" reason="timeout"/></call>"#,
    r#"<ib><offline_batch count="200"/></ib>"#,
];

/// Reads one element of the corpus.
struct Reader<'a> {
    rest: &'a str,
    names: &'a [(&'static str, String)],
}

impl Reader<'_> {
    fn until(&mut self, end: &[char]) -> String {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(at);
        self.rest = rest;
        word.to_owned()
    }

    fn skip(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn text(&self, word: &str) -> String {
        let name = self.names.iter().find(|(name, _)| *name == word);
        name.map_or_else(|| word.to_owned(), |(_, value)| value.clone())
    }

    fn node(&mut self) -> Node {
        assert!(self.skip("<"), "{}", self.rest);
        let tag = self.until(&[' ', '/', '>']);
        let mut node = Node {
            tag: tag.into(),
            attrs: Default::default(),
            content: None,
        };
        while self.skip(" ") {
            let key = self.until(&['=']);
            assert!(self.skip("=\""));
            let value = self.until(&['"']);
            let value = self.text(&value);
            node.attrs.insert(key, value);
            assert!(self.skip("\""));
        }
        if self.skip("/>") {
            return node;
        }
        assert!(self.skip(">"), "{}", self.rest);
        let mut children = Vec::new();
        while self.rest.starts_with('<') && !self.rest.starts_with("</") {
            children.push(self.node());
        }
        node.content = Some(if children.is_empty() {
            NodeContent::Bytes(self.until(&['<']).into_bytes())
        } else {
            NodeContent::Nodes(children)
        });
        self.until(&['>']);
        assert!(self.skip(">"));
        node
    }
}

/// Makes stanzas of words that mean something, put together at random.
struct Chaos {
    random: Random,
    jids: Vec<String>,
}

impl Chaos {
    fn new(seed: u64, jids: Vec<String>) -> Self {
        Self {
            random: Random::seeded(seed),
            jids,
        }
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.random.below(length as u64)).unwrap_or(0)
    }

    fn pick(&mut self, words: &'static str) -> &'static str {
        let index = self.index(words.split(' ').count());
        words.split(' ').nth(index).unwrap_or_default()
    }

    fn value(&mut self) -> NodeValue {
        match self.random.below(8) {
            0 => NodeValue::from(""),
            1 => NodeValue::from("\u{0}\u{7}"),
            2..=4 => {
                let index = self.index(self.jids.len());
                let text = self.jids.get(index).cloned().unwrap_or_default();
                match text.parse::<wacore_binary::Jid>() {
                    Ok(jid) if self.random.below(2) == 0 => NodeValue::Jid(jid),
                    _ => NodeValue::from(text),
                }
            }
            _ => NodeValue::from(self.pick(VALUES)),
        }
    }

    fn node(&mut self, tag: &'static str, depth: u64) -> Node {
        let mut node = NodeBuilder::new(tag);
        for _ in 0..self.random.below(6) {
            let (key, value) = (self.pick(KEYS), self.value());
            node = node.attr(key, value);
        }
        let content = match self.random.below(if depth == 0 { 2 } else { 6 }) {
            0 => None,
            1 => {
                let length = self.random.below(90);
                let bytes = (0..length).map(|_| self.random.below(256).to_le_bytes()[0]);
                Some(NodeContent::Bytes(bytes.collect()))
            }
            2 => Some(NodeContent::String(self.pick(VALUES).into())),
            _ => {
                let count = self.random.below(4);
                let children = (0..count).map(|_| {
                    let tag = self.pick(TAGS);
                    self.node(tag, depth - 1)
                });
                Some(NodeContent::Nodes(children.collect()))
            }
        };
        node.apply_content(content).build()
    }

    /// Changes one thing somewhere in a stanza.
    fn damage(&mut self, node: &mut Node) {
        let children = match &mut node.content {
            Some(NodeContent::Nodes(children)) if !children.is_empty() => Some(children),
            _ => None,
        };
        if let Some(children) = children
            && self.random.below(3) != 0
        {
            let index = usize::try_from(self.random.below(children.len() as u64)).unwrap_or(0);
            match self.random.below(6) {
                0 => {
                    children.remove(index);
                }
                1 => {
                    let copy = children.get(index).cloned();
                    children.extend(copy);
                }
                2 => {
                    let tag = self.pick(TAGS);
                    children.push(self.node(tag, 2));
                }
                _ => {
                    if let Some(child) = children.get_mut(index) {
                        self.damage(child);
                    }
                }
            }
            return;
        }
        match self.random.below(5) {
            0 => {
                let key = self.pick(KEYS);
                node.attrs.0.retain(|(name, _)| name != key);
            }
            1 => {
                let (key, value) = (self.pick(KEYS), self.value());
                node.attrs.insert(key, value);
            }
            2 => {
                let value = self.value();
                let index = self.index(node.attrs.len());
                if let Some((_, old)) = node.attrs.0.get_mut(index) {
                    *old = value;
                }
            }
            3 => node.content = None,
            _ => {
                let length = *[0, 1, 3, 4, 16, 32, 33, 64, 80, 300]
                    .get(usize::try_from(self.random.below(10)).unwrap_or(0))
                    .unwrap_or(&0);
                node.content = Some(NodeContent::Bytes(
                    self.random.bytes::<300>()[..length].to_vec(),
                ));
            }
        }
    }

    /// Words put together at random; mostly a request.
    fn stanza(&mut self) -> Node {
        let tag = match self.random.below(3) {
            0 => self.pick("message receipt ack presence chatstate call ib status other"),
            _ => "iq",
        };
        let mut stanza = self.node(tag, 4);
        stanza.attrs.insert("id", "x");
        if tag == "iq" {
            stanza.attrs.insert("xmlns", self.pick(SPACES));
            stanza.attrs.insert("type", self.pick("get set"));
        }
        if self.random.below(2) == 0 {
            let to = self.value();
            stanza.attrs.insert("to", to);
        }
        stanza
    }
}

/// The corpus, with the addresses of this world.
fn good(world: &World) -> Vec<Node> {
    let named = |index: usize| world.jids.get(index).cloned().expect("an address");
    let names = [
        ("A", named(0)),
        ("B", named(4)),
        ("C", named(11)),
        ("G", named(13)),
    ];
    let good = GOOD.iter().map(|text| {
        let mut reader = Reader {
            rest: text,
            names: &names,
        };
        let mut stanza = reader.node();
        assert!(reader.rest.is_empty(), "{text}");
        if stanza.tag == "iq" {
            stanza.attrs.insert("id", "x");
        }
        stanza
    });
    good.collect()
}

/// Lets a thousand stanzas loose on a network; what its strict mode had to say.
fn campaign(seed: u64) -> BTreeSet<String> {
    let world = World::new();
    let good = good(&world);
    let mut chaos = Chaos::new(seed, world.jids.clone());
    for round in 0..1000 {
        let stanza = match chaos.random.below(5) {
            0 => chaos.stanza(),
            damages => {
                let index = chaos.index(good.len());
                let mut stanza = good.get(index).cloned().expect("within");
                for _ in 1..damages {
                    chaos.damage(&mut stanza);
                }
                stanza
            }
        };
        let index = chaos.index(world.accounts.len());
        let device = u16::from(chaos.random.below(5) != 0);
        world.receive(index, device, stanza);
        if round % 50 == 0 {
            world.run_phones();
        }
    }
    world.run_phones();
    world.assert_answers();
    world.network.with(|state| {
        let violations = std::mem::take(&mut state.violations);
        violations.into_iter().map(|found| found.reason).collect()
    })
}

#[tokio::test]
async fn nothing_that_a_client_can_send_stops_the_network() {
    let mut reasons = BTreeSet::new();
    for seed in 0..12 {
        reasons.extend(campaign(seed));
    }
    // The stanzas got as far as the handlers' own checks.
    assert!(reasons.len() > 30, "{reasons:?}");
}

/// The fuzzer's seeds are the corpus, as it goes over the wire. `UPDATE_DOCS=1` writes them anew.
#[tokio::test]
async fn the_seeds_of_the_fuzzer_are_the_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/simulator");
    for (index, stanza) in good(&World::new()).iter().enumerate() {
        let path = folder.join(format!("{index:02}-{}", stanza.tag));
        let stanza_bytes = marshal::marshal(stanza).expect("it can be written");
        let mut bytes = vec![fuzz::FIRST_COMPANION];
        bytes.extend(encode_frame(&stanza_bytes, None).expect("it is short enough"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &bytes).expect("a seed");
        }
        let seed = std::fs::read(&path).expect("every stanza of the corpus is a seed");
        assert_eq!(seed, bytes, "{}", path.display());
        fuzz::run(&seed);
    }
}

/// Whatever begins a connection.
#[tokio::test]
async fn nothing_that_comes_before_the_stanzas_stops_the_network() {
    let mut random = Random::seeded(5);
    for length in [0_usize, 1, 2, 5, 40, 100, 300] {
        for _ in 0..40 {
            let mut input = vec![fuzz::CONNECTION];
            if random.below(2) == 0 {
                input.extend_from_slice(&wacore_binary::consts::WA_CONN_HEADER);
            }
            input.extend_from_slice(&random.bytes::<300>()[..length]);
            fuzz::run(&input);
        }
    }
}
