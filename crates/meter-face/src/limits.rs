//! Every limit of the server, in one place.

use std::time::Duration;

/// Largest body of a request, in bytes: a frame towards the daemon.
pub(crate) const BODY_BYTES_MAX: usize = meter_wire::FRAME_IN_MAX;

/// Largest head of a request (its first line and its headers), in bytes.
pub(crate) const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Most headers of a request.
pub(crate) const HEADERS_MAX: usize = 64;

/// Limits that a test may want to have different. [`Limits::default`] are the product's.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most open connections; a further one is closed.
    pub connections: usize,
    /// Most event streams, so that some connections are always left for requests.
    pub streams: usize,
    /// Most requests that wait for the daemon at once.
    pub asking: usize,
    /// Longest time that a further one waits for its turn; then it gets `busy`.
    pub turn: Duration,
    /// Longest time until the head of a request is complete, counted from the start of the
    /// connection or from the answer before.
    pub head: Duration,
    /// Longest time until the body of a request is complete, counted from its head.
    pub body: Duration,
    /// Longest time that open requests have to finish when the server ends.
    pub drain: Duration,
    /// Pause between two signs of life on a silent event stream.
    pub alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            streams: 16,
            // The daemon keeps eight places for commands beside those of browsers.
            asking: 4,
            turn: Duration::from_secs(9),
            head: Duration::from_secs(9),
            body: Duration::from_secs(9),
            drain: Duration::from_secs(2),
            alive: Duration::from_secs(15),
        }
    }
}
