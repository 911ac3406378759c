//! The identity towards Tor: a secret that lives in this process's memory only, and its renewal.

use meter_core::MonotonicMs;
use meter_relay::{IdentitySecret, Isolation};
use meter_wire::{ErrorCode, Problem};
use std::io;

pub(crate) struct Identity {
    isolation: Isolation,
    renewed_at: Option<MonotonicMs>,
}

impl Identity {
    /// A first one; nobody has to wait for the second.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            isolation: Isolation::new(secret()?),
            renewed_at: None,
        })
    }

    /// What the relay isolates by, now and after every renewal.
    pub(crate) const fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Another identity for every connection from now on.
    ///
    /// # Errors
    /// `identity_too_soon`, and `internal` when the system has no random bytes.
    pub(crate) fn renew(&mut self, now: MonotonicMs) -> Result<(), Problem> {
        let wait_s = self.wait_s(now);
        if wait_s > 0 {
            let detail = format!("possible again in {wait_s} s");
            return Err(Problem::with_detail(ErrorCode::IdentityTooSoon, detail));
        }
        let secret = secret()
            .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
        self.isolation.renew(secret);
        self.renewed_at = Some(now);
        Ok(())
    }

    /// Seconds until [`Self::renew`] is possible, rounded up.
    pub(crate) fn wait_s(&self, now: MonotonicMs) -> u32 {
        let Some(renewed_at) = self.renewed_at else {
            return 0;
        };
        let passed_ms = now.get().saturating_sub(renewed_at.get());
        let wait_ms = COOLDOWN_MS.saturating_sub(passed_ms);
        u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}

/// As long as Tor itself makes people wait between two `NEWNYM` (control-spec, `SIGNAL`): every
/// new identity costs the network a circuit per open site.
const COOLDOWN_MS: u64 = 10_000;

/// Fresh random bytes.
///
/// # Errors
/// The system has none.
pub(crate) fn secret() -> io::Result<IdentitySecret> {
    let mut secret = IdentitySecret::default();
    getrandom::fill(secret.as_mut_slice()).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> MonotonicMs {
        MonotonicMs::new(ms).expect("fits")
    }

    #[test]
    fn the_second_identity_waits_ten_seconds_and_the_first_for_nothing() {
        let mut identity = Identity::new().expect("random bytes");
        assert_eq!(identity.wait_s(at(0)), 0);
        assert_eq!(identity.renew(at(5_000)), Ok(()));
        for (now, wait_s) in [(5_000, 10), (5_001, 10), (6_000, 9), (14_999, 1)] {
            assert_eq!(identity.wait_s(at(now)), wait_s, "{now}");
            let refused = identity.renew(at(now)).expect_err("too soon");
            assert_eq!(refused.code, ErrorCode::IdentityTooSoon);
            let detail = refused.detail.expect("how long");
            assert!(detail.contains(&format!("in {wait_s} s")), "{detail}");
        }
        assert_eq!(identity.wait_s(at(15_000)), 0);
        assert_eq!(identity.renew(at(15_000)), Ok(()));
        assert_eq!(identity.wait_s(at(15_000)), 10, "it begins anew");
    }
}
