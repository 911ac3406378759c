//! What is seen of a computer and its Tor in one look.

use crate::system::network::Network;
use meter_core::MonotonicMs;
use meter_relay::CounterSnapshot;
use meter_tor::TorStatus;

/// What is seen in one look.
pub(super) struct Seen<'a> {
    pub(super) now: MonotonicMs,
    /// What the relay counted so far.
    pub(super) counted: &'a CounterSnapshot,
    pub(super) tor: &'a TorStatus,
    /// How long this computer has slept since its start.
    pub(super) slept_ms: u64,
    /// Asked only in doubt.
    pub(super) network: &'a dyn Network,
    /// What came of the last question to the network, if it has ended since the look before.
    pub(super) answered: Option<bool>,
}
