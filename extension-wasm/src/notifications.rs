//! What notifications of the browser say, and when: each once, and only what a person asked for.

use crate::text::{Text, Value, key};
use crate::update::State;
use meter_core::Amount;
use meter_wire::TorTrouble;
use serde::Serialize;

/// A notification of the browser. A later one with the same id takes its place.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Notification {
    /// What it is about.
    pub id: &'static str,
    /// Its words. They name no site and nothing that the host or Tor wrote.
    pub text: Text,
}

/// Finds what there is to notify a person of; remembers what it has reported already.
#[derive(Clone, Debug, Default)]
pub struct Notifier {
    /// What was credited when that was last looked at.
    credited: Option<Amount>,
    /// Whether Tor was usable, and nothing was said since.
    was_usable: bool,
}

impl Notifier {
    /// What there is to say about this state.
    pub fn next(&mut self, state: &State) -> Vec<Notification> {
        let wants = state.preferences;
        let credited = self.credited(state).filter(|_| wants.tells_credited);
        let trouble = self.trouble(state).filter(|()| wants.tells_trouble);
        let credited = credited.map(|amount| Notification {
            id: "credited",
            text: key("notice_credited").with("credits", Value::credits(amount)),
        });
        let trouble = trouble.map(|()| Notification {
            id: "trouble",
            text: key("notice_trouble").text(),
        });
        credited.into_iter().chain(trouble).collect()
    }

    /// What was credited since the last look. Only verified receipts count.
    fn credited(&mut self, state: &State) -> Option<Amount> {
        let now = state.receipts.credited();
        let before = std::mem::replace(&mut self.credited, now)?;
        let more = now?.get().checked_sub(before.get())?;
        Amount::new(more).filter(|more| *more != Amount::ZERO)
    }

    /// Tor was usable, is wanted, and cannot be used now for a reason about which a person can do
    /// something.
    fn trouble(&mut self, state: &State) -> Option<()> {
        let tor = &state.status()?.tor;
        if tor.is_usable() {
            self.was_usable = true;
            return None;
        }
        let hinders = tor.trouble.as_ref().is_some_and(TorTrouble::hinders);
        let failed = matches!(tor.state, meter_wire::TorState::Failed(_));
        let is_new = self.was_usable && state.wanted && (hinders || failed);
        self.was_usable &= !is_new;
        is_new.then_some(())
    }
}
