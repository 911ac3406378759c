//! Repairs what copying from web pages, messengers and other systems does to a line, if that is
//! harmless, and reports the rest.

use super::fault::BridgeFault;

/// Pairs in which chat programs, mail and configuration files wrap a line.
const WRAPPINGS: [(char, char); 13] = [
    ('<', '>'),
    ('(', ')'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('*', '*'),
    ('_', '_'),
    ('{', '}'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{ab}', '\u{bb}'),
    ('\u{2039}', '\u{203a}'),
];

/// How often something is taken off a line. No person wraps one so often, and each time reads the
/// whole line.
const WRAPPINGS_MAX: usize = 32;

pub(super) fn is_around(letter: char) -> bool {
    letter.is_whitespace() || is_invisible(letter)
}

/// A line without what lists, quoted mail and quotation marks put around it.
pub(super) fn unwrapped(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..WRAPPINGS_MAX {
        let before = rest;
        // No value of a bridge line ends in these.
        rest = rest
            .trim_end_matches([',', ';', '|'])
            .trim_matches(is_around);
        for (open, close) in WRAPPINGS {
            let inner = rest.strip_prefix(open);
            rest = inner
                .and_then(|inner| inner.strip_suffix(close))
                .unwrap_or(rest);
        }
        // Of quoted mail, tables, differences and lists.
        rest = rest.strip_prefix(['>', '|', '+', '-']).unwrap_or(rest);
        rest = rest.trim_start_matches(is_ornament);
        rest = without_name(rest);
        // A transport or an address never stands alone like this.
        if let Some((mark, after)) = rest.split_once(char::is_whitespace)
            && is_mark(mark)
        {
            rest = after;
        }
        if let Some((whole, mark)) = rest.rsplit_once(char::is_whitespace)
            && is_sign(mark)
        {
            rest = whole;
        }
        if rest == before {
            break;
        }
    }
    rest
}

/// A line without the name of a setting before it, such as `Bridge=` or `TOR_BRIDGE_1=`. No
/// argument of a transport is called so.
fn without_name(line: &str) -> &str {
    let named = line.split_once('=').filter(|(name, _)| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        name.bytes().all(is_name) && name.to_ascii_lowercase().contains("bridge")
    });
    named.map_or(line, |(_, value)| value)
}

/// Whether a word only marks an item of a list, or parts one item from the next.
pub(super) fn is_mark(word: &str) -> bool {
    is_sign(word) || is_number(word)
}

fn is_sign(word: &str) -> bool {
    let is_part = |letter: char| "-*+|/&`~".contains(letter) || is_ornament(letter);
    !word.is_empty() && word.chars().all(is_part)
}

/// Bullets, arrows, check marks and emoji. Quotation marks are not among them: one alone tells that
/// a part is missing.
fn is_ornament(letter: char) -> bool {
    let is_quote = matches!(
        letter,
        '\u{ab}' | '\u{bb}' | '\u{2018}'..='\u{201f}' | '\u{2039}' | '\u{203a}'
    );
    !letter.is_ascii() && !letter.is_alphanumeric() && !letter.is_control() && !is_quote
}

/// `1.`, `2)`, `(3)` and the like, in the digits of any language. Of a number alone only a short
/// one is the mark of a list: four digits may be a part of a fingerprint.
fn is_number(mark: &str) -> bool {
    let mark = mark.trim_start_matches(['(', '[']);
    let digits = mark.trim_end_matches(|letter| ".):]".contains(letter) || is_ornament(letter));
    let count = digits.chars().count();
    let is_short = digits.len() < mark.len() || count <= 3;
    count > 0 && is_short && digits.chars().all(char::is_numeric)
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
            "\u{1f309} a b",
            "\u{25cf}a b",
            "\u{2192} \u{2705} a b",
            "1\u{fe0f}\u{20e3} a b",
            "\u{6f1}. a b",
            "2\ta b",
            "| a b |",
            "(a b)",
            "_a b_",
            "||a b||",
            "{a b}",
            "+a b",
            "-a b",
            "Bridge=a b",
            "TOR_BRIDGE_1=\"a b\"",
            "250-Bridge='a b'",
            "\u{2039}a b\u{203a}",
            "```a b```",
        ] {
            assert_eq!(plain(line).unwrap(), "a b", "{line:?}");
        }
        for whole in ["192.0.2.1:1 b", "0123 4567", "a url=https://b.example/"] {
            assert_eq!(plain(whole).unwrap(), whole);
        }
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
