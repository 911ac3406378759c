//! Repairs what copying from web pages, messengers and other systems does to a line, if that is
//! harmless, and reports the rest.

use super::refusal::BadBridge;

/// Returns the line without invisible characters, and with a plain space for every other white
/// space.
///
/// # Errors
/// [`BadBridge::LineBreak`] or [`BadBridge::Character`]. The result is printable ASCII without any
/// character that ends, continues, quotes or comments a line of Tor's configuration.
pub(super) fn plain(line: &str) -> Result<String, BadBridge> {
    let line = line.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter));
    let mut plain = String::with_capacity(line.len());
    for letter in line.chars() {
        match letter {
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                return Err(BadBridge::LineBreak);
            }
            letter if is_invisible(letter) => {}
            letter if letter.is_whitespace() => plain.push(' '),
            '"' | '#' | '\\' => return Err(BadBridge::Character(letter)),
            '!'..='~' => plain.push(letter),
            _ => return Err(BadBridge::Character(letter)),
        }
    }
    Ok(plain)
}

/// Whether a character is invisible and has no meaning in a bridge line: soft hyphen, zero-width
/// space and joiners, direction marks, byte order mark.
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
    fn what_cannot_be_meant_is_named() {
        for (line, expected) in [
            ("a\nb", BadBridge::LineBreak),
            ("a\rb", BadBridge::LineBreak),
            ("a\u{2028}b", BadBridge::LineBreak),
            ("a # b", BadBridge::Character('#')),
            ("\u{201c}a", BadBridge::Character('\u{201c}')),
            ("iat\u{2011}mode", BadBridge::Character('\u{2011}')),
            ("a\0", BadBridge::Character('\0')),
            ("a\u{7f}", BadBridge::Character('\u{7f}')),
            ("b\u{fc}", BadBridge::Character('\u{fc}')),
        ] {
            assert_eq!(plain(line), Err(expected), "{line:?}");
        }
    }
}
