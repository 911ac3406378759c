//! Parses bridge lines as people paste them. Pure. A line that is not a bridge is refused with the
//! reason. A bridge line is rebuilt from its parts, so that nothing else can reach Tor's
//! configuration.
//!
//! No reason contains an address or a fingerprint: bridges are secrets of the people who use them.

mod arguments;
mod cause;
mod fault;
mod listed;
mod pasted;
mod place;
mod transport;
mod words;
mod written;

use std::net::SocketAddr;

use self::{
    fault::BYTES_MAX,
    words::{is_fingerprint, is_label},
};
pub use fault::BridgeFault;
pub use transport::Transport;

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
    /// Reads a text that may list several: one in each line, or the list that Tor's bots show as a
    /// code. In place of each line that is no bridge it has the reason. Never nothing: without a
    /// bridge, Tor would connect straight.
    pub fn parse_all(text: &str) -> Vec<Result<Self, BridgeFault>> {
        let lines = listed::lines(text);
        if lines.is_empty() || listed::is_object_without_bridge(text) {
            return vec![Err(match listed::is_all_comments(text) {
                true => BridgeFault::Comment,
                false => BridgeFault::Empty,
            })];
        }
        let judged = lines.iter().map(|line| (line, Self::parse(line)));
        let mut judged: Vec<_> = judged.collect();
        // Around bridges there may be a letter. Alone, or beside a bridge that is wrong, its lines
        // are refused too, so that the places that are named are those of the text.
        let is_letter =
            |line: &str, fault: &BridgeFault| fault.may_be_a_letter() && listed::is_prose(line);
        let holds_bridges = judged.iter().any(|(_, bridge)| bridge.is_ok());
        let mut faults = judged
            .iter()
            .filter_map(|(line, bridge)| Some((line, bridge.as_ref().err()?)));
        if holds_bridges && faults.all(|(line, fault)| is_letter(line, fault)) {
            judged.retain(|(_, bridge)| bridge.is_ok());
        }
        judged.into_iter().map(|(_, bridge)| bridge).collect()
    }

    /// Reads one line. The word `Bridge`, with which some places print it, may stand before it, and
    /// what mail and lists put around it is taken off.
    ///
    /// # Errors
    /// The first mistake in the line.
    pub fn parse(line: &str) -> Result<Self, BridgeFault> {
        let line = pasted::plain(line)?;
        if line.len() > BYTES_MAX {
            return Err(BridgeFault::TooLong);
        }
        let mut words = line.split(' ').filter(|word| !word.is_empty()).peekable();
        while words.next_if(|word| is_label(word)).is_some() {}
        let first = *words.peek().ok_or(BridgeFault::Empty)?;
        let known = Transport::named(first.trim_end_matches(':'));
        if known.is_some() {
            words.next();
        } else {
            place::check_first(first)?;
        }
        let address = words.next();
        let address = place::address(address.ok_or(BridgeFault::OnlyTransport)?)?;
        let fingerprint = fingerprint(&mut words)?;
        let arguments: Vec<_> = words.map(arguments::written).collect();
        arguments::check(known, &arguments)?;
        let fingerprint = fingerprint.or_else(|| arguments::fingerprint(&arguments));
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
    #[must_use]
    pub fn line(&self) -> String {
        let address = self.address.to_string();
        let transport = self.transport.map(Transport::name);
        let words = transport.into_iter().chain([address.as_str()]);
        let words = words.chain(self.fingerprint.as_deref());
        let words = words.chain(self.arguments.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Also as relays print it: in ten groups of four digits, with `$` before it, or with a nickname
/// behind `~` or `=` (control-spec, "LongName").
fn fingerprint<'a>(
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
) -> Result<Option<String>, BridgeFault> {
    let is_argument = |word: &str| word.contains('=') && !word.starts_with('$');
    let is_group = |word: &&str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut grouped = String::new();
    while let Some(group) = words.next_if(is_group) {
        grouped += group;
    }
    let word = match words.next_if(|word| grouped.is_empty() && !is_argument(word)) {
        Some(word) => word,
        None if grouped.is_empty() => return Ok(None),
        None => &grouped,
    };
    let word = word.strip_prefix('$').unwrap_or(word);
    let digits = word.split(['~', '=']).next().unwrap_or_default();
    match is_fingerprint(digits) {
        true => Ok(Some(digits.to_ascii_uppercase())),
        false => Err(BridgeFault::Fingerprint),
    }
}

#[cfg(test)]
mod tests;
