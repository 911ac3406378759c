//! What only the welcome page needs to know.

use meter_wire::{parse, read_value};

/// What only the welcome page needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Welcome {
    /// The page was opened once.
    pub(super) shown: bool,
    /// The page is open, or was when the browser ended the extension together with its pages, as it
    /// does when a person allows it in private windows.
    pub(super) open: bool,
    /// Whether a timer for the next look is set.
    pub(super) looks: bool,
    /// How many looks in a row found no such page.
    pub(super) unseen: u8,
    /// Whether the button is on the toolbar; `None` where the browser does not tell.
    pub(super) on_toolbar: Option<bool>,
    /// How many ways for packets a WebRTC connection of the page gathered; `None` until
    /// the page has tried.
    pub(super) candidates: Option<u32>,
}

impl Welcome {
    /// Whether the button is on the toolbar; `None` where the browser does not tell.
    #[must_use]
    pub const fn on_toolbar(&self) -> Option<bool> {
        self.on_toolbar
    }

    /// How many ways for packets a WebRTC connection of the page gathered.
    #[must_use]
    pub const fn candidates(&self) -> Option<u32> {
        self.candidates
    }
}

/// Reads a page's message `{"web_rtc":0}`: how many ways its WebRTC connection gathered.
#[must_use]
pub fn candidates_of(json: &str) -> Option<u32> {
    let message = parse(json)?;
    let fields = message.as_object().filter(|fields| fields.len() == 1)?;
    fields.get("web_rtc").and_then(read_value)
}
