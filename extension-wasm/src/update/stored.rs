//! What outlives the worker, and reading it back without trusting it.

use super::book::{Book, Kept};
use super::state::State;
use super::tabs::Pages;
use meter_wire::{ReportsFile, Status};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::rc::Rc;

/// What outlives the browser: `storage.local`, one entry per field.
///
/// The service worker reads `protection_wanted` itself when Wasm cannot run.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Stored {
    /// Whether protection is on. Absent only before the very first start.
    pub protection_wanted: bool,
    /// The port that the proxy settings were last seen to hold; none after "turn off".
    pub applied_port: Option<u16>,
    /// The chain of reports was replaced by another, and nobody has said "seen" yet.
    pub chain_changed: bool,
    /// A request went past Tor, and nobody has said "seen" yet.
    pub bypassed: bool,
    /// Another extension sent requests past the relay, and nobody has asked to check again yet.
    pub astray: bool,
    /// How many connections of other users of this machine the person has been told of.
    pub foreign_seen: u64,
    /// The person has seen that this browser has no floor.
    pub floor_seen: bool,
    /// Of the reports.
    #[serde(flatten)]
    pub kept: Rc<Kept>,
}

/// What outlives the worker, besides the badge: part of `storage.session`. Shown until the host
/// speaks, never relied on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Glance {
    /// The last status, without its session and what it says of failures.
    pub status: Option<Status>,
    /// Which pages were open before protection began.
    #[serde(default)]
    pub pages: Pages,
}

impl Stored {
    /// What has to be stored of a state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self {
            protection_wanted: state.wanted,
            applied_port: state.applied_port,
            chain_changed: state.chain_changed,
            bypassed: state.bypassed,
            astray: state.astray,
            foreign_seen: state.foreign_seen,
            floor_seen: state.floor_seen,
            kept: state.book.kept(),
        }
    }

    /// Reads each entry for itself: a broken one is as good as none and harms no other.
    /// Returns whether this is the very first start, too.
    pub(super) fn read(json: &str) -> (Self, Book, bool) {
        let all: Value = serde_json::from_str(json).unwrap_or_default();
        let wanted: Option<bool> = entry(&all, "protection_wanted");
        let book = entry::<ReportsFile>(&all, "book").and_then(|file| Book::from_file(&file));
        let older = entry(&all, "older").unwrap_or_default();
        let earlier = entry(&all, "earlier").unwrap_or_default();
        let book = book.unwrap_or_default().with_kept(older, earlier);
        let stored = Self {
            protection_wanted: wanted.unwrap_or(true),
            applied_port: entry::<u16>(&all, "applied_port").filter(|port| *port != 0),
            chain_changed: entry(&all, "chain_changed").unwrap_or(false),
            bypassed: entry(&all, "bypassed").unwrap_or(false),
            astray: entry(&all, "astray").unwrap_or(false),
            foreign_seen: entry(&all, "foreign_seen").unwrap_or(0),
            floor_seen: entry(&all, "floor_seen").unwrap_or(false),
            kept: book.kept(),
        };
        (stored, book, wanted.is_none())
    }
}

impl Glance {
    /// What is worth storing of a state. What moves every second is not, and what pages did not
    /// load concerns only who sees the popup now.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let status = state.status_to_show().map(|status| Status {
            session: None,
            unreached: Vec::new(),
            new_identity_in_s: 0,
            new_circuit_in_s: 0,
            connections: 0,
            ..status.clone()
        });
        Self {
            status,
            pages: state.pages.clone(),
        }
    }

    pub(super) fn read(json: &str) -> Self {
        let all: Value = serde_json::from_str(json).unwrap_or_default();
        Self {
            status: entry(&all, "status"),
            pages: entry(&all, "pages").unwrap_or_default(),
        }
    }
}

fn entry<T: DeserializeOwned>(all: &Value, name: &str) -> Option<T> {
    serde_json::from_value(all.get(name)?.clone()).ok()
}
