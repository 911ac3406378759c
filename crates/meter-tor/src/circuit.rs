//! The circuit of a site, as far as the Tor in use reports it. The answer goes only to the part
//! that asked: nothing here is logged or stored.

use tokio::sync::oneshot;

/// The credentials that Tor got with a site's connections. They identify the site's circuit. Has no
/// `Debug`: credentials are never logged.
#[derive(Clone)]
pub struct SiteCredentials {
    /// The SOCKS user name.
    pub user: String,
    /// The SOCKS password.
    pub password: String,
}

/// The current circuit of a site.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Circuit {
    /// This Tor does not report circuits, or does not answer.
    Untold,
    /// There is no circuit: nothing was requested from the site recently.
    Unused,
    /// The circuit.
    Built(Built),
}

/// A circuit that carries a site's connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Built {
    /// The paths through the network, each starting at this computer; at least one, at most
    /// [`WAYS_MAX`]. Tor may use several that end at the same relay (conflux).
    pub ways: Vec<Vec<Hop>>,
    /// Whether it ends at an onion service. The onion service's own relays cannot be seen.
    pub onion: bool,
}

/// One relay of a circuit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hop {
    /// The role of the relay in this circuit.
    pub role: HopRole,
    /// The relay's nickname, or the beginning of its fingerprint; at most 19 characters.
    pub relay: String,
    /// Country as two lower-case letters; `None` if Tor has no list of countries or does not know.
    pub country: Option<String>,
}

/// The role of a relay in a circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HopRole {
    /// The first relay. It knows this computer and not the site.
    Guard,
    /// A first relay that no public list names.
    Bridge,
    /// A relay between the first and the last.
    Middle,
    /// The last relay. It knows the site and not this computer.
    Exit,
    /// The last relay of our part of the way to an onion service. The onion service connects to it.
    Meeting,
}

/// Most paths of one circuit that are reported. Tor uses two.
pub const WAYS_MAX: usize = 2;
/// Most hops of one path that are reported. Tor uses eight at most.
pub(crate) const HOPS_MAX: usize = 8;
/// Characters of a fingerprint that are enough for a person to tell relays apart.
const FINGERPRINT_CHARS: usize = 8;

impl HopRole {
    /// The role of hop `number`, counted from 0, of `count` hops.
    pub(crate) fn of(number: usize, count: usize, onion: bool) -> Self {
        let is_last = number.saturating_add(1) == count;
        match (number, is_last, onion) {
            (0, _, _) => Self::Guard,
            (_, true, true) => Self::Meeting,
            (_, true, false) => Self::Exit,
            (_, false, _) => Self::Middle,
        }
    }
}

/// The beginning of a fingerprint, for a relay without a nickname.
pub(crate) fn short(fingerprint: &str) -> String {
    let start: String = fingerprint.chars().take(FINGERPRINT_CHARS).collect();
    format!("{start}…")
}

/// A query for a circuit.
pub(crate) struct Question {
    pub(crate) site: SiteCredentials,
    pub(crate) answer: oneshot::Sender<Circuit>,
}

impl Question {
    /// Sends the answer. The receiver may be gone.
    pub(crate) fn answer(self, circuit: Circuit) {
        if self.answer.send(circuit).is_err() {
            tracing::trace!("nobody waits for the circuit any more");
        }
    }
}
