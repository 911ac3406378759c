//! This computer's clock: that of an SQLite file, and the one that PostgreSQL's is compared with.

use super::StoreError;
use meter_core::UnixMs;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time now.
///
/// # Errors
/// When the clock is before 1970.
pub(super) fn now() -> Result<UnixMs, StoreError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since
        .ok()
        .and_then(|time| u64::try_from(time.as_millis()).ok());
    let now = millis.and_then(UnixMs::new);
    now.ok_or_else(|| StoreError::Unavailable("this computer's clock is before 1970".to_owned()))
}
