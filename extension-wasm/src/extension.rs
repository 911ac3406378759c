//! The whole extension as one value: its knowledge, its stored data, and its drawn output.

use crate::drawn::{Drawn, PageView};
use crate::notifications::{Notification, Notifier};
use crate::saved::{Saved, Session};
use crate::update::{Effect, Event, State, Stored, SubscriberId, update};
use crate::view::{Badge, PopupView};
use meter_wire::{parse, read_value};

/// The extension. It ends with the worker, which may happen at any time.
#[derive(Clone, Debug, Default)]
pub struct Extension {
    state: State,
    saved: Saved,
    drawn: Drawn,
    notifier: Notifier,
}

/// The result of an event.
#[derive(Debug)]
pub struct Reaction {
    /// Must be written to `storage.local` before the effects run, because it must survive the
    /// worker.
    pub local: Option<Box<Stored>>,
    /// Effects to run then, in this order.
    pub effects: Vec<Effect>,
}

/// Visible changes after all waiting events were handled.
#[derive(Debug, Default)]
pub struct Changes {
    /// The badge to draw.
    pub badge: Option<Badge>,
    /// Whether a killed worker must be woken early (`true`) or as usual.
    pub watch: Option<bool>,
    /// The value to write to `storage.session`.
    pub session: Option<Box<Session>>,
    /// The view to draw, and the subscribers that draw it.
    pub view: Option<(Box<PopupView>, Vec<SubscriberId>)>,
    /// The same for pages of their own.
    pub pages: Vec<(PageView, Vec<SubscriberId>)>,
    /// Notifications to show.
    pub notifications: Vec<Notification>,
}

impl Extension {
    /// Everything the extension knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What badge and popups show.
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

    /// Compares the state with what is shown and stored.
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
            pages: self.drawn.draw_pages(&self.state),
            notifications: self.notifier.next(&self.state),
        }
    }
}

/// Reads the badge from `storage.session`.
fn badge_of(session: &str) -> Option<Badge> {
    read_value(parse(session)?.get("badge")?)
}
