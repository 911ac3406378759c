//! The secret that makes one identity towards Tor. It lives in this process's memory only.

use meter_relay::IdentitySecret;
use std::io;

/// Fresh random bytes.
///
/// # Errors
/// The system has none.
pub(crate) fn secret() -> io::Result<IdentitySecret> {
    let mut secret = IdentitySecret::default();
    getrandom::fill(secret.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(secret)
}
