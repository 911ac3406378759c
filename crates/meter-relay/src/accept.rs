//! Takes connections off the listener, and knows which failures of that pass by themselves.

use std::{io, net::SocketAddr, time::Duration};

use rustix::io::Errno;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tracing::warn;

/// First and longest pause after a failure. Short enough that a browser's retry finds us again,
/// long enough that a full file table does not cost a processor.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Waits for the next connection, through failures that pass. The address that comes with it is for
/// asking whose the connection is, and goes into no log.
///
/// # Errors
/// A failure of the listener itself; accepting again would fail again.
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
        match Fault::of(&error) {
            Fault::Connection => {}
            Fault::Shortage => {
                if pause == PAUSE_MIN {
                    warn!(%error, "cannot accept connections for want of resources; waiting");
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            Fault::Listener => return Err(error),
        }
    }
}

/// Whose fault a failed accept is (accept(2), "ERRORS").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// Of that one connection; the next may be fine.
    Connection,
    /// Of this machine or process just now: files, memory.
    Shortage,
    /// Of the listener.
    Listener,
}

impl Fault {
    fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Self::Shortage,
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK | Errno::OPNOTSUPP) => Self::Listener,
            // Linux passes on errors of the new connection, and a firewall's refusal.
            Some(_) => Self::Connection,
            // Not from the system: the runtime is shutting down.
            None => Self::Listener,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_listener_ends_accepting() {
        let of = |errno: Errno| Fault::of(&errno.into());
        for shortage in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(of(shortage), Fault::Shortage, "{shortage}");
        }
        for passing in [
            Errno::CONNABORTED,
            Errno::PERM,
            Errno::PROTO,
            Errno::NETDOWN,
            Errno::INTR,
        ] {
            assert_eq!(of(passing), Fault::Connection, "{passing}");
        }
        for broken in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            assert_eq!(of(broken), Fault::Listener, "{broken}");
        }
        assert_eq!(Fault::of(&io::Error::other("no reactor")), Fault::Listener);
    }
}
