//! The parts of a server, before they are checked.

use zeroize::Zeroizing;

/// The parts of one server, from a URL or from JSON.
pub(super) struct Parts {
    /// The address, or the text in its place; IPv6 without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) method: String,
    pub(super) password: Zeroizing<String>,
}
