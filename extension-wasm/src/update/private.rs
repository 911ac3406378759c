//! Private windows: whether they use the same way as all others.

use crate::proxy_value::{BrowserFamily, Reading};

/// What the browser tells about its private windows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivateWindows {
    /// The browser has not answered yet. Nothing is protected meanwhile.
    #[default]
    Unknown,
    /// The person has not allowed this extension there, so its proxy settings do not apply.
    NotAllowed,
    /// The extension is allowed there; these are the proxy settings that apply.
    Allowed(Reading),
}

/// How private windows differ from the state in the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cover {
    /// They do not differ, as far as is known.
    Same,
    /// They bypass Tor until the person allows this extension there.
    NotAllowed,
    /// Another extension or policy controls their proxy.
    Elsewhere,
}

impl PrivateWindows {
    /// How private windows differ from the rest of the browser.
    #[must_use]
    pub const fn cover(self, family: BrowserFamily) -> Cover {
        match (self, family) {
            // Firefox has one proxy setting for all windows, and accepts it only from an extension
            // that may run in private windows.
            (_, BrowserFamily::Gecko)
            | (Self::Unknown | Self::Allowed(Reading::Ours { .. }), _) => Cover::Same,
            (Self::NotAllowed, BrowserFamily::Chromium) => Cover::NotAllowed,
            (Self::Allowed(_), BrowserFamily::Chromium) => Cover::Elsewhere,
        }
    }
}
