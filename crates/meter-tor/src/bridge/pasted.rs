//! Repairs what copying from web pages, messengers and other systems does to a line, if that is
//! harmless, and reports the rest.

use super::fault::BridgeFault;

/// Returns the line without invisible characters, and with a plain space for every other white
/// space.
///
/// # Errors
/// [`BridgeFault::LineBreak`] or [`BridgeFault::Character`]. The result is printable ASCII without any
/// character that ends, continues, quotes or comments a line of Tor's configuration.
pub(super) fn plain(line: &str) -> Result<String, BridgeFault> {
    let line = line.trim_matches(|letter: char| letter.is_whitespace() || is_invisible(letter));
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
            ("a\nb", BridgeFault::LineBreak),
            ("a\rb", BridgeFault::LineBreak),
            ("a\u{2028}b", BridgeFault::LineBreak),
            ("a # b", BridgeFault::Character('#')),
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
