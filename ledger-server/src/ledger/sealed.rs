//! Links for signing in that need no row in the database: they carry what they are for, and proof
//! that this ledger made them.
//!
//! Layout: end of the link in milliseconds (8, big-endian), random bytes (8), the account (16) and
//! the device's key (32), both zeros in a link of the operator, and the first 16 bytes of
//! HMAC-SHA256 over those 64. The two check words come from the last four bytes of it.

use super::token::{Token, two_words};
use crate::store::StoreError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use meter_core::{AccountId, DeviceKey, UnixMs};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of such a link's secret.
pub(super) const SEALED_BYTES: usize = 80;
const SAID_BYTES: usize = 64;

/// The secret of such a link. Nobody has checked it yet.
pub struct Sealed(Zeroizing<[u8; SEALED_BYTES]>);

/// What a link that was checked is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Said {
    /// The account and the device that made the link; none for the operator.
    pub(super) of: Option<(AccountId, DeviceKey)>,
    pub(super) expires: UnixMs,
    pub(super) words: String,
}

/// Makes and checks such links. Every process with this ledger's key has the same.
pub(super) struct Seal(Hmac<Sha256>);

impl Sealed {
    pub(super) const fn new(bytes: Zeroizing<[u8; SEALED_BYTES]>) -> Self {
        Self(bytes)
    }

    pub(super) fn text(&self) -> String {
        hex::encode(self.0.as_ref())
    }

    pub(super) fn name(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_ref()).into()
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").finish_non_exhaustive()
    }
}

impl Seal {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// A new link.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(super) fn seal(
        &self,
        of: Option<(AccountId, DeviceKey)>,
        expires: UnixMs,
    ) -> Result<(Sealed, String), StoreError> {
        let random = Token::random()?;
        let (account, device) = of.map_or(([0; 16], [0; 32]), |(id, key)| (id.0, key.0));
        let mut bytes = Zeroizing::new([0; SEALED_BYTES]);
        let random = random.bytes().split_at(8).0;
        let said = expires.get().to_be_bytes().into_iter();
        let said = said
            .chain(random.iter().copied())
            .chain(account)
            .chain(device);
        for (place, byte) in bytes.iter_mut().zip(said) {
            *place = byte;
        }
        let mac = self.mac(&bytes);
        for (place, byte) in bytes.iter_mut().skip(SAID_BYTES).zip(mac) {
            *place = byte;
        }
        let words = words_of(&mac);
        Ok((Sealed(bytes), words))
    }

    /// What a link says; `None` if this ledger has not made it.
    pub(super) fn open(&self, sealed: &Sealed) -> Option<Said> {
        let (said, proof) = sealed.0.split_at(SAID_BYTES);
        let mut mac = self.0.clone();
        mac.update(said);
        mac.verify_truncated_left(proof).ok()?;
        let (expires, rest) = said.split_first_chunk::<8>()?;
        let (account, device) = rest.get(8..)?.split_first_chunk::<16>()?;
        let device: [u8; 32] = device.try_into().ok()?;
        let is_operator = *account == [0; 16] && device == [0; 32];
        Some(Said {
            of: (!is_operator).then_some((AccountId(*account), DeviceKey(device))),
            expires: UnixMs::new(u64::from_be_bytes(*expires))?,
            words: words_of(&self.mac(&sealed.0)),
        })
    }

    fn mac(&self, bytes: &[u8; SEALED_BYTES]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(bytes.split_at(SAID_BYTES).0);
        mac.finalize().into_bytes().into()
    }
}

/// Makes the check words from the part of the proof that is not in the link. So a reader of the
/// link alone does not know them.
fn words_of(mac: &[u8; 32]) -> String {
    let [.., a, b, c, d] = *mac;
    two_words([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_link_says_what_it_is_for_and_one_changed_bit_says_nothing() {
        let seal = Seal::new(&[7; 32]);
        let device = (AccountId([1; 16]), DeviceKey([2; 32]));
        for of in [None, Some(device)] {
            let (sealed, words) = seal.seal(of, UnixMs::from_u32(77)).expect("random numbers");
            let said = seal.open(&sealed).expect("its own");
            assert_eq!((said.of, said.expires), (of, UnixMs::from_u32(77)));
            assert_eq!(said.words, words);
            assert_eq!(Seal::new(&[8; 32]).open(&sealed), None);
            for bit in 0..SEALED_BYTES * 8 {
                let mut bytes = sealed.0.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(seal.open(&Sealed(bytes)), None, "{bit}");
            }
        }
    }
}
