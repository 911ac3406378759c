//! Where a chain stands, for the device that signs it.

use super::Ledger;
use crate::{books::ChainKey, shelf, store::StoreError};
use meter_core::{
    Amount, ChainCondition, ChainHead, ChainId, ChainState, DeviceKey, LedgerKey, UnixMs, Verified,
};

impl Ledger {
    /// Where a chain of this device stands, signed. A chain that the ledger does not follow yet
    /// stands at its beginning.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn chain_state(
        &self,
        device: DeviceKey,
        chain: ChainId,
    ) -> Result<Verified<ChainState>, StoreError> {
        let key = ChainKey { device, chain };
        let ledger = self.signer.key();
        let state = self.store.read(|db| {
            let now = db.now()?;
            let found = shelf::chain_of(db, key)?;
            Ok::<_, StoreError>(found.map_or_else(
                || beginning(key, ledger, now),
                |chain| chain.state(ledger, now),
            ))
        })?;
        let signed = self.signer.sign(&state);
        signed.map_err(|_| StoreError::Damaged("a chain".to_owned()))
    }
}

fn beginning(key: ChainKey, ledger: LedgerKey, at: UnixMs) -> ChainState {
    let head = ChainHead::genesis(key.chain, key.device);
    ChainState {
        condition: ChainCondition::Open,
        ledger,
        device: key.device,
        chain: key.chain,
        sequence: head.sequence,
        link: head.link,
        at,
        awarded_total: Amount::ZERO,
    }
}
