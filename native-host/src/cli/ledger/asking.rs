//! Questions that the daemon answers with the help of the ledger.

use super::super::{ask::Patience, outcome::CommandError, output::Format, wait};
use crate::{home::Home, ipc};
use meter_ledger_client::{ON_LOOPBACK_MAX, OVER_TOR_MAX};
use meter_wire::{LedgerDevice, Request, Success};

pub(super) fn devices(
    patience: Patience,
    home: &Home,
    format: Format,
) -> Result<Vec<LedgerDevice>, CommandError> {
    match asked(patience, home, format, Request::LedgerDevices)? {
        Success::LedgerDevices(devices) => Ok(devices.devices),
        _ => Err(ipc::unexpected().into()),
    }
}

pub(in crate::cli) fn asked(
    patience: Patience,
    home: &Home,
    format: Format,
    request: Request,
) -> Result<Success, CommandError> {
    patience.wait(or_say(format, async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        daemon.ask(request).await
    }))
}

/// Waits for an answer that needs the ledger. If that takes long, says so, and how long at most.
pub(in crate::cli) async fn or_say<T>(format: Format, answer: impl Future<Output = T>) -> T {
    let words = format!(
        "waiting for the ledger's answer: at most {} s if it runs here, {} s through Tor",
        ON_LOOPBACK_MAX.as_secs(),
        OVER_TOR_MAX.as_secs()
    );
    wait::or_say(format, &words, answer).await
}
