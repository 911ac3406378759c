//! From bytes that somebody claims to a value that may be used.
//!
//! The signing input is DSSE's pre-authentication encoding (DSSE v1.0.2, "PAE"), so that the type
//! of what is signed is part of what is signed, and the signature is Ed25519 (RFC 8032), checked
//! with `verify_strict`.

use crate::{PublicKey, SignedKind};
use ed25519_dalek::{Signature, VerifyingKey};
use std::{fmt, marker::PhantomData};

/// Length of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A value that has one signed encoding, in both directions.
pub trait Signable: Sized {
    /// What it is. Two types of one kind are a mistake: each could be taken for the other.
    const KIND: SignedKind;
    /// The key that signs it.
    type Key: PublicKey;
    /// The bytes that are signed.
    type Body: AsRef<[u8]>;
    /// Why a body is not such a value.
    type Error: std::error::Error;

    /// Encodes: one value has one body. Of a value that breaks a rule, the body does not decode.
    fn to_body(&self) -> Self::Body;

    /// Decodes strictly: only what [`Self::to_body`] writes of a value that breaks no rule.
    ///
    /// # Errors
    /// When the body breaks a rule of its specification.
    fn from_body(body: &[u8]) -> Result<Self, Self::Error>;

    /// The key that the body names as its signer.
    fn signer(&self) -> Self::Key;
}

/// What a peer claims. Nothing may act on it before [`Signed::verify`].
#[derive(Clone, Eq, PartialEq)]
pub struct Signed<T> {
    body: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
    value: PhantomData<T>,
}

/// A value whose signature and rules were checked, with the bytes that prove it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified<T> {
    value: T,
    signed: Signed<T>,
}

/// Why a signed value is not to be believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError<E> {
    /// The key is not a usable Ed25519 key.
    #[error("the key is not a usable Ed25519 public key")]
    Key,
    /// The signature is not that key's over these bytes.
    #[error("the signature does not match")]
    Signature,
    /// The signature holds, but the body breaks a rule.
    #[error("the signed bytes break a rule: {0}")]
    Body(E),
    /// The body names another key than the one it was checked against.
    #[error("the body names another key as its signer")]
    Signer,
}

/// `"DSSEv1" SP len(type) SP type SP len(body) SP body`, lengths in decimal: what is signed.
#[must_use]
pub fn pae(kind: SignedKind, body: &[u8]) -> Vec<u8> {
    let payload_type = kind.payload_type();
    let mut input = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        body.len()
    )
    .into_bytes();
    input.extend_from_slice(body);
    input
}

impl<T: Signable> Signed<T> {
    /// Takes a claim; nothing is checked yet.
    #[must_use]
    pub fn new(body: Vec<u8>, signature: [u8; SIGNATURE_BYTES]) -> Self {
        Self {
            body,
            signature,
            value: PhantomData,
        }
    }

    /// Checks the signature against `key`, and only then decodes.
    ///
    /// # Errors
    /// When the key is unusable or weak, the signature is not its own, the body breaks a rule or
    /// names another signer.
    pub fn verify(self, key: T::Key) -> Result<Verified<T>, VerifyError<T::Error>> {
        let verifying = VerifyingKey::from_bytes(&key.to_bytes()).map_err(|_| VerifyError::Key)?;
        if verifying.is_weak() {
            return Err(VerifyError::Key);
        }
        verifying
            .verify_strict(
                &pae(T::KIND, &self.body),
                &Signature::from_bytes(&self.signature),
            )
            .map_err(|_| VerifyError::Signature)?;
        let value = T::from_body(&self.body).map_err(VerifyError::Body)?;
        if value.signer() != key {
            return Err(VerifyError::Signer);
        }
        Ok(Verified {
            value,
            signed: self,
        })
    }
}

impl<T> Signed<T> {
    /// The claimed body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The claimed signature.
    #[must_use]
    pub const fn signature(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.signature
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl<T> Verified<T> {
    /// The checked value.
    #[must_use]
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The bytes that prove it.
    #[must_use]
    pub const fn signed(&self) -> &Signed<T> {
        &self.signed
    }
}
