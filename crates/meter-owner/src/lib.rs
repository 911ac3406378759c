#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod elsewhere;
#[cfg(any(target_os = "macos", windows, test))]
mod judge;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(target_os = "macos", windows))]
mod listed;
#[cfg(not(target_os = "linux"))]
mod unnumbered;

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
pub use elsewhere::Owners;
#[cfg(target_os = "linux")]
pub use linux::{Listener, Owners};
#[cfg(any(target_os = "macos", windows))]
pub use listed::Owners;
#[cfg(not(target_os = "linux"))]
pub use unnumbered::Listener;

/// The owner of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Owner {
    /// A process of the user that this process runs as.
    Us,
    /// A process of another user.
    Other,
    /// No process: the client has closed it.
    Gone,
    /// The system does not tell at the moment, not even for our own listener.
    Unknown,
}
