//! The special ranges of the Internet and from which policy on they are refused.
//!
//! Source: IANA "IPv4 Special-Purpose Address Registry" and "IPv6 Special-Purpose Address Registry" (RFC 6890), and the
//! metadata addresses in the documentation of the cloud vendors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use super::OutboundPolicy::{self, Private, Public};
use super::embedded;

/// The name of the range because of which `policy` refuses `address`; `None` when it is allowed.
pub(super) fn refusing(policy: OutboundPolicy, address: IpAddr) -> Option<&'static str> {
    if policy == OutboundPolicy::Open {
        return None;
    }
    match address {
        IpAddr::V4(address) => refusing_v4(policy, address),
        IpAddr::V6(address) => refusing_v6(policy, address),
    }
}

fn refusing_v4(policy: OutboundPolicy, address: Ipv4Addr) -> Option<&'static str> {
    IPV4.iter()
        .find(|(network, strictness, _)| policy >= *strictness && network.contains(&address))
        .map(|(_, _, name)| *name)
}

fn refusing_v6(policy: OutboundPolicy, address: Ipv6Addr) -> Option<&'static str> {
    let by_itself = IPV6
        .iter()
        .find(|(network, strictness, _)| policy >= *strictness && network.contains(&address))
        .map(|(_, _, name)| *name);
    by_itself
        .or_else(|| embedded::ipv4_addresses(address).find_map(|inner| refusing_v4(policy, inner)))
        .or_else(|| {
            (policy >= Public && !is_global(address)).then_some("not part of the public Internet")
        })
}

/// IANA hands out public addresses from `2000::/3` only; the two translation prefixes stand for a public IPv4 address,
/// which was judged before.
fn is_global(address: Ipv6Addr) -> bool {
    GLOBAL_UNICAST.contains(&address) || MAPPED.contains(&address) || NAT64.contains(&address)
}

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
const MAPPED: Ipv6Net = v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// The first match gives the name, so metadata addresses stand before the wider range they lie in.
const IPV4: &[(Ipv4Net, OutboundPolicy, &str)] = &[
    // Alibaba Cloud, Oracle Cloud (classic), Azure wire server. Those of AWS and Google lie in the link-local range.
    (v4([100, 100, 100, 200], 32), Private, "cloud metadata"),
    (v4([192, 0, 0, 192], 32), Private, "cloud metadata"),
    (v4([168, 63, 129, 16], 32), Private, "cloud metadata"),
    (v4([169, 254, 0, 0], 16), Private, "link-local"),
    (v4([0, 0, 0, 0], 8), Private, "this host"),
    (v4([224, 0, 0, 0], 4), Private, "multicast"),
    (v4([255, 255, 255, 255], 32), Private, "broadcast"),
    (v4([127, 0, 0, 0], 8), Public, "loopback"),
    (v4([10, 0, 0, 0], 8), Public, "private network"),
    (v4([172, 16, 0, 0], 12), Public, "private network"),
    (v4([192, 168, 0, 0], 16), Public, "private network"),
    (v4([100, 64, 0, 0], 10), Public, "carrier network"),
    (v4([192, 0, 0, 0], 24), Public, "protocol assignments"),
    (v4([192, 0, 2, 0], 24), Public, "documentation"),
    (v4([198, 51, 100, 0], 24), Public, "documentation"),
    (v4([203, 0, 113, 0], 24), Public, "documentation"),
    (v4([192, 88, 99, 0], 24), Public, "6to4 relay"),
    (v4([198, 18, 0, 0], 15), Public, "benchmarking"),
    (v4([240, 0, 0, 0], 4), Public, "reserved"),
];

const IPV6: &[(Ipv6Net, OutboundPolicy, &str)] = &[
    // AWS instance metadata, AWS EKS pod identity, Google Cloud.
    (
        v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254], 128),
        Private,
        "cloud metadata",
    ),
    (
        v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23], 128),
        Private,
        "cloud metadata",
    ),
    (
        v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128),
        Private,
        "cloud metadata",
    ),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Private, "link-local"),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Private, "this host"),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Private, "multicast"),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Public, "loopback"),
    (
        v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
        Public,
        "private network",
    ),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Public, "site-local"),
    (
        v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48),
        Public,
        "local NAT64",
    ),
    (
        v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48),
        Public,
        "benchmarking",
    ),
    (v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28), Public, "ORCHID"),
    (v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28), Public, "ORCHID"),
    (
        v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
        Public,
        "documentation",
    ),
    (
        v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
        Public,
        "documentation",
    ),
];

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}
