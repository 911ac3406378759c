//! Every limit of the listener and of a request, in one place.

use std::{num::NonZeroU32, time::Duration};

/// Largest body of a request, in bytes. A batch of 100 reports fits, as JSON or as records. With
/// the receipts that the device holds, about 55 of them fit.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Largest head of a request (its first line and its headers), in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Most headers of a request.
pub const HEADERS_MAX: usize = 64;

/// Limits that an operator's machine or a test may want to have different. [`Limits::default`] are
/// the product's.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most open connections. A further one closes the oldest that waits for its client.
    pub connections: usize,
    /// Most open connections of one circuit of an onion service.
    pub connections_per_circuit: usize,
    /// Longest time until the head of a request is complete, counted from the start of the
    /// connection or from the answer before. So it also bounds how long a connection is idle.
    pub head: Duration,
    /// Longest time until the body of a request is complete, counted from its head.
    pub body: Duration,
    /// Longest time in which a client takes no byte of its answer.
    pub write_stall: Duration,
    /// Longest time until the line that names the circuit has arrived.
    pub circuit_line: Duration,
    /// Longest time that open requests have to finish when the server ends.
    pub drain: Duration,
    /// Most requests that are being answered at once. A further one gets `busy`.
    pub requests_at_once: usize,
    /// Requests in one second of one circuit, or of one connection where the circuit is unknown.
    /// Twice as many may come at once.
    pub requests_per_second: NonZeroU32,
    /// Signatures that are not valid and devices that are not known, in one minute of one circuit
    /// or connection. So a stranger cannot keep the processors busy with verifying.
    pub mistakes_per_minute: NonZeroU32,
    /// So many of them are answered at once. The answer to a further one waits, so that this client
    /// gets one answer in a second; meanwhile nothing of it is read.
    pub mistakes_at_once: NonZeroU32,
    /// Accounts that are opened without an invitation in one hour, over all clients; so many may
    /// come at once. 0: none.
    pub accounts_per_hour: u32,
    /// The same for one circuit of an onion service, or for one address of another computer.
    pub accounts_per_hour_and_client: NonZeroU32,
    /// Requests that one device signs, in one minute. Its reports have the policy's limit instead.
    pub signed_per_minute: u32,
}

const fn number(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_circuit: 16,
            head: Duration::from_secs(9),
            body: Duration::from_secs(9),
            write_stall: Duration::from_secs(9),
            circuit_line: Duration::from_secs(4),
            // What waits for the database afterwards has its own limit; both are below 10 s.
            drain: Duration::from_secs(4),
            requests_at_once: 512,
            requests_per_second: number(1_000),
            mistakes_per_minute: number(300),
            mistakes_at_once: number(3),
            accounts_per_hour: 100,
            accounts_per_hour_and_client: number(5),
            signed_per_minute: 240,
        }
    }
}
