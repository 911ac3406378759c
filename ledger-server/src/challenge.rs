//! Challenges: 32 bytes that a device puts into what it signs, so that the ledger knows that it was
//! signed for this ledger and in the last minute.
//!
//! The clock is always the ledger's: devices behind Tor often have a wrong one. A challenge carries
//! its own proof (an HMAC), so nothing is stored until it is used. Every instance with the same key
//! accepts the challenges of the others.
//!
//! Layout: time of issue in milliseconds (8, big-endian), random bytes (8), the first 16 bytes of
//! HMAC-SHA256 over those 16.

use hmac::{Hmac, KeyInit as _, Mac as _};
use meter_core::{DurationMs, UnixMs};
use sha2::Sha256;

/// How long a challenge can be used.
pub const CHALLENGE_LIFETIME: DurationMs = DurationMs::from_u32(60_000);

/// Bytes of a challenge.
pub const CHALLENGE_BYTES: usize = 32;

const MAC_BYTES: usize = 16;

/// Makes and checks challenges.
pub struct Challenges {
    mac: Hmac<Sha256>,
}

/// Why a challenge is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChallengeError {
    /// Another ledger made it, or nobody did.
    #[error("the challenge is not one of this ledger")]
    Foreign,
    /// It is older than [`CHALLENGE_LIFETIME`], or it comes from a clock that was ahead.
    #[error("the challenge is older than 60 s")]
    Old,
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenges").finish_non_exhaustive()
    }
}

impl Challenges {
    /// All instances of one ledger have the same key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
        }
    }

    /// A challenge that can be used from `now` on. `random` must not repeat within one millisecond.
    #[must_use]
    pub fn issue(&self, now: UnixMs, random: [u8; 8]) -> [u8; CHALLENGE_BYTES] {
        let mut challenge = [0; CHALLENGE_BYTES];
        let (seen, mac) = challenge.split_at_mut(CHALLENGE_BYTES - MAC_BYTES);
        let (time, noise) = seen.split_at_mut(8);
        time.copy_from_slice(&now.get().to_be_bytes());
        noise.copy_from_slice(&random);
        let whole = self.mac.clone().chain_update(seen).finalize().into_bytes();
        mac.copy_from_slice(whole.split_at(MAC_BYTES).0);
        challenge
    }

    /// Checks a challenge and says when its life ends. It must be remembered as used until then.
    ///
    /// # Errors
    /// It is not one of this ledger, or it is too old.
    pub fn check(
        &self,
        challenge: &[u8; CHALLENGE_BYTES],
        now: UnixMs,
    ) -> Result<UnixMs, ChallengeError> {
        let (seen, mac) = challenge.split_at(CHALLENGE_BYTES - MAC_BYTES);
        // Compares in constant time.
        let made = self.mac.clone().chain_update(seen);
        made.verify_truncated_left(mac)
            .map_err(|_| ChallengeError::Foreign)?;
        let (time, _) = seen.split_first_chunk().ok_or(ChallengeError::Foreign)?;
        let issued = UnixMs::new(u64::from_be_bytes(*time)).ok_or(ChallengeError::Foreign)?;
        let is_young = issued <= now && now.since(issued) < CHALLENGE_LIFETIME.get();
        match is_young {
            true => Ok(expires(issued)),
            false => Err(ChallengeError::Old),
        }
    }
}

/// The end of the life of a challenge that was issued at `issued`.
#[must_use]
pub fn expires(issued: UnixMs) -> UnixMs {
    let lifetime = UnixMs::new(CHALLENGE_LIFETIME.get()).unwrap_or_default();
    issued.saturating_add(lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn at(ms: u64) -> UnixMs {
        UnixMs::new(ms).expect("in range")
    }

    #[test]
    fn w_10_a_challenge_lives_for_60_s_of_the_ledgers_clock() {
        let challenges = Challenges::new(&[7; 32]);
        let challenge = challenges.issue(at(NOW), [1; 8]);
        for ms in [0, 1, 59_999] {
            assert_eq!(
                challenges.check(&challenge, at(NOW + ms)),
                Ok(at(NOW + 60_000))
            );
        }
        for now in [NOW + 60_000, NOW + (1 << 40), NOW - 1, 0].map(at) {
            assert_eq!(challenges.check(&challenge, now), Err(ChallengeError::Old));
        }
    }

    #[test]
    fn w_10_a_challenge_of_another_ledger_or_with_one_changed_bit_is_foreign() {
        let challenges = Challenges::new(&[7; 32]);
        let challenge = challenges.issue(at(NOW), [1; 8]);
        let other = Challenges::new(&[8; 32]);
        assert_eq!(
            other.check(&challenge, at(NOW)),
            Err(ChallengeError::Foreign)
        );
        for bit in 0..CHALLENGE_BYTES * 8 {
            let mut changed = challenge;
            changed[bit / 8] ^= 1 << (bit % 8);
            let found = challenges.check(&changed, at(NOW));
            assert_eq!(found, Err(ChallengeError::Foreign), "bit {bit}");
        }
    }

    #[test]
    fn instances_with_one_key_accept_each_others_challenges() {
        let challenge = Challenges::new(&[7; 32]).issue(at(NOW), [9; 8]);
        assert!(Challenges::new(&[7; 32]).check(&challenge, at(NOW)).is_ok());
        assert_ne!(challenge, Challenges::new(&[7; 32]).issue(at(NOW), [8; 8]));
    }
}
