//! Watches Arti's connections to relays. Arti does not report their failures: in its status, a
//! refused connection only looks like one that is not ready yet.
//!
//! Holds no address.

use std::{io, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use meter_embedded::ConnectError;
use tokio::sync::watch;
use tor_rtcompat::{
    CompoundRuntime, NetStreamProvider, RuntimeSubstExt as _, tokio::TokioRustlsRuntime,
};

use crate::connect::connect;

type Plain = TokioRustlsRuntime;
/// The tokio runtime, except that [`Dials`] learns the result of every TCP connection.
pub(crate) type Runtime = CompoundRuntime<Plain, Plain, Plain, Dialer, Plain, Plain, Plain>;

/// Wraps `runtime` so that `dials` learns the result of every TCP connection.
pub(crate) fn watched(runtime: &Plain, dials: &Dials) -> Runtime {
    runtime.with_tcp_provider(Dialer {
        inner: runtime.clone(),
        dials: dials.clone(),
    })
}

/// The results so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dialed {
    /// Number of connections that were made.
    pub(crate) made: u64,
    /// Reason why the latest failed connection failed.
    pub(crate) connect_error: Option<ConnectError>,
}

/// Collects the results.
#[derive(Clone, Default)]
pub(crate) struct Dials(Arc<watch::Sender<Dialed>>);

impl Dials {
    pub(crate) fn hear(&self) -> watch::Receiver<Dialed> {
        self.0.subscribe()
    }

    fn made(&self) {
        self.0.send_modify(|dialed| {
            dialed.made = dialed.made.saturating_add(1);
            dialed.connect_error = None;
        });
    }

    fn failed(&self, error: ConnectError) {
        let error = Some(error);
        self.0.send_if_modified(|dialed| {
            let is_new = dialed.connect_error != error;
            dialed.connect_error = error;
            is_new
        });
    }
}

/// Connects, and reports the result to `dials`.
#[derive(Clone)]
pub(crate) struct Dialer {
    inner: Plain,
    dials: Dials,
}

#[async_trait]
impl NetStreamProvider<SocketAddr> for Dialer {
    type Stream = <Plain as NetStreamProvider<SocketAddr>>::Stream;
    type Listener = <Plain as NetStreamProvider<SocketAddr>>::Listener;
    type ConnectOptions = <Plain as NetStreamProvider<SocketAddr>>::ConnectOptions;
    type ListenOptions = <Plain as NetStreamProvider<SocketAddr>>::ListenOptions;

    async fn connect(
        &self,
        address: &SocketAddr,
        options: &Self::ConnectOptions,
    ) -> io::Result<Self::Stream> {
        let dial = Dial::begun(&self.dials);
        let connected = connect(*address, options).await;
        match &connected {
            Ok(_) => self.dials.made(),
            Err(error) => self.dials.failed(error_of(error.kind())),
        }
        dial.has_ended();
        connected.map(Self::Stream::from)
    }

    async fn listen(
        &self,
        address: &SocketAddr,
        options: &Self::ListenOptions,
    ) -> io::Result<Self::Listener> {
        self.inner.listen(address, options).await
    }
}

/// A connection attempt in progress. If it is dropped, it counts as unanswered unless another
/// attempt succeeded meanwhile: Arti starts several at once and takes the first.
struct Dial<'a> {
    dials: &'a Dials,
    made_before: u64,
    has_ended: bool,
}

impl<'a> Dial<'a> {
    fn begun(dials: &'a Dials) -> Self {
        let made_before = dials.0.borrow().made;
        Self {
            dials,
            made_before,
            has_ended: false,
        }
    }

    fn has_ended(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Dial<'_> {
    fn drop(&mut self) {
        let made = self.dials.0.borrow().made;
        if !self.has_ended && made == self.made_before {
            self.dials.failed(ConnectError::TimedOut);
        }
    }
}

fn error_of(kind: io::ErrorKind) -> ConnectError {
    match kind {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused,
        io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => ConnectError::NoRoute,
        io::ErrorKind::TimedOut => ConnectError::TimedOut,
        _ => ConnectError::Other,
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn dialer() -> Dialer {
        Dialer {
            inner: Plain::current().unwrap(),
            dials: Dials::default(),
        }
    }

    async fn dial(dialer: &Dialer, address: SocketAddr) -> bool {
        dialer.connect(&address, &Default::default()).await.is_ok()
    }

    fn dialed_so_far(dialer: &Dialer) -> (u64, Option<ConnectError>) {
        let Dialed {
            made,
            connect_error,
        } = *dialer.dials.hear().borrow();
        (made, connect_error)
    }

    #[tokio::test]
    async fn a_refusal_is_told_until_a_connection_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let dialer = dialer();
        assert_eq!(dialed_so_far(&dialer), (0, None));
        assert!(!dial(&dialer, nowhere).await);
        assert_eq!(dialed_so_far(&dialer), (0, Some(ConnectError::Refused)));
        assert!(dial(&dialer, address).await);
        assert_eq!(dialed_so_far(&dialer), (1, None));
        assert!(!dial(&dialer, nowhere).await);
        assert_eq!(dialed_so_far(&dialer), (1, Some(ConnectError::Refused)));
    }

    #[test]
    fn who_stops_waiting_got_no_answer_unless_another_connection_was_faster() {
        let dials = Dials::default();
        let connect_error = |dials: &Dials| dials.hear().borrow().connect_error;
        let slower = Dial::begun(&dials);
        dials.made();
        drop(slower);
        assert_eq!(connect_error(&dials), None);
        drop(Dial::begun(&dials));
        assert_eq!(connect_error(&dials), Some(ConnectError::TimedOut));
        dials.failed(ConnectError::Refused);
        Dial::begun(&dials).has_ended();
        assert_eq!(connect_error(&dials), Some(ConnectError::Refused));
    }

    #[test]
    fn what_the_system_says_has_its_kind() {
        use io::ErrorKind as Kind;
        for (kind, expected) in [
            (Kind::ConnectionRefused, ConnectError::Refused),
            (Kind::NetworkUnreachable, ConnectError::NoRoute),
            (Kind::HostUnreachable, ConnectError::NoRoute),
            (Kind::TimedOut, ConnectError::TimedOut),
            (Kind::PermissionDenied, ConnectError::Other),
        ] {
            assert_eq!(error_of(kind), expected, "{kind:?}");
        }
    }
}
