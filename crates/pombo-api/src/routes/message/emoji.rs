//! Is a text exactly one emoji? By the shape of emoji sequences, without their full list.

/// Source: Unicode Technical Standard 51, "emoji sequence" (ED-17).
pub(in crate::routes) fn is_single(text: &str) -> bool {
    let mut rest = text.chars().peekable();
    let Some(first) = rest.next() else {
        return false;
    };
    if is_region(first) {
        return rest.next().is_some_and(is_region) && rest.next().is_none();
    }
    if matches!(first, '0'..='9' | '#' | '*') {
        rest.next_if_eq(&'\u{fe0f}');
        return rest.next() == Some('\u{20e3}') && rest.next().is_none();
    }
    if !is_base(first) {
        return false;
    }
    loop {
        rest.next_if_eq(&'\u{fe0f}');
        rest.next_if(|c| matches!(c, '\u{1f3fb}'..='\u{1f3ff}'));
        rest.next_if_eq(&'\u{fe0f}');
        while rest
            .next_if(|c| matches!(c, '\u{e0020}'..='\u{e007f}'))
            .is_some()
        {}
        match rest.next() {
            None => return true,
            Some('\u{200d}') => {}
            Some(_) => return false,
        }
        if !rest.next().is_some_and(is_base) {
            return false;
        }
    }
}

fn is_region(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

fn is_base(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2194}'..='\u{2199}'
        | '\u{21a9}'..='\u{21aa}' | '\u{231a}'..='\u{231b}' | '\u{2328}' | '\u{23cf}' | '\u{23e9}'..='\u{23fa}'
        | '\u{24c2}' | '\u{25aa}'..='\u{25ab}' | '\u{25b6}' | '\u{25c0}' | '\u{25fb}'..='\u{25fe}'
        | '\u{2600}'..='\u{27bf}' | '\u{2934}'..='\u{2935}' | '\u{2b05}'..='\u{2b07}' | '\u{2b1b}'..='\u{2b1c}'
        | '\u{2b50}' | '\u{2b55}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f004}' | '\u{1f0cf}'
        | '\u{1f170}'..='\u{1f171}' | '\u{1f17e}'..='\u{1f17f}' | '\u{1f18e}' | '\u{1f191}'..='\u{1f19a}'
        | '\u{1f201}'..='\u{1f251}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::is_single;

    #[test]
    fn one_emoji_and_nothing_else() {
        for emoji in ["👍", "👍🏽", "❤️", "❤", "👨‍👩‍👧‍👦", "🏴‍☠️", "🇧🇷", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑🏿‍🚀"]
        {
            assert!(is_single(emoji), "{emoji}");
        }
        for other in ["", "ab", "a", "👍👍", "👍a", "🇧", "1", "é", " 👍"] {
            assert!(!is_single(other), "{other}");
        }
    }
}
