//! `w:biz`: business profiles and verified names.

use wacore_binary::Node;
use waproto::buffa::Message as _;
use waproto::whatsapp as wa;

use super::answer::{Answer, Refusal, Reply};
use super::notification;
use crate::network::business::{Business, BusinessDay, BusinessProfile};
use crate::network::{AccountId, Addressing, Session, State};
use crate::node::{NodeExt as _, node};

/// A business has at most so many web pages.
const WEBSITES: usize = 2;

/// `<business_profile v><profile jid/>…</business_profile>`: profiles of those who have one.
pub(crate) fn profile(state: &mut State, _: &Session, iq: &Node) -> Answer {
    let request = iq.child("business_profile").ok_or(Refusal::BAD_REQUEST)?;
    let mut profiles = Vec::new();
    for asked in request.nodes_named("profile") {
        let jid = asked.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
        let business = state
            .resolve(&jid)
            .and_then(|id| state.account(id))
            .and_then(|account| account.business.as_ref());
        if let Some(business) = business {
            profiles.push(
                node("profile")
                    .attr("jid", jid.to_non_ad())
                    .children(fields(&business.profile))
                    .build(),
            );
        }
    }
    Reply::node(
        node("business_profile")
            .attr("v", request.text("v").as_ref())
            .children(profiles)
            .build(),
    )
}

fn text(tag: &'static str, text: &str) -> Node {
    node(tag).bytes(text.as_bytes().to_vec()).build()
}

fn fields(profile: &BusinessProfile) -> Vec<Node> {
    let mut nodes = vec![text("description", &profile.description)];
    if let Some(address) = &profile.address {
        nodes.push(text("address", address));
    }
    if let Some(email) = &profile.email {
        nodes.push(text("email", email));
    }
    nodes.extend(
        profile
            .websites
            .iter()
            .map(|website| text("website", website)),
    );
    let categories = profile.categories.iter().map(|(id, name)| {
        node("category")
            .attr("id", id.as_str())
            .bytes(name.as_bytes().to_vec())
            .build()
    });
    nodes.push(node("categories").children(categories).build());
    if !profile.days.is_empty() || profile.timezone.is_some() {
        let days = profile.days.iter().map(|day| {
            let mut hours = node("business_hours_config")
                .attr("day_of_week", day.day.as_str())
                .attr("mode", day.mode.as_str());
            if let Some(open) = day.open {
                hours = hours.attr("open_time", open);
            }
            if let Some(close) = day.close {
                hours = hours.attr("close_time", close);
            }
            hours.build()
        });
        let hours = node("business_hours").children(days);
        nodes.push(match &profile.timezone {
            Some(timezone) => hours.attr("timezone", timezone.as_str()).build(),
            None => hours.build(),
        });
    }
    if let Some(id) = &profile.cover_photo {
        nodes.push(node("cover_photo").attr("id", id.as_str()).build());
    }
    nodes
}

/// `<business_profile v="3" mutation_type="delta">`: what is named is changed, the rest stays. Only for business accounts.
pub(crate) fn edit(state: &mut State, from: &Session, iq: &Node) -> Answer {
    let change = iq.child("business_profile").ok_or(Refusal::BAD_REQUEST)?;
    if change.text("mutation_type") != "delta" {
        return Err(Refusal::BAD_REQUEST);
    }
    let profile = &mut business_mut(state, from.account)?.profile;
    let websites: Vec<String> = change
        .nodes_named("website")
        .map(|website| website.body_text().into_owned())
        .filter(|website| !website.is_empty())
        .collect();
    if websites.len() > WEBSITES {
        return Err(Refusal::NOT_ACCEPTABLE);
    }
    if change.child("website").is_some() {
        profile.websites = websites;
    }
    for field in change.nodes() {
        let text = field.body_text().into_owned();
        let optional = Some(text.clone()).filter(|text| !text.is_empty());
        match field.tag.as_ref() {
            "description" => profile.description = text,
            "address" => profile.address = optional,
            "email" => profile.email = optional,
            "website" => {}
            "business_hours" => {
                profile.timezone = field.text_opt("timezone").map(|text| text.into_owned());
                profile.days = field
                    .nodes_named("business_hours_config")
                    .map(|day| BusinessDay {
                        day: day.text("day_of_week").into_owned(),
                        mode: day.text("mode").into_owned(),
                        open: day.parsed("open_time"),
                        close: day.parsed("close_time"),
                    })
                    .collect();
            }
            "cover_photo" => match field.text("op").as_ref() {
                "update" => profile.cover_photo = Some(field.text("id").into_owned()),
                "delete" => profile.cover_photo = None,
                _ => return Err(Refusal::BAD_REQUEST),
            },
            _ => return Err(Refusal::Unknown),
        }
    }
    tell_of_profile(state, from.account);
    Reply::node(
        node("business_profile")
            .attr("v", change.text("v").as_ref())
            .build(),
    )
}

/// Whoever knows the business learns that its profile has changed.
fn tell_of_profile(state: &mut State, id: AccountId) {
    let Some(account) = state.account(id) else {
        return;
    };
    let jid = account.jid(Addressing::Pn);
    for other in state.acquaintances(id) {
        let profile = node("profile").attr("jid", jid.clone()).build();
        let note = notification::build(state, "business", jid.clone(), [], vec![profile]);
        notification::tell(state, other, None, note);
    }
}

/// `<verified_name jid/>`: the certificate of the name that a business shows.
pub(crate) fn verified_name(state: &mut State, _: &Session, iq: &Node) -> Answer {
    let request = iq.child("verified_name").ok_or(Refusal::BAD_REQUEST)?;
    let jid = request.jid("jid").ok_or(Refusal::BAD_REQUEST)?;
    let name = state
        .resolve(&jid)
        .and_then(|id| state.account(id))
        .and_then(|account| account.business.as_ref())
        .and_then(verified_name_node)
        .ok_or(Refusal::NOT_FOUND)?;
    Reply::node(name)
}

/// `<verified_name>`: in answers of the directory, too.
pub(crate) fn verified_name_node(business: &Business) -> Option<Node> {
    let name = business.verified_name.as_ref()?;
    let details = wa::verified_name_certificate::Details {
        serial: Some(1),
        issuer: Some("smb:wa".to_owned()),
        verified_name: Some(name.clone()),
        ..Default::default()
    };
    let certificate = wa::VerifiedNameCertificate {
        details: Some(details.encode_to_vec()),
        ..Default::default()
    };
    Some(
        node("verified_name")
            .attr("verified_level", "unknown")
            .attr("v", 1)
            .bytes(certificate.encode_to_vec())
            .build(),
    )
}

/// A business account, to change it. Others are refused.
pub(super) fn business_mut(state: &mut State, id: AccountId) -> Result<&mut Business, Refusal> {
    state
        .account_mut(id)
        .and_then(|account| account.business.as_mut())
        .ok_or(Refusal::FORBIDDEN)
}
