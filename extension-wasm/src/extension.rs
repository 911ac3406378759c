//! The extension as one value: what it knows, what it has stored, and what it has drawn.

use crate::drawn::Drawn;
use crate::saved::{Saved, Session};
use crate::update::{Effect, Event, State, Stored, SubscriberId, update};
use crate::view::{Badge, PopupView};
use serde_json::Value;

/// The extension. It dies with the worker, which may happen at any time.
#[derive(Clone, Debug, Default)]
pub struct Extension {
    state: State,
    saved: Saved,
    drawn: Drawn,
}

/// What an event leads to.
#[derive(Debug)]
pub struct Reaction {
    /// To be written to `storage.local` before anything else, because it has to outlive the worker.
    pub local: Option<Box<Stored>>,
    /// To be done then, in this order.
    pub effects: Vec<Effect>,
}

/// What has changed for a person, once all events are handled.
#[derive(Debug, Default)]
pub struct Changes {
    /// To be drawn on the badge.
    pub badge: Option<Badge>,
    /// Wake a worker that was killed soon, or as usual.
    pub watch: Option<bool>,
    /// To be written to `storage.session`.
    pub session: Option<Box<Session>>,
    /// To be drawn by these subscribers.
    pub view: Option<(Box<PopupView>, Vec<SubscriberId>)>,
}

impl Extension {
    /// What it knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What it has drawn.
    #[must_use]
    pub const fn drawn(&self) -> &Drawn {
        &self.drawn
    }

    /// Takes one event.
    pub fn take(&mut self, event: Event) -> Reaction {
        if let Event::Started(started) = &event
            && self.state.is_idle()
        {
            self.saved = Saved::found(&started.local, &started.session);
            self.drawn = Drawn::left(badge_of(&started.session));
        }
        let (state, effects) = update(std::mem::take(&mut self.state), event);
        self.state = state;
        let local = match self.state.is_idle() {
            true => None,
            false => self.saved.local(&self.state),
        };
        Reaction { local, effects }
    }

    /// Compares what is to be seen with what is drawn.
    pub fn changes(&mut self) -> Changes {
        if self.state.is_idle() {
            return Changes::default();
        }
        let badge = self.drawn.draw_badge(&self.state);
        Changes {
            badge,
            watch: self.drawn.watch(),
            session: self.saved.session(&self.state, self.drawn.badge()),
            view: self.drawn.draw_view(&self.state),
        }
    }
}

/// The badge that `storage.session` remembers.
fn badge_of(session: &str) -> Option<Badge> {
    let all: Value = serde_json::from_str(session).ok()?;
    serde_json::from_value(all.get("badge")?.clone()).ok()
}
