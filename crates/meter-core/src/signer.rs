//! The secret half of a key, and signing with it.

use crate::{
    CheckedKey, DeviceKey, LedgerKey, PublicKey, Signable, Signed, Verified, VerifyError,
    hash::labelled_hash, pae,
};
use ed25519_dalek::{Signer as _, SigningKey};
use std::{fmt, marker::PhantomData};

/// Fewer signatures are not verified faster together.
const TOGETHER_MIN: usize = 4;

/// A signing key with a public half of type `K`. It signs only the kinds that belong to `K`. Only
/// the 32-byte seed is ever stored; the public half is derived from it.
pub struct Signer<K> {
    secret: SigningKey,
    public: PhantomData<K>,
}

/// A device's signing key.
pub type DeviceSigner = Signer<DeviceKey>;

/// A ledger's signing key.
pub type LedgerSigner = Signer<LedgerKey>;

impl<K: PublicKey> Signer<K> {
    /// Takes an Ed25519 seed (RFC 8032 section 5.1.5, "private key").
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            secret: SigningKey::from_bytes(seed),
            public: PhantomData,
        }
    }

    /// The public half.
    #[must_use]
    pub fn key(&self) -> K {
        K::from_bytes(self.secret.verifying_key().to_bytes())
    }

    /// Signs a value and verifies the result, so that a wrong signature is never stored as
    /// evidence.
    ///
    /// # Errors
    /// When the value breaks a rule of its specification or names another key.
    pub fn sign<T: Signable<Key = K>>(
        &self,
        value: &T,
    ) -> Result<Verified<T>, VerifyError<T::Error>> {
        self.signed(value).verify_with(&self.checked_key())
    }

    /// The same for many values. Their signatures are verified together, which takes half of the
    /// time.
    ///
    /// # Errors
    /// When one of them breaks a rule of its specification or names another key.
    pub fn sign_all<T: Signable<Key = K>>(
        &self,
        values: &[T],
    ) -> Result<Vec<Verified<T>>, VerifyError<T::Error>> {
        if values.len() < TOGETHER_MIN {
            return values.iter().map(|value| self.sign(value)).collect();
        }
        let signed = values.iter().map(|value| self.signed(value)).collect();
        crate::signed::verify_own(signed, &self.checked_key())
    }

    fn signed<T: Signable<Key = K>>(&self, value: &T) -> Signed<T> {
        let body = value.to_body().as_ref().to_vec();
        let signature = self.secret.sign(&pae(T::KIND, &body));
        Signed::new(body, signature.to_bytes())
    }

    fn checked_key(&self) -> CheckedKey<K> {
        CheckedKey::of_secret(&self.secret)
    }

    /// The seed, for the one who keeps its file. Everybody who has it can sign as this key.
    #[must_use]
    pub fn dangerously_seed(&self) -> &[u8; 32] {
        self.secret.as_bytes()
    }

    /// A secret for another purpose than signing: the same for the same seed and purpose. It says
    /// nothing about the seed or about the secret of another purpose.
    #[must_use]
    pub fn derived_secret(&self, purpose: &str) -> [u8; 32] {
        labelled_hash(purpose, &[&self.secret.to_bytes()])
    }
}

impl<K> fmt::Debug for Signer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyChange, UnixMs};

    fn changes(signer: &LedgerSigner, count: u32) -> Vec<KeyChange> {
        let next = LedgerSigner::from_seed(&[2; 32]).key();
        let change = |number| KeyChange {
            number,
            old: signer.key(),
            new: next,
            at: UnixMs::ZERO,
        };
        (2..count.saturating_add(2)).map(change).collect()
    }

    #[test]
    fn values_signed_together_are_the_same_as_signed_one_after_the_other() {
        let signer = LedgerSigner::from_seed(&[1; 32]);
        for count in 0..=9 {
            let changes = changes(&signer, count);
            let alone = changes.iter().map(|change| signer.sign(change));
            let alone = alone.collect::<Result<Vec<_>, _>>();
            assert!(alone.is_ok(), "{alone:?}");
            assert_eq!(signer.sign_all(&changes), alone, "{count}");
        }
    }

    #[test]
    fn one_value_of_another_signer_among_many_is_refused() {
        let signer = LedgerSigner::from_seed(&[1; 32]);
        let mut changes = changes(&signer, 9);
        changes[5].old = LedgerSigner::from_seed(&[3; 32]).key();
        assert_eq!(signer.sign_all(&changes), Err(VerifyError::Signer));
    }

    #[test]
    fn one_wrong_signature_among_many_is_found() {
        let signer = LedgerSigner::from_seed(&[1; 32]);
        let changes = changes(&signer, 9);
        for wrong in 0..changes.len() {
            let mut signed: Vec<_> = changes.iter().map(|one| signer.signed(one)).collect();
            let mut signature = *signed[wrong].signature();
            signature[40] ^= 1;
            signed[wrong] = Signed::new(signed[wrong].body().to_vec(), signature);
            let found = crate::signed::verify_own(signed, &signer.checked_key());
            assert_eq!(found, Err(VerifyError::Signature), "{wrong}");
        }
    }
}
