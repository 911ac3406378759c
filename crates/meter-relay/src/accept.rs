//! Accepts connections from the listener. Tells temporary failures from permanent ones.

use std::{io, net::SocketAddr, time::Duration};

use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tracing::warn;

/// Shortest pause after a failure. Short enough that a browser's retry succeeds, and long enough
/// that a full file table does not keep a processor busy.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Waits for the next connection. Temporary failures are retried. The returned address serves only
/// to find the owner of the connection; it must not be logged.
///
/// # Errors
/// A failure of the listener itself. Another accept would fail again.
///
/// # Cancel safety
/// No accepted connection is lost.
pub(crate) async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let mut pause = PAUSE_MIN;
    loop {
        let error = match listener.accept().await {
            Ok(accepted) => return Ok(accepted),
            Err(error) => error,
        };
        match AcceptErrorKind::of(&error) {
            AcceptErrorKind::Connection => {}
            AcceptErrorKind::Shortage => {
                if pause == PAUSE_MIN {
                    warn!(%error, "cannot accept connections for want of resources; waiting");
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            AcceptErrorKind::Listener => return Err(error),
        }
    }
}

/// The thing that made an accept fail (accept(2), "ERRORS").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum AcceptErrorKind {
    /// That one connection. The next one may succeed.
    Connection,
    /// The machine or this process lacks files or memory at the moment.
    Shortage,
    /// The listener.
    Listener,
}

impl AcceptErrorKind {
    fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Self::Shortage,
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => Self::Listener,
            // Linux also returns errors of the new connection here, and a firewall's refusal.
            Some(_) => Self::Connection,
            // The error does not come from the system: the runtime is shutting down.
            None => Self::Listener,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_listener_ends_accepting() {
        let of = |errno: Errno| AcceptErrorKind::of(&errno.into());
        for shortage in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(of(shortage), AcceptErrorKind::Shortage, "{shortage}");
        }
        for passing in [
            Errno::CONNABORTED,
            Errno::PERM,
            Errno::PROTO,
            Errno::NETDOWN,
            Errno::INTR,
        ] {
            assert_eq!(of(passing), AcceptErrorKind::Connection, "{passing}");
        }
        for broken in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            assert_eq!(of(broken), AcceptErrorKind::Listener, "{broken}");
        }
        assert_eq!(
            AcceptErrorKind::of(&io::Error::other("no reactor")),
            AcceptErrorKind::Listener
        );
    }
}
