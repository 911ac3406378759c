//! What is kept of a deleted account: a hash of each of its keys, and nothing else.
//!
//! Its devices still hold their receipts. If such a key could be enrolled again, it could bring
//! back by them what was deleted, into whatever account it is in then. So no key comes back. The
//! hash is made with the ledger's first key, so that two ledgers have different ones for the same
//! device.

use super::LedgerKeyEntry;
use crate::store::{Db, Row, StoreError, statements};
use meter_core::{AccountId, DeviceKey};
use sha2::{Digest as _, Sha256};

const DOMAIN: &[u8] = b"onionmeter/deleted-device/v1\0";

/// The hash of one key.
fn hash(keys: &[LedgerKeyEntry], device: DeviceKey) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(DOMAIN);
    for first in keys.iter().take(1) {
        hash.update(first.key.0);
    }
    hash.update(device.0);
    hash.finalize().into()
}

/// Keeps the hashes of all devices of an account, also of those that were removed from it.
pub(super) fn bury(
    db: &mut dyn Db,
    keys: &[LedgerKeyEntry],
    account: AccountId,
) -> Result<(), StoreError> {
    let devices = db.rows(statements::DEVICES, &[account.0.into()])?;
    let key = |mut row: Row| row.array().map(DeviceKey);
    let devices = devices
        .into_iter()
        .map(key)
        .collect::<Result<Vec<_>, _>>()?;
    for device in devices {
        db.run(statements::BURY_DEVICE, &[hash(keys, device).into()])?;
    }
    Ok(())
}

/// Whether a key belonged to a deleted account.
pub(super) fn is_buried(
    db: &mut dyn Db,
    keys: &[LedgerKeyEntry],
    device: DeviceKey,
) -> Result<bool, StoreError> {
    let found = db.rows(statements::BURIED_DEVICE, &[hash(keys, device).into()])?;
    Ok(!found.is_empty())
}
