//! What the owner of an account can do with it: invite a device, take a new recovery code, delete.

use super::{Ledger, deleted};
use crate::store::{Db, StoreError, Value, statements};
use bip39::{Language, Mnemonic};
use meter_core::{AccountId, CodeHash, UnixMs};
use std::fmt;
use zeroize::Zeroizing;

/// A code of 128 bits that lets a device into an account. It is shown once; the ledger keeps its
/// hash.
pub struct RecoveryCode(Zeroizing<[u8; 16]>);

/// A text is not such a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not a code: it has twelve English words, or 32 hexadecimal digits")]
pub struct CodeError;

/// What is removed with an account, in an order that breaks no reference.
const DELETE: [&str; 9] = [
    statements::DELETE_WEB_SESSIONS,
    statements::DELETE_LOGINS,
    statements::DELETE_INVITES,
    statements::DELETE_MOVEMENTS,
    statements::DELETE_FORKS,
    statements::DELETE_REPORTS,
    statements::DELETE_CHAINS,
    statements::DELETE_DEVICES,
    statements::DELETE_ACCOUNT,
];

impl RecoveryCode {
    /// The code with these random bytes.
    #[must_use]
    pub fn of(random: [u8; 16]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// A new code.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut random = Zeroizing::new([0; 16]);
        getrandom::fill(random.as_mut())?;
        Ok(Self(random))
    }

    /// Reads the twelve words (BIP 39, English), or 32 hexadecimal digits.
    ///
    /// # Errors
    /// When the text is neither, or when a word is wrong: the last one checks the others.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim().to_lowercase();
        let mut code = Zeroizing::new([0; 16]);
        if hex::decode_to_slice(&text, code.as_mut()).is_ok() {
            return Ok(Self(code));
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &words);
        let entropy = Zeroizing::new(mnemonic.map_err(|_| CodeError)?.to_entropy());
        code.copy_from_slice(
            entropy
                .get(..16)
                .filter(|_| entropy.len() == 16)
                .ok_or(CodeError)?,
        );
        Ok(Self(code))
    }

    /// The hash that the ledger keeps, and that a device signs.
    #[must_use]
    pub fn hash(&self) -> CodeHash {
        CodeHash::of(&self.0)
    }

    /// Twelve words that a person can write down.
    #[must_use]
    pub fn words(&self) -> String {
        let mnemonic = Mnemonic::from_entropy_in(Language::English, self.0.as_ref());
        mnemonic
            .map(|words| words.to_string())
            .expect("16 bytes make twelve words")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryCode").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Makes an invitation that holds for `lifetime_ms`: into `account`, or for a new account.
    ///
    /// # Errors
    /// When the system gives no random numbers or the database does not answer.
    pub fn invite(
        &self,
        account: Option<AccountId>,
        lifetime_ms: u32,
    ) -> Result<(RecoveryCode, UnixMs), StoreError> {
        let code = random_code()?;
        let expires = self.store.write(|db| {
            db.lock_accounts(account.as_slice())?;
            let now = db.now()?;
            let expires = now.saturating_add(UnixMs::from_u32(lifetime_ms));
            let row = [
                code.hash().0.into(),
                account.map(|id| id.0).into(),
                Value::Int(now.get_signed()),
                Value::Int(expires.get_signed()),
            ];
            db.run(statements::ADD_INVITE, &row)?;
            Ok::<_, StoreError>(expires)
        })?;
        Ok((code, expires))
    }

    /// Replaces the recovery code of an account; the old one is worth nothing afterwards.
    ///
    /// # Errors
    /// When the system gives no random numbers or the database does not answer.
    pub fn new_recovery(&self, account: AccountId) -> Result<RecoveryCode, StoreError> {
        let code = random_code()?;
        self.store.write(|db| {
            db.lock_accounts(&[account])?;
            let row = [code.hash().0.into(), account.0.into()];
            db.run(statements::SET_RECOVERY, &row)
        })?;
        Ok(code)
    }

    /// Deletes an account with everything that belongs to it. Of each of its devices the ledger
    /// keeps a hash of the key, so that it cannot bring back by its receipts what was deleted.
    /// Whether there was one.
    ///
    /// # Errors
    /// When the database does not answer; then nothing is deleted.
    pub fn delete_account(&self, account: AccountId) -> Result<bool, StoreError> {
        self.store.write(|db: &mut dyn Db| {
            db.lock_accounts(&[account])?;
            deleted::bury(db, &self.keys, account)?;
            let mut deleted = 0;
            for statement in DELETE {
                deleted = db.run(statement, &[account.0.into()])?;
            }
            Ok(deleted == 1)
        })
    }
}

fn random_code() -> Result<RecoveryCode, StoreError> {
    RecoveryCode::random().map_err(|error| StoreError::Unavailable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_from_its_words_and_from_its_digits() {
        let code = RecoveryCode::of(*b"sixteen bytes !!");
        let words = code.words();
        assert_eq!(words.split(' ').count(), 12);
        for text in [
            words.clone(),
            format!("  {}\n", words.to_uppercase().replace(' ', "  ")),
        ] {
            let read = RecoveryCode::parse(&text).expect("words");
            assert_eq!(read.hash(), code.hash());
        }
        let digits = hex::encode(b"sixteen bytes !!");
        let read = RecoveryCode::parse(&digits).expect("digits");
        assert_eq!(read.hash(), code.hash());
    }

    #[test]
    fn a_text_with_a_wrong_word_is_no_code() {
        let words = RecoveryCode::of([7; 16]).words();
        let (_, rest) = words.split_once(' ').expect("twelve words");
        for text in [
            "",
            "abandon",
            rest,
            &format!("zoo {rest}"),
            &format!("{words} zoo"),
        ] {
            assert_eq!(RecoveryCode::parse(text).err(), Some(CodeError), "{text}");
        }
    }
}
