//! IPv4 addresses inside IPv6 addresses.
//!
//! A translator or tunnel on the way turns such an IPv6 address into a connection to the IPv4 address in it, so a rule
//! for IPv4 that overlooked them would be no rule.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Every IPv4 address that a packet to `address` might end up at.
pub(super) fn ipv4_addresses(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let segments = address.segments();
    let at_the_end = ipv4(segments[6], segments[7]);
    let found = match segments {
        // The unspecified address and loopback are no IPv4-compatible addresses.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => [None, None],
        // IPv4-compatible (RFC 4291, 2.5.5.1), IPv4-mapped (2.5.5.2), IPv4-translated (RFC 2765)
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => {
            [Some(at_the_end), None]
        }
        // 6to4 (RFC 3056)
        [0x2002, high, low, ..] => [Some(ipv4(high, low)), None],
        // NAT64, well-known prefix (RFC 6052)
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => [Some(at_the_end), None],
        // NAT64, local prefix (RFC 8215): as a /96, or as a /48, where bits 64 to 71 are skipped (RFC 6052, 2.2)
        [0x64, 0xff9b, 1, 0, 0, 0, _, _] => [Some(at_the_end), None],
        [0x64, 0xff9b, 1, high, middle, low, ..] => [
            Some(at_the_end),
            Some(ipv4(high, (middle << 8) | (low >> 8))),
        ],
        // Teredo (RFC 4380, 4): the server, and the client with all bits inverted
        [0x2001, 0, high, low, ..] => [
            Some(ipv4(high, low)),
            Some(Ipv4Addr::from_bits(!at_the_end.to_bits())),
        ],
        _ => [None, None],
    };
    found.into_iter().flatten()
}

fn ipv4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}
