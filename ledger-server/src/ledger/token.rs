//! Secrets: each holder of one may use it.

use crate::store::{StoreError, Value};
use meter_core::CodeHash;
use std::fmt;
use zeroize::Zeroizing;

/// The words from which two are shown on both sides of a sign-in.
const WORDS: bip39::Language = bip39::Language::English;

/// A secret of 128 bits. Each holder may use it.
pub struct Token(Zeroizing<[u8; 16]>);

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

/// Reads as many digits in lower case as `bytes` takes, and no more.
pub(super) fn digits(text: &str, bytes: &mut [u8]) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    is_lower && hex::decode_to_slice(text, bytes).is_ok()
}

/// Two words for both sides of a sign-in.
pub(super) fn two_words([a, b, c, d]: [u8; 4]) -> String {
    let list = WORDS.word_list();
    let word = |bytes: [u8; 2]| {
        let number = usize::from(u16::from_be_bytes(bytes)) % list.len();
        list.get(number).copied().unwrap_or("onion")
    };
    format!("{} {}", word([a, b]), word([c, d]))
}
