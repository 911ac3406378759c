//! The secret half of a key, and signing with it.

use crate::{
    CheckedKey, DeviceKey, LedgerKey, PublicKey, Signable, Signed, Verified, VerifyError,
    hash::labelled_hash, pae,
};
use ed25519_dalek::{Signer as _, SigningKey};
use std::{fmt, marker::PhantomData};

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
        let body = value.to_body().as_ref().to_vec();
        let signature = self.secret.sign(&pae(T::KIND, &body));
        Signed::new(body, signature.to_bytes()).verify_with(&CheckedKey::of_secret(&self.secret))
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
