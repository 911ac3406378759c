//! What the relay has passed on, whether it became a report or not.

use crate::U64Text;
use serde::{Deserialize, Serialize};

/// Totals of the relay since the daemon's start. They hold nothing about single connections.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// Payload bytes from programs to Tor.
    pub bytes_up: U64Text,
    /// Payload bytes from Tor to programs.
    pub bytes_down: U64Text,
    /// Connections that the relay accepted, refused ones included.
    pub connections: U64Text,
    /// Connections that are open now.
    pub active: U64Text,
}
