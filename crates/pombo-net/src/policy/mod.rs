//! Which addresses outbound requests may reach.
//!
//! Pure rules without I/O: [`OutboundPolicy::check`] judges one address. The client applies it to every address it is
//! about to connect to, whether it came from a name or stood in the URL.

mod address_range;
mod embedded;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// How far into the operator's own network a URL may reach. Source: `POMBO_OUTBOUND_POLICY`.
///
/// The order is from lenient to strict: whatever a policy refuses, the stricter ones refuse too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OutboundPolicy {
    /// Everything is allowed.
    Open,
    /// Everything but link-local and cloud metadata addresses, "this host" (`0.0.0.0`, `::`), multicast and broadcast.
    ///
    /// The default: a chatbot or webhook receiver on the same machine or network is how most people run this program.
    #[default]
    Private,
    /// Only addresses of the public Internet, for servers whose users are strangers.
    Public,
}

impl OutboundPolicy {
    /// Judges one address. An IPv6 address that carries an IPv4 address (mapped, 6to4, NAT64, Teredo) is judged by
    /// both.
    pub fn check(self, address: IpAddr) -> Result<(), Refused> {
        match address_range::refusing(self, address) {
            Some(range) => Err(Refused {
                address,
                range,
                policy: self,
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Display for OutboundPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Open => "open",
            Self::Private => "private",
            Self::Public => "public",
        })
    }
}

impl FromStr for OutboundPolicy {
    type Err = UnknownPolicy;

    /// Upper and lower case are the same; blanks around the word do not count.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "open" => Ok(Self::Open),
            "private" => Ok(Self::Private),
            "public" => Ok(Self::Public),
            _ => Err(UnknownPolicy(text.to_owned())),
        }
    }
}

/// The text names no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an outbound policy; accepted are `open`, `private` (the default) and `public`"
)]
pub struct UnknownPolicy(pub String);

/// The policy does not allow a request to this address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("address {address} ({range}) is refused by the outbound policy `{policy}`")]
pub struct Refused {
    /// The address as resolved or as written in the URL.
    pub address: IpAddr,
    /// What kind of address it is, for people: `loopback`, `link-local`.
    pub range: &'static str,
    /// The policy that refused it.
    pub policy: OutboundPolicy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_from_words() {
        assert_eq!("open".parse(), Ok(OutboundPolicy::Open));
        assert_eq!(" Private ".parse(), Ok(OutboundPolicy::Private));
        assert_eq!("PUBLIC".parse(), Ok(OutboundPolicy::Public));
        assert_eq!(OutboundPolicy::default(), OutboundPolicy::Private);
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_accepted_ones() {
        let error = "strict".parse::<OutboundPolicy>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`strict` is not an outbound policy; accepted are `open`, `private` (the default) and `public`"
        );
    }

    #[test]
    fn a_refusal_names_address_range_and_policy() {
        let refused = OutboundPolicy::Public
            .check(IpAddr::from([127, 0, 0, 1]))
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "address 127.0.0.1 (loopback) is refused by the outbound policy `public`"
        );
    }

    /// `(address, allowed by Private, allowed by Public)`
    const CASES: &[(&str, bool, bool)] = &[
        // Public Internet, and the neighbours just outside of special ranges
        ("8.8.8.8", true, true),
        ("1.0.0.0", true, true),
        ("9.255.255.255", true, true),
        ("11.0.0.0", true, true),
        ("100.63.255.255", true, true),
        ("100.128.0.0", true, true),
        ("126.255.255.255", true, true),
        ("128.0.0.0", true, true),
        ("169.253.255.255", true, true),
        ("169.255.0.0", true, true),
        ("172.15.255.255", true, true),
        ("172.32.0.0", true, true),
        ("192.0.1.0", true, true),
        ("198.17.255.255", true, true),
        ("198.20.0.0", true, true),
        ("223.255.255.255", true, true),
        ("2606:4700::1111", true, true),
        ("2a00:1450::1", true, true),
        // Own machine and own network
        ("127.0.0.1", true, false),
        ("127.255.255.254", true, false),
        ("10.0.0.1", true, false),
        ("172.16.0.1", true, false),
        ("172.31.255.255", true, false),
        ("192.168.1.1", true, false),
        ("100.64.0.1", true, false),
        ("::1", true, false),
        ("fc00::1", true, false),
        ("fdff::1", true, false),
        ("fec0::1", true, false),
        // Reserved for other uses
        ("192.0.0.1", true, false),
        ("192.0.2.1", true, false),
        ("192.88.99.1", true, false),
        ("198.18.0.1", true, false),
        ("198.19.255.255", true, false),
        ("198.51.100.7", true, false),
        ("203.0.113.7", true, false),
        ("240.0.0.1", true, false),
        ("100::1", true, false),
        ("2001:2::1", true, false),
        ("2001:10::1", true, false),
        ("2001:20::1", true, false),
        ("2001:db8::1", true, false),
        ("3fff::1", true, false),
        ("5f00::1", true, false),
        ("4000::1", true, false),
        // Refused by both
        ("0.0.0.0", false, false),
        ("0.1.2.3", false, false),
        ("169.254.0.1", false, false),
        ("169.254.169.254", false, false),
        ("169.254.170.2", false, false),
        ("100.100.100.200", false, false),
        ("192.0.0.192", false, false),
        ("168.63.129.16", false, false),
        ("224.0.0.1", false, false),
        ("239.255.255.255", false, false),
        ("255.255.255.255", false, false),
        ("::", false, false),
        ("fe80::1", false, false),
        ("febf::1", false, false),
        ("ff02::1", false, false),
        ("fd00:ec2::254", false, false),
        ("fd00:ec2::23", false, false),
        ("fd20:ce::254", false, false),
        // IPv4-mapped
        ("::ffff:8.8.8.8", true, true),
        ("::ffff:127.0.0.1", true, false),
        ("::ffff:10.0.0.1", true, false),
        ("::ffff:169.254.169.254", false, false),
        ("::ffff:0.0.0.0", false, false),
        // IPv4-translated (SIIT)
        ("::ffff:0:127.0.0.1", true, false),
        ("::ffff:0:169.254.169.254", false, false),
        // IPv4-compatible
        ("::8.8.8.8", true, false),
        ("::127.0.0.1", true, false),
        ("::169.254.169.254", false, false),
        ("::2", false, false),
        // 6to4
        ("2002:808:808::1", true, true),
        ("2002:7f00:1::1", true, false),
        ("2002:c0a8:101::1", true, false),
        ("2002:a9fe:a9fe::1", false, false),
        // NAT64, well-known prefix
        ("64:ff9b::8.8.8.8", true, true),
        ("64:ff9b::127.0.0.1", true, false),
        ("64:ff9b::169.254.169.254", false, false),
        // NAT64, local prefix: address at the end, or after the first 48 bits
        ("64:ff9b:1::8.8.8.8", true, false),
        ("64:ff9b:1::10.0.0.1", true, false),
        ("64:ff9b:1::169.254.169.254", false, false),
        ("64:ff9b:1:a9fe:a9:fe00::", false, false),
        // Teredo: server in bits 32 to 64, client inverted at the end
        ("2001:0:808:808:0:0:f7f7:f7f7", true, true),
        ("2001:0:808:808:0:0:80ff:fffe", true, false),
        ("2001:0:808:808:0:0:5601:5601", false, false),
        ("2001:0:a9fe:a9fe:0:0:f7f7:f7f7", false, false),
    ];

    #[test]
    fn every_kind_of_address_is_judged() {
        for &(text, private, public) in CASES {
            let address: IpAddr = text.parse().unwrap();
            assert!(OutboundPolicy::Open.check(address).is_ok(), "open {text}");
            assert_eq!(
                OutboundPolicy::Private.check(address).is_ok(),
                private,
                "private {text}"
            );
            assert_eq!(
                OutboundPolicy::Public.check(address).is_ok(),
                public,
                "public {text}"
            );
        }
    }

    #[test]
    fn what_private_refuses_public_refuses_too() {
        for high in 0..=255_u8 {
            for low in 0..=255_u8 {
                let address = IpAddr::from([high, low, 100, 200]);
                let private = OutboundPolicy::Private.check(address);
                assert!(
                    private.is_ok() || OutboundPolicy::Public.check(address).is_err(),
                    "{address}"
                );
            }
        }
    }
}
