//! Records what badge and popups show, and finds what must be drawn again.

use crate::update::{Shows, State, SubscriberId};
use crate::view::{self, Badge, DashboardView, OptionsView, PopupView, Tone, WelcomeView};
use litemap::LiteMap;
use serde::Serialize;

/// What a page of its own shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PageView {
    /// The dashboard.
    Dashboard(Box<DashboardView>),
    /// The options.
    Options(Box<OptionsView>),
    /// The welcome page.
    Welcome(Box<WelcomeView>),
}

/// The content that badge and popups show now.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    badge: Option<Badge>,
    /// Whether this worker has drawn a badge.
    has_drawn: bool,
    watched: Option<bool>,
    view: Option<Box<PopupView>>,
    subscribers: LiteMap<SubscriberId, ()>,
    pages: LiteMap<SubscriberId, PageView>,
}

impl Drawn {
    /// Starts with the badge that the previous worker left, if it is known.
    #[must_use]
    pub fn left(badge: Option<Badge>) -> Self {
        Self {
            badge,
            ..Self::default()
        }
    }

    /// The badge that is shown.
    #[must_use]
    pub const fn badge(&self) -> Option<&Badge> {
        self.badge.as_ref()
    }

    /// The badge to show.
    #[must_use]
    pub fn next_badge(&self, state: &State) -> Badge {
        match &self.badge {
            Some(badge) if stands(badge, state) => Badge {
                flash: None,
                ..badge.clone()
            },
            Some(_) | None => view::badge(state),
        }
    }

    /// The view for popups.
    #[must_use]
    pub fn next_view(&self, state: &State) -> PopupView {
        view::popup(state, self.next_badge(state))
    }

    /// The badge to draw, if a new one is needed. While this worker does not answer, a popup draws
    /// a badge itself; so the badge is drawn again after each new subscriber.
    pub fn draw_badge(&mut self, state: &State) -> Option<Badge> {
        let badge = self.next_badge(state);
        let differs = self.badge.as_ref() != Some(&badge);
        let is_new = |popup| !self.subscribers.contains_key(popup);
        let is_asked = state.subscribers().keys().any(is_new);
        let is_first = !std::mem::replace(&mut self.has_drawn, true);
        self.badge = Some(badge.clone());
        (differs || is_asked || is_first).then_some(badge)
    }

    /// Whether a killed worker must be woken early; `None` if that has not changed. Only a badge
    /// that promises protection needs this.
    pub fn watch(&mut self) -> Option<bool> {
        let promises = |badge: &Badge| matches!(badge.tone, Tone::Good | Tone::Private);
        let watched = self.badge.as_ref().is_some_and(promises);
        let before = self.watched.replace(watched);
        (before != Some(watched)).then_some(watched)
    }

    /// The view, and the subscribers that do not show it yet.
    pub fn draw_view(&mut self, state: &State) -> Option<(Box<PopupView>, Vec<SubscriberId>)> {
        let before = std::mem::replace(&mut self.subscribers, state.subscribers().clone());
        if self.subscribers.is_empty() {
            self.view = None;
            return None;
        }
        let view = Box::new(self.next_view(state));
        let differs = self.view.as_ref() != Some(&view);
        self.view = Some(view.clone());
        let lacks = |subscriber: &&SubscriberId| differs || !before.contains_key(*subscriber);
        let lacking: Vec<_> = self.subscribers.keys().filter(lacks).copied().collect();
        (!lacking.is_empty()).then_some((view, lacking))
    }

    /// The views of the pages that do not show them yet. A view is made only while a page shows it.
    pub fn draw_pages(&mut self, state: &State) -> Vec<(PageView, Vec<SubscriberId>)> {
        let open = state.pages_of_ours();
        self.pages.retain(|page, _| open.contains_key(page));
        let mut drawn = Vec::new();
        for shows in Shows::ALL {
            let pages = open.iter().filter(|(_, shown)| **shown == shows);
            let pages: Vec<_> = pages.map(|(page, _)| *page).collect();
            if pages.is_empty() {
                continue;
            }
            let view = match shows {
                Shows::Dashboard => PageView::Dashboard(Box::new(view::dashboard(state))),
                Shows::Options => PageView::Options(Box::new(view::options(state))),
                Shows::Welcome => PageView::Welcome(Box::new(view::welcome(state))),
            };
            let lacks = |page: &SubscriberId| self.pages.get(page) != Some(&view);
            let lacking: Vec<_> = pages.into_iter().filter(lacks).collect();
            for page in &lacking {
                self.pages.insert(*page, view.clone());
            }
            if !lacking.is_empty() {
                drawn.push((view, lacking));
            }
        }
        drawn
    }
}

/// Whether the previous badge is still shown. After every wake-up, host, browser and witness need a
/// moment to answer, and a badge that blinks each time has no meaning. Green stays only while
/// nothing contradicts it, and, like any other badge, for two seconds at most.
fn stands(badge: &Badge, state: &State) -> bool {
    match badge.tone {
        Tone::Good | Tone::Private => state.awaits_confirmation() && view::problem(state).is_none(),
        Tone::Busy | Tone::Warning | Tone::Alarm | Tone::Off => state.is_waking(),
    }
}
