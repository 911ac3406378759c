//! The circuit of a site, as a client sees it.

use serde::{Deserialize, Serialize};

/// A question about one site, named by any of its hosts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SiteQuery {
    /// Name or address of a host, without a port; at most [`crate::SITE_BYTES_MAX`] bytes.
    pub site: String,
}

/// The circuit of a site, as far as it is known.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SiteCircuit {
    /// The site: the registrable domain of the host that was asked for.
    #[serde(deserialize_with = "crate::plain::line")]
    pub site: String,
    /// Its circuit.
    pub circuit: Circuit,
}

/// A site's circuit, or the reason why none can be named.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Circuit {
    /// The Tor in use does not report circuits.
    Untold,
    /// No circuit carries connections of the site now.
    Unused,
    /// A circuit carries connections of the site.
    Built {
        /// The paths through the network, each starting at this computer: one path, or two that end
        /// at the same relay.
        ways: Vec<Vec<Hop>>,
        /// Whether the circuit ends at an onion service. The onion service's own relays cannot be
        /// seen.
        onion: bool,
    },
}

/// One relay of a circuit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Hop {
    /// The role of the relay in this circuit.
    pub role: HopRole,
    /// The relay's nickname, or the beginning of its fingerprint.
    #[serde(deserialize_with = "crate::plain::line")]
    pub relay: String,
    /// Country as two lower-case letters; `None` if Tor's list of countries does not know it.
    #[serde(default, deserialize_with = "crate::plain::some_line")]
    pub country: Option<String>,
}

/// The role of a relay in a circuit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HopRole {
    /// The first; it knows this computer and not the site.
    Guard,
    /// A first relay that no public list names.
    Bridge,
    /// A relay between the first and the last.
    Middle,
    /// The last; it knows the site and not this computer.
    Exit,
    /// The rendezvous point, where an onion service connects to the circuit.
    Meeting,
    /// A role that only a newer version knows.
    #[serde(other)]
    Other,
}

impl HopRole {
    /// The word that a person reads for this role.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Guard => "Guard",
            Self::Bridge => "Bridge",
            Self::Middle => "Middle",
            Self::Exit => "Exit",
            Self::Meeting => "Meeting point",
            Self::Other => "Relay",
        }
    }
}
