//! What is drawn, and what has to be drawn because it differs.

use crate::update::{State, SubscriberId};
use crate::view::{self, Badge, PopupView, Tone};
use std::collections::BTreeSet;

/// What badge and popups show.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    badge: Option<Badge>,
    /// This worker has drawn a badge.
    has_drawn: bool,
    watched: Option<bool>,
    view: Option<Box<PopupView>>,
    subscribers: BTreeSet<SubscriberId>,
}

impl Drawn {
    /// What the worker before this one left on the badge, where that is known.
    #[must_use]
    pub fn left(badge: Option<Badge>) -> Self {
        Self {
            badge,
            ..Self::default()
        }
    }

    /// The badge that is drawn.
    #[must_use]
    pub const fn badge(&self) -> Option<&Badge> {
        self.badge.as_ref()
    }

    /// The badge to show.
    #[must_use]
    pub fn next_badge(&self, state: &State) -> Badge {
        match &self.badge {
            Some(badge) if stands(badge, state) => badge.clone(),
            Some(_) | None => view::badge(state),
        }
    }

    /// What a popup is to show.
    #[must_use]
    pub fn next_view(&self, state: &State) -> PopupView {
        view::popup(state, self.next_badge(state))
    }

    /// The badge to draw, where another one may be drawn. While this worker gives no answer, a
    /// popup draws one itself: so with each new subscriber the badge is drawn again.
    pub fn draw_badge(&mut self, state: &State) -> Option<Badge> {
        let badge = self.next_badge(state);
        let differs = self.badge.as_ref() != Some(&badge);
        let is_asked = !state.subscribers().is_subset(&self.subscribers);
        let is_first = !std::mem::replace(&mut self.has_drawn, true);
        self.badge = Some(badge.clone());
        (differs || is_asked || is_first).then_some(badge)
    }

    /// Whether a killed worker has to be woken soon, where that has changed: only green promises
    /// something that somebody has to stand behind.
    pub fn watch(&mut self) -> Option<bool> {
        let watched = self.badge.as_ref().map(|badge| badge.tone) == Some(Tone::Good);
        let before = self.watched.replace(watched);
        (before != Some(watched)).then_some(watched)
    }

    /// The view, and the subscribers that do not show it.
    pub fn draw_view(&mut self, state: &State) -> Option<(Box<PopupView>, Vec<SubscriberId>)> {
        let before = std::mem::replace(&mut self.subscribers, state.subscribers().clone());
        if self.subscribers.is_empty() {
            self.view = None;
            return None;
        }
        let view = Box::new(self.next_view(state));
        let differs = self.view.as_ref() != Some(&view);
        self.view = Some(view.clone());
        let lacks = |subscriber: &&SubscriberId| differs || !before.contains(subscriber);
        let lacking: Vec<_> = self.subscribers.iter().filter(lacks).copied().collect();
        (!lacking.is_empty()).then_some((view, lacking))
    }
}

/// Whether the badge of before is still to be shown. Host, browser and witness need a moment after
/// every wake-up, and a badge that blinks each time says nothing. Green stays only as long as
/// nothing speaks against it, and as any other for two seconds at the most.
fn stands(badge: &Badge, state: &State) -> bool {
    match badge.tone {
        Tone::Good => state.awaits_confirmation() && view::problem(state).is_none(),
        Tone::Busy | Tone::Warning | Tone::Alarm | Tone::Off => state.is_waking(),
    }
}
