//! The secret in a link for signing in, in either form.

use super::{
    sealed::{SEALED_BYTES, Sealed},
    token::{Token, digits},
};
use zeroize::Zeroizing;

/// The secret in a link for signing in.
#[derive(Debug)]
pub enum LinkToken {
    /// The database knows what it is for.
    Stored(Token),
    /// It says itself what it is for: it was made while the database took nothing.
    Sealed(Box<Sealed>),
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
