//! The identity towards Tor: a secret that exists only in this process's memory. It can be renewed
//! as a whole or for one site.

use meter_core::MonotonicMs;
use meter_relay::{IdentitySecret, Isolation, Site};
use meter_wire::{ErrorCode, Problem};
use std::io;

pub(crate) struct Identity {
    isolation: Isolation,
    /// Time since the last new identity.
    whole: Cooldown,
    /// Time since any site last got a new circuit.
    site: Cooldown,
}

/// The time that must pass before the same action is possible again.
#[derive(Default)]
struct Cooldown {
    began_at: Option<MonotonicMs>,
}

impl Identity {
    /// Makes the first identity; it does not delay the second.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            isolation: Isolation::new(secret()?),
            whole: Cooldown::default(),
            site: Cooldown::default(),
        })
    }

    /// The relay's isolation. It also changes with every renewal.
    pub(crate) const fn isolation(&self) -> &Isolation {
        &self.isolation
    }

    /// Makes a new identity for every later connection.
    ///
    /// # Errors
    /// `identity_too_soon`; `internal` when the system has no random bytes.
    pub(crate) fn renew(&mut self, now: MonotonicMs) -> Result<(), Problem> {
        self.whole.over(now, ErrorCode::IdentityTooSoon)?;
        let secret = secret()
            .map_err(|error| Problem::with_detail(ErrorCode::Internal, error.to_string()))?;
        self.isolation.renew(secret);
        self.whole.begin(now);
        Ok(())
    }

    /// Makes new circuits for every later connection to this site.
    ///
    /// # Errors
    /// `circuit_too_soon`.
    pub(crate) fn renew_site(&mut self, site: &Site, now: MonotonicMs) -> Result<(), Problem> {
        self.site.over(now, ErrorCode::CircuitTooSoon)?;
        self.isolation.renew_site(site);
        self.site.begin(now);
        Ok(())
    }

    /// Seconds until [`Self::renew`] is possible, rounded up.
    pub(crate) fn wait_s(&self, now: MonotonicMs) -> u32 {
        self.whole.wait_s(now)
    }

    /// Seconds until [`Self::renew_site`] is possible, rounded up.
    pub(crate) fn site_wait_s(&self, now: MonotonicMs) -> u32 {
        self.site.wait_s(now)
    }
}

impl Cooldown {
    const fn begin(&mut self, now: MonotonicMs) {
        self.began_at = Some(now);
    }

    fn over(&self, now: MonotonicMs, too_soon: ErrorCode) -> Result<(), Problem> {
        match self.wait_s(now) {
            0 => Ok(()),
            wait_s => {
                let detail = format!("possible again in {wait_s} s");
                Err(Problem::with_detail(too_soon, detail))
            }
        }
    }

    fn wait_s(&self, now: MonotonicMs) -> u32 {
        let Some(began_at) = self.began_at else {
            return 0;
        };
        let passed_ms = now.get().saturating_sub(began_at.get());
        let wait_ms = COOLDOWN_MS.saturating_sub(passed_ms);
        u32::try_from(wait_ms.div_ceil(1_000)).unwrap_or(u32::MAX)
    }
}

/// The same wait that Tor itself requires between two `NEWNYM` (control-spec, `SIGNAL`): every new
/// identity costs the network a circuit per open site, and a site's new circuit one.
const COOLDOWN_MS: u64 = 10_000;

/// Fresh random bytes.
///
/// # Errors
/// When the system has none.
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

    #[test]
    fn a_sites_new_circuit_waits_for_that_of_any_site_and_not_for_an_identity() {
        let mut identity = Identity::new().expect("random bytes");
        let site = |host| Site::of_host(host).expect("a site");
        assert_eq!(identity.renew(at(0)), Ok(()));
        assert_eq!(identity.renew_site(&site("a.test"), at(1)), Ok(()));
        let refused = identity
            .renew_site(&site("b.test"), at(2))
            .expect_err("too soon");
        assert_eq!(refused.code, ErrorCode::CircuitTooSoon);
        assert_eq!(identity.site_wait_s(at(2)), 10);
        assert_eq!(identity.renew_site(&site("b.test"), at(10_001)), Ok(()));
    }
}
