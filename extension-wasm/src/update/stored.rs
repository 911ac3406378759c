//! Data that survives the worker, and how it is read back without trust.

use super::preferences::Preferences;
use super::receipts::{KeptReceipts, Receipts};
use super::state::State;
use super::tabs::Pages;
use super::verified_reports::{Kept, VerifiedReports};
use crate::proxy_value::Windows;
use meter_wire::{ReportsFile, Status, parse, read_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::rc::Rc;

/// Data that survives the browser: `storage.local`, one entry per field.
///
/// If Wasm cannot run, the service worker reads `protection_wanted`, `applied_port` and
/// `protected_windows` itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Stored {
    /// Whether protection is on. Absent only before the very first start.
    pub protection_wanted: bool,
    /// Which windows are protected. Absent in what earlier versions stored: all of them.
    pub protected_windows: Windows,
    /// The port in the proxy settings when they were last confirmed; `None` after "turn off".
    pub applied_port: Option<u16>,
    /// The chain of reports was replaced, and the person has not dismissed the note yet.
    pub chain_changed: bool,
    /// A request went past Tor, and the person has not dismissed the note yet.
    pub bypassed: bool,
    /// Another extension sent requests past the relay, and the person has not asked for a new check
    /// yet.
    pub astray: bool,
    /// How many connections of other users of this machine the person has seen in the note.
    pub foreign_seen: u64,
    /// The person has seen the note that this browser has no floor.
    pub floor_seen: bool,
    /// What the person chose about badge and notifications.
    pub preferences: Preferences,
    /// The welcome page was opened once.
    pub welcomed: bool,
    /// It is open. If the browser loads the extension again, it opens again.
    pub welcome_open: bool,
    /// The stored part of the receipts; `None` while the host is enrolled with no ledger.
    pub receipts: Option<Rc<KeptReceipts>>,
    /// The stored part of the verified reports.
    #[serde(flatten)]
    pub kept: Rc<Kept>,
}

/// Data that survives the worker, besides the badge; part of `storage.session`. It is shown until
/// the host sends a message. No request goes out directly because of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Glance {
    /// The last status, without its session and its failed connections.
    pub status: Option<Status>,
    /// The pages that were open before protection began.
    #[serde(default)]
    pub pages: Pages,
    /// Whether this browser has a floor. It depends on how the browser was started.
    #[serde(default)]
    pub floor: Option<bool>,
}

impl Stored {
    /// The value to store for a state.
    #[must_use]
    pub fn of(state: &State) -> Self {
        Self {
            protection_wanted: state.wanted,
            protected_windows: state.windows,
            applied_port: state.applied_port,
            chain_changed: state.chain_changed,
            bypassed: state.bypassed,
            astray: state.astray,
            foreign_seen: state.foreign_seen,
            floor_seen: state.floor_seen,
            preferences: state.preferences,
            welcomed: state.welcome.shown,
            welcome_open: state.welcome.open,
            receipts: state.receipts.kept(),
            kept: state.reports.kept(),
        }
    }

    /// Reads each entry on its own: a broken entry counts as missing and does not affect the
    /// others. Also returns whether this is the very first start.
    pub(super) fn read(json: &str) -> (Self, VerifiedReports, Receipts, bool) {
        let all: Value = parse(json).unwrap_or_default();
        let wanted: Option<bool> = entry(&all, "protection_wanted");
        let reports =
            entry::<ReportsFile>(&all, "book").and_then(|file| VerifiedReports::from_file(&file));
        let older = entry(&all, "older").unwrap_or_default();
        let earlier: Vec<_> = entry(&all, "earlier").unwrap_or_default();
        let reports = reports.unwrap_or_default().with_kept(older, &earlier);
        let receipts = entry::<KeptReceipts>(&all, "receipts").and_then(Receipts::from_kept);
        let receipts = receipts.unwrap_or_default();
        let stored = Self {
            protection_wanted: wanted.unwrap_or(true),
            protected_windows: Windows::stored(all.get("protected_windows")),
            applied_port: entry::<u16>(&all, "applied_port").filter(|port| *port != 0),
            chain_changed: entry(&all, "chain_changed").unwrap_or(false),
            bypassed: entry(&all, "bypassed").unwrap_or(false),
            astray: entry(&all, "astray").unwrap_or(false),
            foreign_seen: entry(&all, "foreign_seen").unwrap_or(0),
            floor_seen: entry(&all, "floor_seen").unwrap_or(false),
            preferences: entry(&all, "preferences").unwrap_or_default(),
            welcomed: entry(&all, "welcomed").unwrap_or(false),
            welcome_open: entry(&all, "welcome_open").unwrap_or(false),
            receipts: receipts.kept(),
            kept: reports.kept(),
        };
        (stored, reports, receipts, wanted.is_none())
    }
}

impl Glance {
    /// The part of a state that is worth storing. Values that change every second are left out, and
    /// so are failed connections, which matter only to a person who sees the popup now.
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
            floor: state.floor(),
        }
    }

    pub(super) fn read(json: &str) -> Self {
        let all: Value = parse(json).unwrap_or_default();
        Self {
            status: entry(&all, "status"),
            pages: entry(&all, "pages").unwrap_or_default(),
            floor: entry(&all, "floor"),
        }
    }
}

fn entry<T: for<'a> Deserialize<'a>>(all: &Value, name: &str) -> Option<T> {
    read_value(all.get(name)?)
}
