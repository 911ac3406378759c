//! What is known of tabs that were open before the browser went through the relay.

use serde::{Deserialize, Serialize};

/// Numbers the looks at open pages; only the answer to the latest one counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PagesTurn(pub u32);

/// What a look at the open tabs found, by their numbers.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct OldTabs {
    /// Tabs with a page that is marked.
    pub marked: Vec<i32>,
    /// Tabs that could not be marked, because they were loading or browsers let no extension in.
    pub unmarked: Vec<i32>,
}

/// The tabs of before. Kept in `storage.session`, which ends when the browser or the extension
/// does.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pages {
    /// The open pages were marked since the browser was last seen without our settings.
    pub(super) marked: bool,
    /// The browser has started while this extension ran.
    #[serde(default)]
    pub(super) browser_started: bool,
    /// The browser was seen without our settings since then.
    #[serde(default)]
    pub(super) was_open: bool,
    #[serde(default)]
    pub(super) old: OldTabs,
    #[serde(skip)]
    pub(super) turn: PagesTurn,
    #[serde(skip)]
    pub(super) in_flight: bool,
    #[serde(skip)]
    pub(super) looks_left: u8,
}

impl Pages {
    /// Whether no page of before is left, as far as browsers let it be known.
    pub(super) const fn are_clear(&self) -> bool {
        self.marked && self.count() == 0
    }

    /// How many tabs hold a page of before.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.old
            .marked
            .len()
            .saturating_add(self.old.unmarked.len())
    }

    /// The browser has had our settings since its start: it opened nothing without them.
    pub(super) const fn is_shut_from_start(&self) -> bool {
        self.browser_started && !self.was_open
    }
}
