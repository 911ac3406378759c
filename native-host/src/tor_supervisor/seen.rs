//! The observations of a computer and its Tor in one look.

use crate::system::network::Network;
use meter_core::MonotonicMs;
use meter_relay::CounterSnapshot;
use meter_tor::TorStatus;

/// The observations in one look.
pub(super) struct Seen<'a> {
    pub(super) now: MonotonicMs,
    /// The relay's counters.
    pub(super) counted: &'a CounterSnapshot,
    pub(super) tor: &'a TorStatus,
    /// How long this computer has slept since its start.
    pub(super) slept_ms: u64,
    /// Read only in doubt.
    pub(super) network: &'a dyn Network,
    /// The result of the last test of the network, if it has ended since the last look.
    pub(super) answered: Option<bool>,
    /// Whether Tor answered the last greeting, if that has ended since the last look.
    pub(super) greeted: Option<bool>,
}
