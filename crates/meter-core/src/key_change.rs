//! The change from a ledger's key to the next one, signed with the old key, 88 bytes.
//!
//! Layout, limits and test vectors: `docs/spec/receipt.md`.

use crate::{
    LedgerKey, Signable, SignedKind, UnixMs,
    layout::{FormError, Reader, Writer},
};

/// Length of the body of a key change.
pub const KEY_CHANGE_BODY_BYTES: usize = 88;

const MAGIC: &str = "OMKC";
const KIND_CHANGE: u8 = 0;

/// A ledger gives its work to another key: from this time on it signs with the new key. What the
/// old key signed stays valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyChange {
    /// The key before, which signs this.
    pub old: LedgerKey,
    /// The key after.
    pub new: LedgerKey,
    /// Number of the new key. A ledger's first key has number 1, so this is at least 2.
    pub number: u32,
    /// The time of the ledger's clock.
    pub at: UnixMs,
}

/// Why a body is not a key change.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyChangeError {
    /// The bytes do not have the form of a key change.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The first key has number 1, and no change leads to it.
    #[error("a key change leads to key {0}; the least is 2")]
    Number(u32),
    /// Old and new key are the same.
    #[error("the new key is the old one")]
    SameKey,
}

impl KeyChange {
    /// Whether this change comes directly after `before`: from its new key, with the next number.
    #[must_use]
    pub fn follows(&self, before: &Self) -> bool {
        self.old == before.new && before.number.checked_add(1) == Some(self.number)
    }
}

impl Signable for KeyChange {
    const KIND: SignedKind = SignedKind::KeyChange;
    type Key = LedgerKey;
    type Body = [u8; KEY_CHANGE_BODY_BYTES];
    type Error = KeyChangeError;

    fn to_body(&self) -> [u8; KEY_CHANGE_BODY_BYTES] {
        Writer::new(MAGIC, KIND_CHANGE)
            .put(&[0; 2])
            .put(&self.old.0)
            .put(&self.new.0)
            .number_32(self.number)
            .put(&[0; 4])
            .number(self.at.get())
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, KeyChangeError> {
        let (mut reader, kind) = Reader::open::<KEY_CHANGE_BODY_BYTES>(body, MAGIC)?;
        // This format has one kind only; its byte is one of the reserved ones.
        if kind != KIND_CHANGE {
            return Err(FormError::Reserved.into());
        }
        reader.zeros::<2>()?;
        let (old, new) = (LedgerKey(reader.take()), LedgerKey(reader.take()));
        let number = reader.number_32();
        reader.zeros::<4>()?;
        let at = reader.unit("the time of the ledger", UnixMs::new)?;
        if number < 2 {
            return Err(KeyChangeError::Number(number));
        }
        if old == new {
            return Err(KeyChangeError::SameKey);
        }
        Ok(Self {
            old,
            new,
            number,
            at,
        })
    }

    fn signer(&self) -> LedgerKey {
        self.old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGE: KeyChange = KeyChange {
        old: LedgerKey([1; 32]),
        new: LedgerKey([2; 32]),
        number: 2,
        at: UnixMs::from_u32(3),
    };

    #[track_caller]
    fn check(change: KeyChange, expected: Result<(), KeyChangeError>) {
        let decoded = KeyChange::from_body(&change.to_body());
        assert_eq!(decoded, expected.map(|()| change));
    }

    #[test]
    fn a_key_change_leads_to_another_key_with_a_later_number() {
        check(CHANGE, Ok(()));
        for number in [0, 1] {
            let error = Err(KeyChangeError::Number(number));
            check(KeyChange { number, ..CHANGE }, error);
        }
        let new = CHANGE.old;
        check(KeyChange { new, ..CHANGE }, Err(KeyChangeError::SameKey));
    }

    #[test]
    fn key_changes_follow_without_a_gap() {
        let next = KeyChange {
            old: CHANGE.new,
            new: LedgerKey([4; 32]),
            number: 3,
            ..CHANGE
        };
        assert!(next.follows(&CHANGE));
        assert!(!CHANGE.follows(&next));
        assert!(!next.follows(&next));
        let number = 4;
        assert!(!KeyChange { number, ..next }.follows(&CHANGE));
        let old = CHANGE.old;
        assert!(!KeyChange { old, ..next }.follows(&CHANGE));
    }

    #[test]
    fn bytes_without_the_form_of_a_key_change_are_refused() {
        let body = CHANGE.to_body();
        let length = |found| {
            KeyChangeError::Form(FormError::Length {
                found,
                expected: 88,
            })
        };
        assert_eq!(KeyChange::from_body(&body[..87]), Err(length(87)));
        assert_eq!(KeyChange::from_body(&[0; 89]), Err(length(89)));
        let range = FormError::Range("the time of the ledger").into();
        let mut rows: Vec<(usize, u8, KeyChangeError)> = vec![
            (3, b'S', FormError::Magic("OMKC").into()),
            (4, 2, FormError::Version(2).into()),
            (80, 0x80, range),
        ];
        let reserved = (5..8).chain(76..80);
        rows.extend(reserved.map(|at| (at, 1, FormError::Reserved.into())));
        for (at, byte, error) in rows {
            let mut body = body;
            body[at] = byte;
            assert_eq!(KeyChange::from_body(&body), Err(error), "byte {at}");
        }
    }
}
