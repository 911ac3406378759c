//! The status of the whole daemon, from the status of each part.

use super::relay::RelayControl;
use crate::accounting::AccountsStatus;
use meter_wire::{Status, TorStatus, U64Text};

/// How long a person must wait before the same is possible again.
#[derive(Clone, Copy, Default)]
pub(super) struct Waits {
    pub(super) new_identity_in_s: u32,
    pub(super) new_circuit_in_s: u32,
}

pub(super) fn snapshot(
    accounts: AccountsStatus,
    relay: &RelayControl,
    tor: TorStatus,
    waits: Waits,
) -> Status {
    let totals = relay.recent().totals();
    Status {
        relay: relay.status(),
        tor,
        session: accounts.session,
        balance: accounts.balance,
        reports: accounts.reports,
        thresholds: (&accounts.thresholds).into(),
        chain: accounts.chain,
        earlier: accounts.earlier,
        ledger: accounts.ledger,
        restored: accounts.restored,
        problem: accounts.problem,
        unreached: relay.recent().unreached(),
        foreign: U64Text(totals.foreign),
        unidentified: U64Text(totals.unidentified),
        literals: U64Text(totals.literals),
        new_identity_in_s: waits.new_identity_in_s,
        new_circuit_in_s: waits.new_circuit_in_s,
        connections: relay.connections_active(),
    }
}
