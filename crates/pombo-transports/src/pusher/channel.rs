//! Names of channels. Source: Pusher Channels, "Channel naming conventions".

use crate::name::fitting;

const LONGEST: usize = 164;

/// The instance's name as a channel: what Pusher does not allow becomes `_`.
pub(super) fn channel(instance: &str) -> String {
    fitting(instance, LONGEST, allowed)
}

fn allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_-=@,.;".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_stays() {
        assert_eq!(channel("Acme-1_x=@,.;"), "Acme-1_x=@,.;");
        assert_eq!(channel("my shop/são"), "my_shop_s_o");
    }

    #[test]
    fn long_names_stay_apart() {
        let (one, other) = (
            channel(&"a".repeat(200)),
            channel(&format!("{}b", "a".repeat(199))),
        );
        assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
        assert_ne!(one, other);
    }
}
