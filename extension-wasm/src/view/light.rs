//! The state as a shape, a colour and a word.

use serde::Serialize;

/// Shape and colour of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Everything that "Protected" promises holds.
    Protected,
    /// On the way there.
    Connecting,
    /// Wanted, but pages go out past Tor.
    Unprotected,
    /// Wanted, and no page goes out at all.
    Blocked,
    /// Not wanted.
    Off,
}

impl Light {
    /// The word beside the shape.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Protected => "Protected",
            Self::Connecting => "Connecting",
            Self::Unprotected | Self::Off => "Not protected",
            Self::Blocked => "Blocked",
        }
    }
}
