//! The circuit of a site, as far as the Tor in use can tell. The answer lives only on its way to
//! whoever asked: nothing here is logged or kept.

use tokio::sync::oneshot;

/// What Tor was told with a site's connections, by which it knows their circuit. Has no `Debug`:
/// credentials are never logged.
#[derive(Clone)]
pub struct SiteCredentials {
    /// The SOCKS user name.
    pub user: String,
    /// The SOCKS password.
    pub password: String,
}

/// What is known of a site's circuit now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Circuit {
    /// This Tor does not tell, or does not answer.
    Untold,
    /// There is none: nothing was asked of the site lately.
    Unused,
    /// This is it.
    Built(Built),
}

/// A circuit that carries a site's connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Built {
    /// The ways through the network, each from us on; at least one, at most [`WAYS_MAX`]. Tor may
    /// lead one circuit over several that end at the same relay (conflux).
    pub ways: Vec<Vec<Hop>>,
    /// Whether it ends at an onion service, whose own relays nobody can see.
    pub onion: bool,
}

/// One relay of a circuit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hop {
    /// What it does there.
    pub role: HopRole,
    /// Its nickname, or the beginning of its fingerprint; at most 19 characters.
    pub relay: String,
    /// Two lower-case letters; `None` where Tor has no list of countries or does not know.
    pub country: Option<String>,
}

/// What a relay does in a circuit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HopRole {
    /// The first, which knows us and not the site.
    Guard,
    /// A first one that no public list names.
    Bridge,
    /// Between.
    Middle,
    /// The last, which knows the site and not us.
    Exit,
    /// The last one of ours on the way to an onion service, which the service comes to.
    Meeting,
}

/// Most ways of one circuit that are told; Tor makes two.
pub const WAYS_MAX: usize = 2;
/// Most hops of one way that are told; Tor has eight at the very most.
pub(crate) const HOPS_MAX: usize = 8;
/// Characters of a fingerprint that tell relays apart well enough for a person.
const FINGERPRINT_CHARS: usize = 8;

impl HopRole {
    /// The role of the hop with this number, from 0, of `count`.
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

/// The beginning of a fingerprint, for a relay without a name.
pub(crate) fn short(fingerprint: &str) -> String {
    let start: String = fingerprint.chars().take(FINGERPRINT_CHARS).collect();
    format!("{start}…")
}

/// Somebody asks for a circuit.
pub(crate) struct Question {
    pub(crate) site: SiteCredentials,
    pub(crate) answer: oneshot::Sender<Circuit>,
}

impl Question {
    /// Answers. Whoever asked may have left.
    pub(crate) fn answer(self, circuit: Circuit) {
        if self.answer.send(circuit).is_err() {
            tracing::trace!("nobody waits for the circuit any more");
        }
    }
}
