//! This computer's clock: that of an SQLite file, and the one that PostgreSQL's is compared with.

use super::StoreError;
use meter_core::UnixMs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

/// The last second of the year 9999, since 1970.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

/// Whether the time can be written as a date of HTTP (RFC 9110 §5.6.7: four digits of a year).
#[must_use]
pub fn clock_has_dates() -> bool {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.is_ok_and(|since| since <= LAST_SECOND)
}
