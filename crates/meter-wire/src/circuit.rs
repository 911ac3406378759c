//! The circuit of a site, as a client sees it.

use serde::{Deserialize, Serialize};

/// Which site, by any of its hosts.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SiteQuery {
    /// A host's name or address, without port; at most [`crate::SITE_BYTES_MAX`] bytes.
    pub site: String,
}

/// What is known of a site's circuit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SiteCircuit {
    /// The site: the registrable domain of the host that was asked for.
    #[serde(deserialize_with = "crate::plain::line")]
    pub site: String,
    /// Its circuit.
    pub circuit: Circuit,
}

/// A circuit, if there is one and Tor tells.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Circuit {
    /// The Tor in use does not tell.
    Untold,
    /// None carries the site's connections now.
    Unused,
    /// One does.
    Built {
        /// The ways through the network, each from this computer on: one, or two that end at the
        /// same relay.
        ways: Vec<Vec<Hop>>,
        /// Whether it ends at an onion service, whose own relays nobody can see.
        onion: bool,
    },
}

/// One relay of a circuit.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Hop {
    /// What it does there.
    pub role: HopRole,
    /// Its nickname, or the beginning of its fingerprint.
    #[serde(deserialize_with = "crate::plain::line")]
    pub relay: String,
    /// Two lower-case letters, where Tor's list of countries knows.
    #[serde(default, deserialize_with = "crate::plain::some_line")]
    pub country: Option<String>,
}

/// What a relay does in a circuit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HopRole {
    /// The first; it knows this computer and not the site.
    Guard,
    /// A first one that no public list names.
    Bridge,
    /// Between.
    Middle,
    /// The last; it knows the site and not this computer.
    Exit,
    /// Where an onion service comes to meet.
    Meeting,
    /// A role of a newer version.
    #[serde(other)]
    Other,
}

impl HopRole {
    /// A person's word for it.
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
