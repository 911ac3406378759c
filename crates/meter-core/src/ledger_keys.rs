//! The keys of one ledger: the key that a device pinned, and those that the ledger signed over to.

use crate::{KeyChange, KeyChangeError, LedgerKey, Signable, Signed, Verified, VerifyError};

/// The keys that one ledger has had, as far as a device knows them. The first one was pinned at
/// enrolment; each later one is named by a change that the key before it signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerKeys {
    pinned: LedgerKey,
    changes: Vec<Verified<KeyChange>>,
}

/// Why a key change is not the next one of a ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyChainError {
    /// The newest known key did not sign it, or it breaks a rule.
    #[error("the change of the ledger's key does not verify: {0}")]
    Unsigned(#[from] VerifyError<KeyChangeError>),
    /// Its number is not the one after the change before it.
    #[error("the change of the ledger's key has number {found}; number {expected} is next")]
    Number {
        /// The number that is next.
        expected: u32,
        /// The number found.
        found: u32,
    },
}

impl LedgerKeys {
    /// Only the pinned key.
    #[must_use]
    pub const fn new(pinned: LedgerKey) -> Self {
        Self {
            pinned,
            changes: Vec::new(),
        }
    }

    /// The key that was pinned.
    #[must_use]
    pub const fn pinned(&self) -> LedgerKey {
        self.pinned
    }

    /// The newest known key.
    #[must_use]
    pub fn newest(&self) -> LedgerKey {
        self.changes
            .last()
            .map_or(self.pinned, |change| change.value().new)
    }

    /// The changes after the pinned key, in order.
    #[must_use]
    pub fn changes(&self) -> &[Verified<KeyChange>] {
        &self.changes
    }

    /// Whether `key` is one of them.
    #[must_use]
    pub fn contains(&self, key: LedgerKey) -> bool {
        self.pinned == key || self.changes.iter().any(|change| change.value().new == key)
    }

    /// Takes the next change. A change that is known already changes nothing.
    ///
    /// # Errors
    /// When the newest known key did not sign it, or when its number is not the next one.
    pub fn add(&mut self, change: Signed<KeyChange>) -> Result<(), KeyChainError> {
        let is_known = |known: &Verified<KeyChange>| known.signed().body() == change.body();
        if self.changes.iter().any(is_known) {
            return Ok(());
        }
        let change = change.verify(self.newest())?;
        if let Some(before) = self.changes.last() {
            let found = change.value().number;
            if !change.value().follows(before.value()) {
                let expected = before.value().number.saturating_add(1);
                return Err(KeyChainError::Number { expected, found });
            }
        }
        self.changes.push(change);
        Ok(())
    }

    /// Verifies what one of these keys signed. The key that the body names is only a hint: the
    /// signature must be of a key in this list.
    ///
    /// # Errors
    /// When none of the keys signed it, or when the body breaks a rule. If the body names a key
    /// that is not known here, the error is [`VerifyError::Signature`] of the newest key.
    pub fn verify<T: Signable<Key = LedgerKey>>(
        &self,
        signed: Signed<T>,
    ) -> Result<Verified<T>, VerifyError<T::Error>> {
        let named = T::from_body(signed.body()).map(|value| value.signer());
        let key = named.ok().filter(|key| self.contains(*key));
        signed.verify(key.unwrap_or_else(|| self.newest()))
    }

    /// Whether a body names a signer that is not in this list: the ledger may have changed its key
    /// since, and its list of keys should be asked for.
    #[must_use]
    pub fn is_of_unknown_key<T: Signable<Key = LedgerKey>>(&self, signed: &Signed<T>) -> bool {
        T::from_body(signed.body()).is_ok_and(|value| !self.contains(value.signer()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LedgerSigner, UnixMs};

    fn signer(seed: u8) -> LedgerSigner {
        LedgerSigner::from_seed(&[seed; 32])
    }

    fn change(old: &LedgerSigner, new: &LedgerSigner, number: u32) -> Signed<KeyChange> {
        let change = KeyChange {
            old: old.key(),
            new: new.key(),
            number,
            at: UnixMs::from_u32(5),
        };
        old.sign(&change).expect("signed").signed().clone()
    }

    #[test]
    fn only_a_key_that_the_newest_one_signed_over_to_is_added() {
        let (first, second, third) = (signer(1), signer(2), signer(3));
        let mut keys = LedgerKeys::new(first.key());
        let skipped = change(&second, &third, 3);
        assert!(matches!(
            keys.add(skipped.clone()),
            Err(KeyChainError::Unsigned(_))
        ));
        keys.add(change(&first, &second, 2)).expect("the next");
        keys.add(change(&first, &second, 2)).expect("known already");
        assert_eq!(keys.changes().len(), 1);
        let far = keys.add(change(&second, &third, 4));
        let expected = KeyChainError::Number {
            expected: 3,
            found: 4,
        };
        assert_eq!(far, Err(expected));
        keys.add(skipped).expect("now the next");
        assert_eq!((keys.pinned(), keys.newest()), (first.key(), third.key()));
        // A second successor of a key that was left is a history that splits.
        assert!(keys.add(change(&first, &signer(4), 2)).is_err());
    }

    #[test]
    fn what_an_old_key_signed_still_verifies_and_what_a_stranger_signed_does_not() {
        let (first, second) = (signer(1), signer(2));
        let mut keys = LedgerKeys::new(first.key());
        let later = change(&second, &signer(3), 3);
        assert!(keys.is_of_unknown_key(&later));
        keys.add(change(&first, &second, 2)).expect("the next");
        assert!(!keys.is_of_unknown_key(&later));
        keys.verify(later).expect("of the newest");
        keys.verify(change(&first, &second, 2))
            .expect("of the first");
        let strange = keys.verify(change(&signer(9), &second, 2));
        assert_eq!(strange, Err(VerifyError::Signature));
    }
}
