//! Accounts and devices as an operator writes them.

use meter_core::{AccountId, DeviceKey};

/// Reads the 32 hexadecimal digits of an account.
pub(super) fn account(text: &str) -> Result<AccountId, String> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id)
        .map(|()| AccountId(id))
        .map_err(|_| "an account has 32 hexadecimal digits: onionmeter-ledger account list".into())
}

/// Reads the 64 hexadecimal digits of a device's key.
pub(super) fn device(text: &str) -> Result<DeviceKey, String> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key)
        .map(|()| DeviceKey(key))
        .map_err(|_| "a device has 64 hexadecimal digits: onionmeter-ledger device list".into())
}
