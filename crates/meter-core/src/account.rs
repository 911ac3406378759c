//! Accounts of a ledger: their identifiers, and the codes that let a device join one.

use crate::hash::labelled_hash;

/// Identifies an account of one ledger: 16 random bytes, chosen by the ledger at enrolment.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountId(pub [u8; 16]);

/// Hash of an invitation or recovery code. A ledger stores this hash and never the code.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CodeHash(pub [u8; 32]);

impl CodeHash {
    /// The hash of a code of 128 random bits. A code is never chosen by a person, so its hash needs
    /// no salt and no slow function.
    #[must_use]
    pub fn of(code: &[u8; 16]) -> Self {
        Self(labelled_hash("onionmeter/code/v1", &[code]))
    }
}
