//! Parses bridge lines as people paste them. Pure. A line that is not a bridge is refused with the
//! reason. A bridge line is rebuilt from its parts, so that nothing else can reach Tor's
//! configuration.
//!
//! No reason contains an address or a fingerprint: bridges are secrets of the people who use them.

mod fault;
mod pasted;
mod transport;

use std::net::SocketAddr;

use self::fault::{BYTES_MAX, FINGERPRINT_DIGITS};
pub use fault::BridgeFault;
pub use transport::Transport;

/// Transports that censors can detect. New bridges with these transports are no longer given out.
const OLD_TRANSPORTS: [&str; 6] = [
    "obfs2",
    "obfs3",
    "scramblesuit",
    "fte",
    "flashproxy",
    "meek",
];

/// One bridge: `[transport] address:port [fingerprint] [key=value …]`.
#[derive(Clone, Eq, PartialEq)]
pub struct Bridge {
    transport: Option<Transport>,
    address: SocketAddr,
    fingerprint: Option<String>,
    arguments: Vec<String>,
}

/// Written by hand, so that the address of a bridge is never shown.
impl std::fmt::Debug for Bridge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bridge")
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl Bridge {
    /// Parses one line. The word `Bridge`, which some sources print first, is allowed.
    ///
    /// # Errors
    /// The first mistake in the line.
    pub fn parse(line: &str) -> Result<Self, BridgeFault> {
        let line = pasted::plain(line)?;
        if line.len() > BYTES_MAX {
            return Err(BridgeFault::TooLong);
        }
        let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
        if words
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case("bridge"))
        {
            words.next();
        }
        let first = *words.peek().ok_or(BridgeFault::Empty)?;
        let known = Transport::named(first);
        if known.is_some() {
            words.next();
        } else if OLD_TRANSPORTS
            .iter()
            .any(|old| first.eq_ignore_ascii_case(old))
        {
            return Err(BridgeFault::OldTransport);
        } else if !first.contains(':') {
            return Err(BridgeFault::Transport);
        }
        let address = address(words.next().unwrap_or_default())?;
        let fingerprint = words
            .next_if(|word| !word.contains('=') || word.starts_with('$'))
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

    /// The transport of the bridge; `None` for a plain relay that no public list names.
    #[must_use]
    pub const fn transport(&self) -> Option<Transport> {
        self.transport
    }

    /// Whether the line has the bridge's fingerprint. The embedded Tor connects to no other
    /// bridges.
    #[must_use]
    pub const fn has_fingerprint(&self) -> bool {
        self.fingerprint.is_some()
    }

    /// The bridge as a line, without the word `Bridge`.
    pub(crate) fn line(&self) -> String {
        let address = self.address.to_string();
        let transport = self.transport.map(Transport::name);
        let words = transport.into_iter().chain([address.as_str()]);
        let words = words.chain(self.fingerprint.as_deref());
        let words = words.chain(self.arguments.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }
}

fn address(word: &str) -> Result<SocketAddr, BridgeFault> {
    let address: SocketAddr = word.parse().map_err(|_| not_an_address(word))?;
    let ip = address.ip();
    let leads_nowhere = address.port() == 0 || ip.is_unspecified() || ip.is_multicast();
    if leads_nowhere {
        Err(BridgeFault::Address)
    } else {
        Ok(address)
    }
}

/// The error for text in place of an address. A name and a port count as a name; a port alone does
/// not.
fn not_an_address(word: &str) -> BridgeFault {
    let is_name = word.rsplit_once(':').is_some_and(|(host, port)| {
        let is_label = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let has_letter = host.bytes().any(|byte| byte.is_ascii_alphabetic());
        port.parse::<u16>().is_ok() && has_letter && host.bytes().all(is_label)
    });
    if is_name {
        BridgeFault::Name
    } else {
        BridgeFault::Address
    }
}

/// Also accepts the form of relay lists: with `$` in front, and a nickname after `~` or `=`
/// (control-spec, "LongName").
fn fingerprint(word: &str) -> Result<String, BridgeFault> {
    let word = word.strip_prefix('$').unwrap_or(word);
    let digits = word.split(['~', '=']).next().unwrap_or_default();
    let is_one =
        digits.len() == FINGERPRINT_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_one {
        Ok(digits.to_ascii_uppercase())
    } else {
        Err(BridgeFault::Fingerprint)
    }
}

fn check_arguments(transport: Option<Transport>, arguments: &[String]) -> Result<(), BridgeFault> {
    let Some(transport) = transport else {
        return if arguments.is_empty() {
            Ok(())
        } else {
            Err(BridgeFault::Argument)
        };
    };
    let pairs: Option<Vec<_>> = arguments.iter().map(|word| word.split_once('=')).collect();
    let pairs = pairs.ok_or(BridgeFault::Argument)?;
    let is_key = |key: &str| {
        !key.is_empty()
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if !pairs.iter().all(|(key, _)| is_key(key)) {
        return Err(BridgeFault::Argument);
    }
    let has = |needed: &str| {
        pairs
            .iter()
            .any(|(key, value)| *key == needed && !value.is_empty())
    };
    let lacking = |set: &&[&'static str]| set.iter().copied().find(|needed| !has(needed));
    let sets = transport.needs();
    if sets.iter().any(|set| lacking(set).is_none()) {
        return Ok(());
    }
    // Report what is missing from the set that is most complete; of equal sets, the first.
    let there = |set: &&&[&'static str]| set.iter().filter(|needed| has(needed)).count();
    let lacking = sets.iter().rev().max_by_key(there).and_then(lacking);
    lacking.map_or(Ok(()), |key| Err(BridgeFault::Lacks(key)))
}

#[cfg(test)]
mod tests;
