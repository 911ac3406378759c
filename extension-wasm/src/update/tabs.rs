//! What is known about tabs that were open before the browser used the relay.

use serde::{Deserialize, Serialize};

/// Numbers the looks at open pages. Only the answer to the latest counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PagesTurn(pub u32);

/// The result of a look at the open tabs, as numbers of tabs.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct OldTabs {
    /// Tabs with a page that is marked.
    pub marked: Vec<i32>,
    /// Tabs that could not be marked, because they were loading or because the browser allows no
    /// extension in them.
    pub unmarked: Vec<i32>,
}

/// The tabs that were open before. Kept in `storage.session`, which ends with the browser or the
/// extension.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pages {
    /// The open pages were marked since the browser was last seen without our settings.
    pub(super) marked: bool,
    /// The browser was started while this extension was installed.
    #[serde(default)]
    pub(super) browser_started: bool,
    /// The browser was seen without our settings since its start.
    #[serde(default)]
    pub(super) was_open: bool,
    #[serde(default)]
    pub(super) old: OldTabs,
    /// Of the tabs without a mark those whose page from before has loaded.
    #[serde(default)]
    pub(super) settled: Vec<i32>,
    /// Of the tabs without a mark those that load another page.
    #[serde(default)]
    pub(super) leaving: Vec<i32>,
    #[serde(skip)]
    pub(super) turn: PagesTurn,
    #[serde(skip)]
    pub(super) in_flight: bool,
    #[serde(skip)]
    pub(super) looks_left: u8,
}

impl Pages {
    /// Whether no earlier page is open, as far as the browser tells.
    #[must_use]
    pub const fn are_clear(&self) -> bool {
        self.marked && self.count() == 0
    }

    /// Number of tabs with an earlier page.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.old
            .marked
            .len()
            .saturating_add(self.old.unmarked.len())
    }

    /// Whether the browser has had our settings since its start, so that no page was opened without
    /// them.
    pub(super) const fn is_shut_from_start(&self) -> bool {
        self.browser_started && !self.was_open
    }
}
