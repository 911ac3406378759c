//! The operating system that this program was built for. Only for data: the places where other
//! programs keep their files.

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

/// The operating system that this program was built for.
pub(crate) const HERE: System = if cfg!(target_os = "linux") {
    System::Linux
} else if cfg!(target_os = "macos") {
    System::MacOs
} else {
    System::Other
};
