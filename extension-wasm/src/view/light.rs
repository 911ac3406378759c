//! The state as a shape, a colour and a word.

use crate::text::{Key, key};
use serde::Serialize;

/// The shape and colour of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Everything is true that "Protected" promises.
    Protected,
    /// The same for private windows; the others go out directly, as the person chose.
    Private,
    /// Protection is starting.
    Connecting,
    /// Protection is wanted, but pages bypass Tor.
    Unprotected,
    /// Protection is wanted, and no page is sent at all.
    Blocked,
    /// Protection is not wanted.
    Off,
}

impl Light {
    /// The word beside the shape.
    #[must_use]
    pub const fn word(self) -> Key {
        match self {
            Self::Protected => key("light_protected"),
            Self::Private => key("light_private"),
            Self::Connecting => key("light_connecting"),
            Self::Unprotected | Self::Off => key("light_unprotected"),
            Self::Blocked => key("light_blocked"),
        }
    }
}
