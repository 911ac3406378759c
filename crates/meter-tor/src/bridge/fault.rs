//! Reasons why a line is not a bridge. Their texts contain nothing of the bridge.

/// Longest line: a Snowflake line with twenty servers has about 900 bytes.
pub(super) const BYTES_MAX: usize = 2_048;
/// What all arguments of a bridge may have together, as Tor and the embedded one hand them to a
/// transport: a name and a password of SOCKS5 (`MAX_SOCKS5_AUTH_SIZE_TOTAL`; pt-spec,
/// "Per-connection arguments"). With one line that has more, Tor refuses its whole configuration.
pub(super) const ARGUMENTS_MAX: usize = 510;
/// A relay's fingerprint in hexadecimal digits.
pub(super) const FINGERPRINT_DIGITS: usize = 40;

/// The reason why a line is not a usable bridge.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BridgeFault {
    /// Nothing is in it.
    #[error("there is no bridge in it")]
    Empty,
    /// All that could be bridges is commented out.
    #[error("all its bridges are comments; remove the # before each that is to be used")]
    Comment,
    /// The line is longer than any bridge line.
    #[error("it has more than {BYTES_MAX} bytes")]
    TooLong,
    /// The arguments are longer than Tor takes.
    #[error(
        "its words like key=value have {0} bytes together, and Tor takes at most {ARGUMENTS_MAX}; \
         a long list behind ice= or fronts= works with fewer entries too"
    )]
    Arguments(usize),
    /// The text has more than one line.
    #[error("it holds a line break; put each bridge into quotes of its own")]
    LineBreak,
    /// A line of a torrc for something else.
    #[error(
        "it is the option {0} of a torrc, which Onionmeter sets by itself; keep only the lines \
         that begin with Bridge"
    )]
    Torrc(&'static str),
    /// Where bridges are handed out.
    #[error(
        "it is the address of a page and no bridge line; open it, and put in the lines that it \
        shows"
    )]
    Link,
    /// A server for another program, as a link.
    #[error(
        "it is a link for another program and no bridge line; an ss:// link goes into the file of \
         tor.shadowsocks"
    )]
    OtherLink,
    /// A transport and nothing else, as in the menus of Tor Browser.
    #[error(
        "it names a transport and no bridge, and Onionmeter brings none along; put in a whole \
         line, with its address"
    )]
    OnlyTransport,
    /// A transport that exists, and that no program here is known to speak.
    #[error("its transport {0} is not supported; ask for an obfs4, webtunnel or snowflake bridge")]
    OtherTransport(&'static str),
    /// The line has a control character, a quote, a comment, or a letter that bridge lines never
    /// have.
    #[error("it holds {}, which no bridge line has", shown(*.0))]
    Character(char),
    /// The first word is neither a transport nor an address.
    #[error(
        "it begins neither with an address and port nor with obfs4, snowflake, webtunnel, \
         meek_lite or \
         conjure"
    )]
    Transport,
    /// The first word is a transport that is no longer used.
    #[error("its transport is broken and no longer in use; ask for an obfs4 or webtunnel bridge")]
    OldTransport,
    /// The line has a name in place of the address.
    #[error("it has a name where an IP address has to be; no name is looked up here")]
    Name,
    /// The address is missing, cannot be read, or belongs to no single computer.
    #[error("its address and port are none that a bridge can have")]
    Address,
    /// The port is missing.
    #[error("it names no port; its address has to end like :443")]
    NoPort,
    /// The port is not a port number.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// The IPv6 address has no brackets, so its end and the port cannot be told apart.
    #[error("its IPv6 address needs brackets around it, like [2001:db8::1]:443")]
    Brackets,
    /// The fingerprint cannot be read.
    #[error("its fingerprint does not have {FINGERPRINT_DIGITS} hexadecimal digits")]
    Fingerprint,
    /// The fingerprint is missing, and the Tor in use needs it.
    #[error("it lacks its fingerprint, without which the Tor that is built in uses no bridge")]
    NoFingerprint,
    /// A word is not `key=value`, or the line has such a word where none is allowed.
    #[error(
        "after its address and fingerprint there is a word that is not like key=value; copy the \
         whole line again, and nothing else"
    )]
    Argument,
    /// Another bridge behind it.
    #[error("it holds a second bridge; put each bridge into quotes of its own")]
    Second,
    /// Words after the fingerprint of a bridge without transport.
    #[error(
        "it has words after its fingerprint, but no transport, such as obfs4, before its address"
    )]
    NoTransport,
    /// The same key twice.
    #[error("it says {0}= twice")]
    Twice(&'static str),
    /// What stands behind a key cannot be right.
    #[error("its {key}= is not {needed}; copy the line again")]
    Value {
        /// The key.
        key: &'static str,
        /// What it must be.
        needed: &'static str,
    },
    /// An argument is missing without which the transport cannot work.
    #[error("it lacks {0}=, without which its transport cannot connect")]
    Lacks(&'static str),
}

impl BridgeFault {
    /// Whether a line of a letter can have this fault, rather than only a bridge or a setting.
    pub(super) const fn may_be_a_letter(&self) -> bool {
        matches!(
            self,
            Self::Empty | Self::Transport | Self::Address | Self::Link | Self::Character(_)
        )
    }
}

/// Names a character in an error: the character itself if everybody can see and type it, else its
/// number.
fn shown(letter: char) -> String {
    let number = u32::from(letter);
    let kind = match letter {
        '!'..='~' => return format!("the character {letter}"),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => " (a dash that is no plain hyphen)",
        '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' => " (a typographic quotation mark)",
        '\u{ff01}'..='\u{ff5e}' => " (a wide one; type the plain one)",
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
