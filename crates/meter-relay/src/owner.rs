//! Whose process is at the other end of a connection on loopback (S-23).
//!
//! A loopback port is open to every user of the machine. What another user sends through the relay
//! would be counted, and signed, as ours.
//!
//! Linux tells by socket diagnostics. Elsewhere the question has an answer too, behind calls that
//! this crate, which is free of unsafe code, does not make:
//!
//! - macOS: `proc_pidfdinfo(PROC_PIDFDSOCKETINFO)` over the processes of this user; a connection
//!   that none of them holds is another's. (`sysctl net.inet.tcp.pcblist_n` lists all of them at
//!   once, with the owner in `so_uid`, in a form that Apple does not promise.)
//! - Windows: `GetExtendedTcpTable(TCP_TABLE_OWNER_PID_CONNECTIONS)` names the process, whose token
//!   (`OpenProcessToken`, `GetTokenInformation(TokenUser)`) names the user; a process that cannot be
//!   opened is another's.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
pub(crate) use linux::Owners;

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::Owners;

/// Whose a connection is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    /// A process of the user that this process runs as.
    Us,
    /// A process of another user.
    Other,
    /// Nobody's any more: its process has closed it.
    Gone,
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::{io, net::SocketAddr};

    use super::Owner;

    /// There is none; see above for how there could be.
    pub(crate) enum Owners {}

    impl Owners {
        pub(crate) fn around(_listener: SocketAddr) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn of(&self, _client: SocketAddr) -> io::Result<Owner> {
            match *self {}
        }
    }
}
