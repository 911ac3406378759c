//! Bridge lines, as people paste them. Pure: what is no bridge is refused with the reason, and what is one
//! is written anew from its parts, so that nothing else can reach Tor's configuration.
//!
//! No reason holds an address or a fingerprint: bridges are secrets of those who use them.

use std::net::SocketAddr;

/// Longest line: a Snowflake line with twenty servers has about 900 bytes.
const BYTES_MAX: usize = 2_048;
/// A relay's fingerprint in hexadecimal digits.
const FINGERPRINT_DIGITS: usize = 40;

/// One bridge: `[transport] address:port [fingerprint] [key=value …]`.
#[derive(Clone, Eq, PartialEq)]
pub struct Bridge {
    transport: Option<Transport>,
    address: SocketAddr,
    fingerprint: Option<String>,
    arguments: Vec<String>,
}

/// How what goes to a bridge is made to look like something else.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Transport {
    /// Looks like nothing known.
    Obfs4,
    /// Looks like a video call, through volunteers' browsers.
    Snowflake,
    /// Looks like a visit to a web site.
    Webtunnel,
}

/// Why a line is no bridge that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBridge {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// No bridge line is this long.
    #[error("it has more than {BYTES_MAX} bytes")]
    TooLong,
    /// Line breaks, control characters, quotes, comments.
    #[error("it holds a character that no bridge line has")]
    Character,
    /// Its first word is no transport, or no address.
    #[error("it begins neither with an address and port nor with obfs4, snowflake or webtunnel")]
    Transport,
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

/// By hand: an address of a bridge is shown to nobody.
impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl Transport {
    const ALL: [Self; 3] = [Self::Obfs4, Self::Snowflake, Self::Webtunnel];

    /// Tor's word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Obfs4 => "obfs4",
            Self::Snowflake => "snowflake",
            Self::Webtunnel => "webtunnel",
        }
    }

    /// Programs that speak it, the usual one first.
    #[must_use]
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Obfs4 => &["obfs4proxy", "lyrebird"],
            Self::Snowflake => &["snowflake-client"],
            Self::Webtunnel => &["webtunnel-client", "lyrebird"],
        }
    }

    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Obfs4 => &["cert", "iat-mode"],
            Self::Snowflake | Self::Webtunnel => &["url"],
        }
    }
}

impl Bridge {
    /// Reads one line. The word `Bridge`, with which some places print it, may stand before it.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(line: &str) -> Result<Self, BadBridge> {
        if line.len() > BYTES_MAX {
            return Err(BadBridge::TooLong);
        }
        // A comment or a quote would begin in the middle of a line, a backslash would continue it.
        let is_odd = |letter: char| !matches!(letter, ' ' | '!'..='~') || "\"#\\".contains(letter);
        let line = line.trim_matches(' ');
        if line.contains(is_odd) {
            return Err(BadBridge::Character);
        }
        let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
        if words
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case("bridge"))
        {
            words.next();
        }
        let first = *words.peek().ok_or(BadBridge::Empty)?;
        let known = Transport::ALL
            .into_iter()
            .find(|transport| transport.name() == first);
        if known.is_some() {
            words.next();
        } else if !first.contains(':') {
            return Err(BadBridge::Transport);
        }
        let address = address(words.next().unwrap_or_default())?;
        let fingerprint = words
            .next_if(|word| !word.contains('='))
            .map(fingerprint)
            .transpose()?;
        let arguments: Vec<_> = words.map(str::to_owned).collect();
        check_arguments(known, &arguments)?;
        Ok(Self {
            transport: known,
            address,
            fingerprint,
            arguments,
        })
    }

    /// What it is made to look like; `None`: nothing, it is a plain relay that no list names.
    #[must_use]
    pub const fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// Whether it says who the bridge is. The embedded Tor connects to no other.
    #[must_use]
    pub const fn has_fingerprint(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// It as a line, without the word `Bridge` before it.
    pub(crate) fn line(&self) -> String {
        let address = self.address.to_string();
        let transport = self.transport.map(Transport::name);
        let words = transport.into_iter().chain([address.as_str()]);
        let words = words.chain(self.fingerprint.as_deref());
        let words = words.chain(self.arguments.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }
}

fn address(word: &str) -> Result<SocketAddr, BadBridge> {
    let address: SocketAddr = word.parse().map_err(|_| BadBridge::Address)?;
    let ip = address.ip();
    let leads_nowhere = address.port() == 0 || ip.is_unspecified() || ip.is_multicast();
    if leads_nowhere {
        Err(BadBridge::Address)
    } else {
        Ok(address)
    }
}

fn fingerprint(word: &str) -> Result<String, BadBridge> {
    let is_one =
        word.len() == FINGERPRINT_DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_one {
        Ok(word.to_ascii_uppercase())
    } else {
        Err(BadBridge::Fingerprint)
    }
}

fn check_arguments(transport: Option<Transport>, arguments: &[String]) -> Result<(), BadBridge> {
    let Some(transport) = transport else {
        return if arguments.is_empty() {
            Ok(())
        } else {
            Err(BadBridge::Argument)
        };
    };
    let pairs: Option<Vec<_>> = arguments.iter().map(|word| word.split_once('=')).collect();
    let pairs = pairs.ok_or(BadBridge::Argument)?;
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if !pairs.iter().all(|(key, _)| is_key(key)) {
        return Err(BadBridge::Argument);
    }
    let has = |needed: &&str| {
        pairs
            .iter()
            .any(|(key, value)| key == needed && !value.is_empty())
    };
    match transport.needs().iter().find(|needed| !has(needed)) {
        Some(lacking) => Err(BadBridge::Lacks(lacking)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FINGERPRINT: &str = "0123456789ABCDEF0123456789ABCDEF01234567";

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(Bridge::parse(line).unwrap().line(), expected);
    }

    #[track_caller]
    fn refused(line: &str, expected: BadBridge) {
        assert_eq!(
            Bridge::parse(line).map(|bridge| bridge.line()),
            Err(expected),
            "{line:?}"
        );
    }

    #[test]
    fn lines_of_every_kind_are_taken_as_they_are_handed_out() {
        let f = FINGERPRINT;
        check("192.0.2.1:443", "192.0.2.1:443");
        check(
            &format!("  bridge  [2001:db8::1]:443   {} ", f.to_lowercase()),
            &format!("[2001:db8::1]:443 {f}"),
        );
        let obfs4 = format!("obfs4 192.0.2.1:443 {f} cert=AbC+/d,e iat-mode=0");
        check(&obfs4, &obfs4);
        let snowflake = format!(
            "snowflake 192.0.2.3:80 {f} fingerprint={f} url=https://front.example/ fronts=a.example,b.example \
             ice=stun:stun.example:3478 utls-imitate=hellorandomizedalpn"
        );
        check(&snowflake, &snowflake);
        check(
            "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
            "webtunnel [2001:db8::2]:443 url=https://site.example/path ver=0.0.1",
        );
    }

    #[test]
    fn what_is_no_bridge_is_refused_with_what_is_wrong() {
        let f = FINGERPRINT;
        for (line, expected) in [
            ("", BadBridge::Empty),
            ("Bridge", BadBridge::Empty),
            ("meek_lite 192.0.2.1:1 url=x", BadBridge::Transport),
            ("OBFS4 192.0.2.1:1", BadBridge::Transport),
            ("UseBridges 0", BadBridge::Transport),
            ("bridge.example:443", BadBridge::Address),
            ("192.0.2.1:0", BadBridge::Address),
            ("0.0.0.0:443", BadBridge::Address),
            ("192.0.2.256:443", BadBridge::Address),
            ("obfs4", BadBridge::Address),
            ("192.0.2.1:443 0123", BadBridge::Fingerprint),
            (&format!("192.0.2.1:443 {f}0"), BadBridge::Fingerprint),
            (
                &format!("192.0.2.1:443 {}", f.replace('A', "G")),
                BadBridge::Fingerprint,
            ),
            (&format!("192.0.2.1:443 {f} cert=x"), BadBridge::Argument),
            (&format!("192.0.2.1:443 {f} {f}"), BadBridge::Argument),
            (
                &format!("obfs4 192.0.2.1:443 {f}"),
                BadBridge::Lacks("cert"),
            ),
            (
                &format!("obfs4 192.0.2.1:443 {f} cert=x"),
                BadBridge::Lacks("iat-mode"),
            ),
            (
                &format!("obfs4 192.0.2.1:443 {f} cert= iat-mode=0"),
                BadBridge::Lacks("cert"),
            ),
            ("snowflake 192.0.2.3:80", BadBridge::Lacks("url")),
            (
                "obfs4 192.0.2.1:443 cert=x iat-mode=0 =x",
                BadBridge::Argument,
            ),
            ("192.0.2.1:443\nUseBridges 0", BadBridge::Character),
            ("192.0.2.1:443\r", BadBridge::Character),
            ("192.0.2.1:443\t", BadBridge::Character),
            ("192.0.2.1:443 # mine", BadBridge::Character),
            ("webtunnel 192.0.2.1:1 url=\"x", BadBridge::Character),
            ("192.0.2.1:443 \\", BadBridge::Character),
            ("192.0.2.1:443\u{a0}", BadBridge::Character),
        ] {
            refused(line, expected);
        }
        refused(&"1".repeat(3_000), BadBridge::TooLong);
    }

    #[test]
    fn nothing_shows_where_a_bridge_is() {
        let bridge = Bridge::parse(&format!("192.0.2.1:443 {FINGERPRINT}")).unwrap();
        let shown = format!("{bridge:?}");
        assert!(
            !shown.contains("192") && !shown.contains(FINGERPRINT),
            "{shown}"
        );
    }

    proptest! {
        /// The one thing that must never be: a line with a second meaning.
        #[test]
        fn whatever_is_taken_is_one_option_and_reads_the_same_again(
            line in "(Bridge )?(obfs4 |webtunnel )?(192\\.0\\.2\\.1:443|\\PC{0,9})( [0-9A-Fa-f]{40})?([ \n\r\t\"#\\\\]?(cert|iat-mode|url|\\PC{0,5})=\\PC{0,9}){0,3}",
        ) {
            if let Ok(bridge) = Bridge::parse(&line) {
                let written = bridge.line();
                prop_assert!(written.is_ascii() && !written.starts_with(' '));
                prop_assert!(!written.contains(|letter: char| letter.is_control() || "\"#\\".contains(letter)));
                prop_assert_eq!(Bridge::parse(&written), Ok(bridge));
            }
        }

        #[test]
        fn any_text_is_judged_without_panic(line in "\\PC*") {
            let judged = Bridge::parse(&line);
            prop_assert!(judged.is_ok() || judged.is_err());
        }
    }
}
