//! Repairs what copying from web pages, messengers and other systems does to a line, if that is
//! harmless, and reports the rest.

use super::fault::BridgeFault;

/// Pairs in which chat programs, mail and configuration files wrap a line.
const WRAPPINGS: [(char, char); 9] = [
    ('<', '>'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('*', '*'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{ab}', '\u{bb}'),
];

pub(super) fn is_around(letter: char) -> bool {
    letter.is_whitespace() || is_invisible(letter)
}

/// A line without what lists, quoted mail and quotation marks put around it.
pub(super) fn unwrapped(line: &str) -> &str {
    let mut rest = line;
    loop {
        let before = rest;
        // No value of a bridge line ends in these.
        rest = rest.trim_end_matches([',', ';']).trim_matches(is_around);
        for (open, close) in WRAPPINGS {
            let inner = rest.strip_prefix(open);
            rest = inner
                .and_then(|inner| inner.strip_suffix(close))
                .unwrap_or(rest);
        }
        rest = rest.strip_prefix(['>', '|', '\u{2022}']).unwrap_or(rest);
        // A transport or an address never stands alone like this.
        if let Some((mark, after)) = rest.split_once(char::is_whitespace)
            && is_mark(mark)
        {
            rest = after;
        }
        if rest == before {
            return rest;
        }
    }
}

/// Whether a word only marks an item of a list.
pub(super) fn is_mark(word: &str) -> bool {
    matches!(word, "-" | "*" | "+" | "\u{2013}" | "\u{2014}") || is_number(word)
}

/// `1.`, `2)`, `(3)` and the like.
fn is_number(mark: &str) -> bool {
    let mark = mark.trim_start_matches(['(', '[']);
    let digits = mark.strip_suffix(['.', ')', ':', ']']).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the line without invisible characters, and with a plain space for every other white
/// space.
///
/// # Errors
/// [`BridgeFault::LineBreak`] or [`BridgeFault::Character`]. The result is printable ASCII without
/// any character that ends, continues, quotes or comments a line of Tor's configuration.
pub(super) fn plain(line: &str) -> Result<String, BridgeFault> {
    let line = unwrapped(line.trim_matches(is_around));
    let mut plain = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                return Err(BridgeFault::LineBreak);
            }
            letter if is_invisible(letter) => {}
            letter if letter.is_whitespace() => plain.push(' '),
            '"' | '#' | '\\' => return Err(BridgeFault::Character(letter)),
            '!'..='~' => plain.push(letter),
            _ => return Err(BridgeFault::Character(letter)),
        }
    }
    Ok(plain)
}

/// Whether a character takes no place on a screen and has no meaning in a bridge line: soft hyphen,
/// zero-width space and joiners, marks of direction, variation selectors, byte order mark.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_of_every_kind_are_spaces_and_the_invisible_is_gone() {
        for (line, expected) in [
            ("\u{feff}  a\tb\u{a0}c\u{202f}d\u{3000}e \r\n", "a b c d e"),
            ("\u{200e}a\u{200b}b\u{ad}c\u{2060}\u{200d}d\u{202c}", "abcd"),
            ("", ""),
        ] {
            assert_eq!(plain(line).unwrap(), expected, "{line:?}");
        }
    }

    #[test]
    fn what_mail_lists_and_quotes_put_around_a_line_is_taken_off() {
        for line in [
            "> a b",
            ">> a b",
            "1. a b",
            "12) a b",
            "(3) a b",
            "[4]\ta b",
            "<a b>",
            "- a b",
            "\u{2022} a b",
            "\"a b\",",
            "'a b';",
            "`a b`",
            "**a b**",
            "\u{201c}a b\u{201d}",
            "\u{ab}a b\u{bb}",
            "> - 'a b'\u{fe0f}",
        ] {
            assert_eq!(plain(line).unwrap(), "a b", "{line:?}");
        }
        assert_eq!(plain("192.0.2.1:1 b").unwrap(), "192.0.2.1:1 b");
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for (line, expected) in [
            ("a\nb", BridgeFault::LineBreak),
            ("a\rb", BridgeFault::LineBreak),
            ("a\u{2028}b", BridgeFault::LineBreak),
            ("a # b", BridgeFault::Character('#')),
            ("a \"b", BridgeFault::Character('"')),
            ("\u{201c}a", BridgeFault::Character('\u{201c}')),
            ("iat\u{2011}mode", BridgeFault::Character('\u{2011}')),
            ("a\0", BridgeFault::Character('\0')),
            ("a\u{7f}", BridgeFault::Character('\u{7f}')),
            ("b\u{fc}", BridgeFault::Character('\u{fc}')),
        ] {
            assert_eq!(plain(line), Err(expected), "{line:?}");
        }
    }
}
