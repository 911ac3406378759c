//! What the routes of the API share.

use super::{cookie::CookieName, device_rates::DeviceRates, guard::Guard, refusal::Refusal};
use crate::{challenge::Challenges, ledger::Ledger};
use meter_core::Vkey;
use meter_wire::ledger::LedgerCode;
use std::{fmt, sync::Arc};
use tokio::task::spawn_blocking;

/// What the routes share.
pub(crate) struct Api {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) challenges: Challenges,
    pub(crate) vkey: Vkey,
    pub(crate) cookie: CookieName,
    /// Reports of each device.
    pub(crate) reports: DeviceRates,
    /// Signed requests of each device.
    pub(crate) requests: DeviceRates,
    pub(crate) guard: Arc<Guard>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

impl Api {
    /// Asks the ledger something that blocks.
    pub(crate) async fn ask<T, E>(
        self: &Arc<Self>,
        question: impl FnOnce(&Ledger) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        E: Into<Refusal> + Send + 'static,
    {
        let ledger = self.ledger.clone();
        match spawn_blocking(move || question(&ledger)).await {
            Ok(answer) => answer.map_err(Into::into),
            // It panicked; the panic hook has logged where.
            Err(_) => Err(Refusal(LedgerCode::Internal)),
        }
    }
}
