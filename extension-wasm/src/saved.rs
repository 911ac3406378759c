//! Records what is stored, and finds what must be written again.

use crate::update::{Glance, State, Stored};
use crate::view::Badge;
use meter_wire::{parse, write_json};
use serde::Serialize;
use serde_json::Value;

/// The content of the storage, as far as this worker knows.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// The content found at the start; `None` after the first comparison.
    found: Option<(Value, Value)>,
    local: Option<Box<Stored>>,
    session: Option<Box<Session>>,
}

/// Data that survives the worker: `storage.session`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Session {
    /// The last badge.
    pub badge: Option<Badge>,
    /// What the worker knew last.
    #[serde(flatten)]
    pub glance: Glance,
}

impl Saved {
    /// Starts with the content of both storages, as JSON.
    #[must_use]
    pub fn found(local: &str, session: &str) -> Self {
        let read = |json| parse(json).unwrap_or_default();
        Self {
            found: Some((read(local), read(session))),
            ..Self::default()
        }
    }

    /// The value to write to `storage.local` for this state; `None` if it is already there.
    pub fn local(&mut self, state: &State) -> Option<Box<Stored>> {
        let stored = Stored::of(state);
        let is_saved = match (&self.local, &self.found) {
            (Some(saved), _) => **saved == stored,
            (None, Some((found, _))) => holds(found, &stored),
            (None, None) => false,
        };
        let stored = Box::new(stored);
        self.local = Some(stored.clone());
        (!is_saved).then_some(stored)
    }

    /// The value to write to `storage.session` for this state and badge; `None` if it is already
    /// there.
    pub fn session(&mut self, state: &State, badge: Option<&Badge>) -> Option<Box<Session>> {
        let session = Session {
            badge: badge.cloned(),
            glance: Glance::of(state),
        };
        let is_saved = match (&self.session, &self.found) {
            (Some(saved), _) => **saved == session,
            (None, Some((_, found))) => holds(found, &session),
            (None, None) => false,
        };
        self.found = None;
        let session = Box::new(session);
        self.session = Some(session.clone());
        (!is_saved).then_some(session)
    }
}

/// Whether a storage holds each entry exactly as it would be written. Other entries do not matter.
fn holds(found: &Value, entries: &impl Serialize) -> bool {
    let written = write_json(entries);
    let Some(Value::Object(entries)) = parse(&written) else {
        return false;
    };
    entries
        .iter()
        .all(|(name, value)| found.get(name) == Some(value))
}
