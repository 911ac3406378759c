//! Signs requests to a ledger where the key is.

use super::{BooksCommand, EngineHandle};
use meter_core::{DeviceKey, LedgerKey, LedgerRequest, SIGNATURE_BYTES};
use meter_ledger_client::SignRequests;

/// Has the engine sign requests of this device to one ledger.
pub(crate) struct LedgerSigner<'a> {
    engine: &'a EngineHandle,
    ledger: LedgerKey,
    device: DeviceKey,
}

impl<'a> LedgerSigner<'a> {
    pub(crate) const fn new(
        engine: &'a EngineHandle,
        ledger: LedgerKey,
        device: DeviceKey,
    ) -> Self {
        Self {
            engine,
            ledger,
            device,
        }
    }
}

impl SignRequests for LedgerSigner<'_> {
    fn device(&self) -> DeviceKey {
        self.device
    }

    fn ledger(&self) -> LedgerKey {
        self.ledger
    }

    async fn sign(&self, request: LedgerRequest) -> Option<[u8; SIGNATURE_BYTES]> {
        let asked = self
            .engine
            .ask_books(|answer| BooksCommand::SignRequest(request, answer));
        asked.await.ok()
    }
}
