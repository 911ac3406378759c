//! Turns bytes that a peer claims into a value that may be used.
//!
//! The signing input is DSSE's pre-authentication encoding (DSSE v1.0.2, "PAE"). So the type of the
//! body is signed together with the body. The signature is Ed25519 (RFC 8032), checked with
//! `verify_strict`.

use crate::{PublicKey, SignedKind};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use std::{fmt, marker::PhantomData};

/// Length of an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A value that has exactly one signed encoding and can be encoded and decoded.
pub trait Signable: Sized {
    /// The kind of this value. Two types must not share one kind: each could be taken for the
    /// other.
    const KIND: SignedKind;
    /// The key that signs it.
    type Key: PublicKey;
    /// The bytes that are signed.
    type Body: AsRef<[u8]>;
    /// The error when a body is not such a value.
    type Error: std::error::Error;

    /// Encodes the value. Each value has one body. If the value breaks a rule, its body does not
    /// decode.
    fn to_body(&self) -> Self::Body;

    /// Decodes strictly: accepts only what [`Self::to_body`] writes for a value that breaks no
    /// rule.
    ///
    /// # Errors
    /// When the body breaks a rule of its specification.
    fn from_body(body: &[u8]) -> Result<Self, Self::Error>;

    /// The key that the body names as its signer.
    fn signer(&self) -> Self::Key;
}

/// A signed value that a peer claims. Nothing may use it before [`Signed::verify`].
#[derive(Clone, Eq, PartialEq)]
pub struct Signed<T> {
    body: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
    value: PhantomData<T>,
}

/// A value after its signature and its rules were checked, with the bytes that prove it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verified<T> {
    value: T,
    signed: Signed<T>,
}

/// A key that was decoded from its bytes once, for many signatures. Decoding takes an eighth of the
/// time of one check.
#[derive(Clone, Debug)]
pub struct CheckedKey<K> {
    key: K,
    verifying: VerifyingKey,
}

/// A key that is not a point of the curve, or is so weak that it accepts more than one message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key is not a usable Ed25519 public key")]
pub struct UnusableKey;

impl<K: PublicKey> CheckedKey<K> {
    /// Decodes a key.
    ///
    /// # Errors
    /// When the key is unusable or weak.
    pub fn new(key: K) -> Result<Self, UnusableKey> {
        let verifying = VerifyingKey::from_bytes(&key.to_bytes()).map_err(|_| UnusableKey)?;
        match verifying.is_weak() {
            true => Err(UnusableKey),
            false => Ok(Self { key, verifying }),
        }
    }

    /// The public half of a secret key: it is on the curve and not weak (RFC 8032 section 5.1.5).
    pub(crate) fn of_secret(secret: &SigningKey) -> Self {
        let verifying = secret.verifying_key();
        let key = K::from_bytes(verifying.to_bytes());
        Self { key, verifying }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> K {
        self.key
    }
}

/// The reason why a signed value is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifyError<E> {
    /// The key is not a usable Ed25519 key.
    #[error("the key is not a usable Ed25519 public key")]
    Key,
    /// The signature over these bytes was not made by that key.
    #[error("the signature does not match")]
    Signature,
    /// The signature is valid, but the body breaks a rule.
    #[error("the signed bytes break a rule: {0}")]
    Body(E),
    /// The body names a signer other than the key it was checked against.
    #[error("the body names another key as its signer")]
    Signer,
}

/// Builds the signing input: `"DSSEv1" SP len(type) SP type SP len(body) SP body`, lengths in
/// decimal.
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
    /// Takes a claim. Nothing is checked yet.
    #[must_use]
    pub fn new(body: Vec<u8>, signature: [u8; SIGNATURE_BYTES]) -> Self {
        Self {
            body,
            signature,
            value: PhantomData,
        }
    }

    /// Checks the signature against `key`, then decodes the body.
    ///
    /// # Errors
    /// When the key is unusable or weak, when the key did not make the signature, or when the body
    /// breaks a rule or names another signer.
    pub fn verify(self, key: T::Key) -> Result<Verified<T>, VerifyError<T::Error>> {
        let key = CheckedKey::new(key).map_err(|UnusableKey| VerifyError::Key)?;
        self.verify_with(&key)
    }

    /// The same with a key that was decoded before.
    ///
    /// # Errors
    /// When the key did not make the signature, or when the body breaks a rule or names another
    /// signer.
    pub fn verify_with(
        self,
        key: &CheckedKey<T::Key>,
    ) -> Result<Verified<T>, VerifyError<T::Error>> {
        key.verifying
            .verify_strict(
                &pae(T::KIND, &self.body),
                &Signature::from_bytes(&self.signature),
            )
            .map_err(|_| VerifyError::Signature)?;
        self.decoded(key.key)
    }

    /// The value, after `key` was found to have signed it.
    fn decoded(self, key: T::Key) -> Result<Verified<T>, VerifyError<T::Error>> {
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

/// Checks signatures of one key together, then decodes the bodies. Half of the work of one after
/// the other, but only for signatures of our own making: a malformed one that `verify_strict`
/// refuses can pass among others.
///
/// # Errors
/// When a signature is wrong, or when a body breaks a rule or names another signer.
pub(crate) fn verify_own<T: Signable>(
    signed: Vec<Signed<T>>,
    key: &CheckedKey<T::Key>,
) -> Result<Vec<Verified<T>>, VerifyError<T::Error>> {
    let inputs: Vec<_> = signed.iter().map(|one| pae(T::KIND, &one.body)).collect();
    let inputs: Vec<_> = inputs.iter().map(Vec::as_slice).collect();
    let signatures = signed
        .iter()
        .map(|one| Signature::from_bytes(&one.signature));
    let signatures: Vec<_> = signatures.collect();
    ed25519_dalek::verify_batch(&inputs, &signatures, &vec![key.verifying; signed.len()])
        .map_err(|_| VerifyError::Signature)?;
    signed.into_iter().map(|one| one.decoded(key.key)).collect()
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

    /// The signed bytes that prove the value.
    #[must_use]
    pub const fn signed(&self) -> &Signed<T> {
        &self.signed
    }
}
