//! The records of the site.

use std::net::SocketAddr;

/// One connection, counted at its socket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectionRecord {
    /// The other end.
    pub peer: SocketAddr,
    /// Bytes read from the socket.
    pub received: u64,
    /// Bytes that the socket accepted from us.
    pub sent: u64,
    /// At most one, since every answer closes its connection; none if no complete request arrived.
    pub requests: Vec<RequestRecord>,
    /// Whether more bytes may follow.
    pub open: bool,
}

/// One request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestRecord {
    /// `GET`, …
    pub method: String,
    /// With its query, as it came.
    pub path: String,
    /// Bytes of the head as it came, with its empty line.
    pub head_bytes: u64,
    /// Bytes of body that the head announced.
    pub body_bytes: u64,
    /// Bytes of the whole answer, as planned. [`ConnectionRecord::sent`] tells how many were sent.
    pub answer_bytes: u64,
}

/// Sums over connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// How many connections.
    pub connections: usize,
    /// Bytes read from sockets.
    pub received: u64,
    /// Bytes that sockets accepted.
    pub sent: u64,
}

impl ConnectionRecord {
    pub(super) fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            received: 0,
            sent: 0,
            requests: Vec::new(),
            open: true,
        }
    }

    /// Whether it had a request for `path`.
    #[must_use]
    pub fn asked_for(&self, path: &str) -> bool {
        self.requests.iter().any(|request| request.path == path)
    }
}

impl Totals {
    /// The sums over `records`.
    #[must_use]
    pub fn of(records: &[ConnectionRecord]) -> Self {
        Self {
            connections: records.len(),
            received: records.iter().map(|record| record.received).sum(),
            sent: records.iter().map(|record| record.sent).sum(),
        }
    }
}
