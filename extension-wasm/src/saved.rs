//! What is stored, and what has to be written because it differs.

use crate::update::{Glance, State, Stored};
use crate::view::Badge;
use serde::Serialize;
use serde_json::Value;

/// What the storage holds, as far as this worker knows.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// What was found there at the start; until the first comparison.
    found: Option<(Value, Value)>,
    local: Option<Box<Stored>>,
    session: Option<Box<Session>>,
}

/// What outlives the worker: `storage.session`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Session {
    /// The last badge.
    pub badge: Option<Badge>,
    /// What was known last.
    #[serde(flatten)]
    pub glance: Glance,
}

impl Saved {
    /// What a worker finds that wakes up: all of both storages, as JSON.
    #[must_use]
    pub fn found(local: &str, session: &str) -> Self {
        let read = |json| serde_json::from_str(json).unwrap_or_default();
        Self {
            found: Some((read(local), read(session))),
            ..Self::default()
        }
    }

    /// What `storage.local` has to hold for this state, where it does not.
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

    /// What `storage.session` has to hold for this state and this badge, where it does not.
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

/// Whether each entry stands in a storage exactly as it would be written. What else stands there is
/// no concern of ours.
fn holds(found: &Value, entries: &impl Serialize) -> bool {
    let Ok(Value::Object(entries)) = serde_json::to_value(entries) else {
        return false;
    };
    entries
        .iter()
        .all(|(name, value)| found.get(name) == Some(value))
}
