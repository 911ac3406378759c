//! What is read of a server before any of it is checked.

use zeroize::Zeroizing;

/// What both forms say of one server.
pub(super) struct Parts {
    /// An address, or what stands in its place; IPv6 without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) method: String,
    pub(super) password: Zeroizing<String>,
}
