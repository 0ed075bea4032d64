use std::net::IpAddr;

use ipnet::IpNet;

/// A set of IP addresses: single ones, ranges (`10.0.0.0/8`), or all of them (`*`). Empty by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressList {
    everybody: bool,
    ranges: Vec<IpNet>,
}

impl AddressList {
    /// `None` when an item is neither an address nor a range, nor `*` where that is allowed.
    pub(super) fn parse(text: &str, wildcard: bool) -> Option<Self> {
        let mut list = Self::default();
        for item in super::parse::list(text) {
            match item {
                "*" if wildcard => list.everybody = true,
                _ => list.ranges.push(range(item)?),
            }
        }
        Some(list)
    }

    /// Whether the address is in the set. An IPv4 address in IPv6 clothes (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.everybody || self.ranges.iter().any(|range| range.contains(&address))
    }

    /// Whether no address is in the set.
    pub fn is_empty(&self) -> bool {
        !self.everybody && self.ranges.is_empty()
    }

    /// Whether `*` was given.
    pub fn is_everybody(&self) -> bool {
        self.everybody
    }

    /// The ranges; a single address is a range of one. Without meaning when [`Self::is_everybody`].
    pub fn ranges(&self) -> &[IpNet] {
        &self.ranges
    }
}

fn range(item: &str) -> Option<IpNet> {
    let unbracketed = item
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(item);
    if let Ok(address) = unbracketed.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let range: IpNet = item.parse().ok()?;
    // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
    if let (IpAddr::V4(address), Some(length)) = (
        range.addr().to_canonical(),
        range.prefix_len().checked_sub(96),
    ) && range.addr().is_ipv6()
    {
        return IpNet::new(address.into(), length).ok();
    }
    Some(range.trunc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holds_addresses_and_ranges() {
        let list = AddressList::parse(
            " 127.0.0.1, ::1,10.1.2.3/8 ,,[fd00::1],::ffff:192.0.2.1",
            false,
        )
        .unwrap();
        for inside in [
            "127.0.0.1",
            "::ffff:127.0.0.1",
            "::1",
            "10.200.0.1",
            "fd00::1",
            "192.0.2.1",
        ] {
            assert!(list.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["127.0.0.2", "11.0.0.1", "::2", "fd00::2"] {
            assert!(!list.contains(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn nobody_is_in_an_empty_list_and_everybody_under_a_star() {
        let nobody = AddressList::parse(" , ", true).unwrap();
        assert!(nobody.is_empty() && !nobody.contains("127.0.0.1".parse().unwrap()));
        let everybody = AddressList::parse("*", true).unwrap();
        assert!(everybody.is_everybody() && everybody.contains("203.0.113.9".parse().unwrap()));
        assert_eq!(AddressList::parse("*", false), None);
    }

    #[test]
    fn names_and_nonsense_are_refused() {
        for text in [
            "localhost",
            "10.0.0.0/33",
            "10.0.0",
            "1.2.3.4:80",
            "::1/129",
            "*.test",
        ] {
            assert_eq!(AddressList::parse(text, true), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "([0-9a-f:./*,\\[\\] ]|ffff)*", address: IpAddr) {
            if let Some(list) = AddressList::parse(&text, true) {
                list.contains(address);
            }
        }
    }
}
