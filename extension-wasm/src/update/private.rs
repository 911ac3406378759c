//! Private windows: whether they go the way of all others. There is room here for modes of their
//! own.

use crate::proxy_value::{Engine, Reading};

/// What the browser says of its private windows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PrivateWindows {
    /// Not asked yet.
    #[default]
    Unknown,
    /// The person has not let this extension into them, so its proxy settings do not hold there.
    NotAllowed,
    /// It may be there, and these are the proxy settings that hold there.
    Allowed(Reading),
}

/// How private windows stand to what the header says of the browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cover {
    /// As all others, by all that is known.
    Same,
    /// They go out past Tor until the person lets this extension in.
    NotAllowed,
    /// Something else controls their proxy.
    Elsewhere,
}

impl PrivateWindows {
    /// How private windows stand to the rest of the browser.
    #[must_use]
    pub const fn cover(self, engine: Engine) -> Cover {
        match (self, engine) {
            // Its proxy settings are one for all windows, and it takes them from nobody who may not
            // be in private ones.
            (_, Engine::Gecko) | (Self::Unknown | Self::Allowed(Reading::Ours { .. }), _) => {
                Cover::Same
            }
            (Self::NotAllowed, Engine::Chromium) => Cover::NotAllowed,
            (Self::Allowed(_), Engine::Chromium) => Cover::Elsewhere,
        }
    }
}
