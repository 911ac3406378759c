//! Why a line is no bridge, in words that hold nothing of the bridge.

/// Longest line: a Snowflake line with twenty servers has about 900 bytes.
pub(super) const BYTES_MAX: usize = 2_048;
/// A relay's fingerprint in hexadecimal digits.
pub(super) const FINGERPRINT_DIGITS: usize = 40;

/// Why a line is no bridge that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBridge {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// No bridge line is this long.
    #[error("it has more than {BYTES_MAX} bytes")]
    TooLong,
    /// More than one line.
    #[error("it holds a line break; put each bridge into quotes of its own")]
    LineBreak,
    /// Control characters, quotes, comments, letters that no line has.
    #[error("it holds {}, which no bridge line has", shown(*.0))]
    Character(char),
    /// Its first word is no transport, or no address.
    #[error(
        "it begins neither with an address and port nor with obfs4, snowflake, webtunnel, \
         meek_lite or \
         conjure"
    )]
    Transport,
    /// Its first word is a transport of former times.
    #[error("its transport is broken and no longer in use; ask for an obfs4 or webtunnel bridge")]
    OldTransport,
    /// A name where the address has to be.
    #[error("it has a name where an IP address has to be; no name is looked up here")]
    Name,
    /// There is no address where one has to be.
    #[error("its address and port cannot be read")]
    Address,
    /// Something that should be a fingerprint.
    #[error("its fingerprint has not {FINGERPRINT_DIGITS} hexadecimal digits")]
    Fingerprint,
    /// It does not say who the bridge is, and the Tor to be used has to know.
    #[error("it lacks its fingerprint, without which the Tor that is built in uses no bridge")]
    NoFingerprint,
    /// A word that is not `key=value`, or one where none may be.
    #[error("after the fingerprint there is something that does not belong there")]
    Argument,
    /// Its transport cannot work without it.
    #[error("it lacks {0}=, without which its transport cannot connect")]
    Lacks(&'static str),
}

/// A character as an error names it: by itself if everybody can see and type it, and by its number.
fn shown(letter: char) -> String {
    let number = u32::from(letter);
    let kind = match letter {
        '!'..='~' => return format!("the character {letter}"),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => " (a dash that is no plain hyphen)",
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => " (a typographic quotation mark)",
        '\u{2026}' => " (three dots in one; was the line cut off?)",
        _ => "",
    };
    format!("the character U+{number:04X}{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_named_as_a_person_can_look_for_it() {
        assert_eq!(shown('#'), "the character #");
        assert_eq!(shown('\0'), "the character U+0000");
        let dash = shown('\u{2011}');
        assert!(dash.contains("U+2011") && dash.contains("hyphen"), "{dash}");
    }
}
