//! Which operating system this program was built for, for what is data: where other programs keep
//! their files.

/// An operating system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum System {
    /// Linux.
    Linux,
    /// macOS.
    MacOs,
    /// Another one.
    Other,
}

/// The one that this program was built for.
pub(crate) const HERE: System = if cfg!(target_os = "linux") {
    System::Linux
} else if cfg!(target_os = "macos") {
    System::MacOs
} else {
    System::Other
};
