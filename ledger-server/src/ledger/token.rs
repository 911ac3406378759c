//! Secrets that whoever holds them may use.

use super::sealed::{SEALED_BYTES, Sealed};
use crate::store::{StoreError, Value};
use meter_core::CodeHash;
use std::fmt;
use zeroize::Zeroizing;

/// A secret of 128 bits that whoever holds it may use.
pub struct Token(Zeroizing<[u8; 16]>);

/// The secret in a link for signing in.
#[derive(Debug)]
pub enum LinkToken {
    /// The database knows what it is for.
    Stored(Token),
    /// It says itself what it is for: it was made while the database took nothing.
    Sealed(Box<Sealed>),
}

impl Token {
    /// A new secret.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut token = Zeroizing::new([0; 16]);
        let filled = getrandom::fill(token.as_mut());
        filled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self(token))
    }

    /// Reads 32 hexadecimal digits in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut token = Zeroizing::new([0; 16]);
        digits(text, token.as_mut()).then_some(Self(token))
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.0.as_ref())
    }

    /// What the ledger keeps of it.
    pub(super) fn name(&self) -> [u8; 32] {
        CodeHash::of(&self.0).0
    }

    pub(super) fn hash(&self) -> Value {
        self.name().into()
    }

    pub(super) fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl LinkToken {
    /// Reads 32 or 160 hexadecimal digits in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut sealed = Zeroizing::new([0; SEALED_BYTES]);
        match digits(text, sealed.as_mut()) {
            true => Some(Self::Sealed(Box::new(Sealed::new(sealed)))),
            false => Token::parse(text).map(Self::Stored),
        }
    }

    /// The hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Stored(token) => token.text(),
            Self::Sealed(sealed) => sealed.text(),
        }
    }

    /// What is remembered of it once it was used.
    pub(super) fn name(&self) -> [u8; 32] {
        match self {
            Self::Stored(token) => token.name(),
            Self::Sealed(sealed) => sealed.name(),
        }
    }
}

/// Reads as many digits in lower case as `bytes` takes, and no more.
fn digits(text: &str, bytes: &mut [u8]) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && hex::decode_to_slice(text, bytes).is_ok()
}
