//! A device becomes part of an account.

use super::{Ledger, RecoveryCode, deleted, names};
use crate::{
    books::{Chain, ChainKey},
    shelf,
    store::{Db, FromStore, Row, StoreError, Value, statements},
};
use meter_core::{AccountId, CodeHash, Enrolment, EnrolmentRule, PublicKey as _, UnixMs, Verified};
use std::time::Duration;

/// A device that is enrolled.
#[derive(Debug)]
pub struct Enrolled {
    /// Its account.
    pub account: AccountId,
    /// Its name, made of random words.
    pub name: String,
    /// The code that gives the account to a new device when all of its devices are lost. It is told
    /// once: when the account is opened, and when such a code was used.
    pub recovery: Option<RecoveryCode>,
    /// Whether the device was enrolled before, so that nothing has changed.
    pub before: bool,
}

/// Why a device is not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The statement is for another ledger.
    #[error("the statement names another ledger")]
    OtherLedger,
    /// The challenge was used already.
    #[error("the challenge was used already")]
    Challenge,
    /// The device was removed from its account, or the account was deleted.
    #[error("the device was removed from its account, and its key stays removed")]
    Revoked,
    /// A new account needs an invitation here.
    #[error("this ledger opens accounts by invitation only")]
    InvitationNeeded,
    /// No such code, or used, or too old.
    #[error("the code is not known, was used already or is too old")]
    Code,
    /// The account has as many devices as the policy allows.
    #[error("the account has as many devices as the policy allows")]
    TooManyDevices,
    /// Too many accounts were opened without an invitation. How long to wait.
    #[error("too many accounts were opened; come later or with an invitation")]
    TooManyAccounts(Duration),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl FromStore for EnrolError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

/// What a device asks for.
enum AccountChoice {
    NewAccount,
    Join(AccountId),
    Recover(AccountId),
}

impl Ledger {
    /// Enrols the device that signed `enrolment`. Its challenge was checked before and holds until
    /// `expires`. A device that is enrolled already gets the same answer again, without a code.
    ///
    /// # Errors
    /// When the policy or the database does not allow it; then nothing has changed.
    pub fn enrol(
        &self,
        enrolment: &Verified<Enrolment>,
        expires: UnixMs,
    ) -> Result<Enrolled, EnrolError> {
        self.enrol_if(enrolment, expires, &|| Ok(()))
    }

    /// The same. An account without an invitation is opened only if `may_open` allows it, which
    /// says otherwise how long to wait. It is asked for nothing else.
    ///
    /// # Errors
    /// Those of [`enrol`](Self::enrol).
    pub fn enrol_if(
        &self,
        enrolment: &Verified<Enrolment>,
        expires: UnixMs,
        may_open: &dyn Fn() -> Result<(), Duration>,
    ) -> Result<Enrolled, EnrolError> {
        if enrolment.value().ledger != self.key() {
            return Err(EnrolError::OtherLedger);
        }
        let mut random = [0; 34];
        getrandom::fill(&mut random)?;
        self.store
            .write(|db| self.enrol_in(db, enrolment, expires, &random, may_open))
    }

    fn enrol_in(
        &self,
        db: &mut dyn Db,
        enrolment: &Verified<Enrolment>,
        expires: UnixMs,
        random: &[u8; 34],
        may_open: &dyn Fn() -> Result<(), Duration>,
    ) -> Result<Enrolled, EnrolError> {
        let value = enrolment.value();
        let device = value.head.key;
        let now = db.now()?;
        if !use_challenge(db, value.challenge.0, expires)? {
            return Err(EnrolError::Challenge);
        }
        if let Some(mut row) = db
            .rows(statements::DEVICE, &[device.0.into()])?
            .into_iter()
            .next()
        {
            return known(&mut row);
        }
        // After the look for the device: a transaction that deletes it now has buried it by then.
        if deleted::is_buried(db, &self.keys, device)? {
            return Err(EnrolError::Revoked);
        }
        let (account, rest) = random.split_first_chunk().expect("34 bytes");
        let (code, name) = rest.split_first_chunk().expect("18 bytes");
        let name = names::name([name[0], name[1]]);
        let code = RecoveryCode::of(*code);
        let choice = self.choice(db, value, now, may_open)?;
        let (account, recovery) = match choice {
            AccountChoice::NewAccount => {
                add_account(db, *account, code.hash(), now)?;
                (AccountId(*account), Some(code))
            }
            AccountChoice::Join(account) => (account, None),
            AccountChoice::Recover(account) => {
                recover(db, account, code.hash(), now)?;
                (account, Some(code))
            }
        };
        db.lock_accounts(&[account])?;
        self.check_devices(db, account)?;
        let row = [
            device.to_bytes().into(),
            account.0.into(),
            name.as_str().into(),
            Value::Int(now.get_signed()),
            shelf::stored(enrolment),
        ];
        if db.run(statements::ADD_DEVICE, &row)? != 1 {
            // Another transaction has just enrolled the same device.
            return Err(StoreError::Lost.into());
        }
        begin_chain(db, account, value, now)?;
        Ok(Enrolled {
            account,
            name,
            recovery,
            before: false,
        })
    }

    fn choice(
        &self,
        db: &mut dyn Db,
        value: &Enrolment,
        now: UnixMs,
        may_open: &dyn Fn() -> Result<(), Duration>,
    ) -> Result<AccountChoice, EnrolError> {
        let Some(code) = value.code else {
            if self.policy().value().enrolment != EnrolmentRule::Open {
                return Err(EnrolError::InvitationNeeded);
            }
            may_open().map_err(EnrolError::TooManyAccounts)?;
            return Ok(AccountChoice::NewAccount);
        };
        let times = [code.0.into(), Value::Int(now.get_signed())];
        if let Some(mut row) = db.rows(statements::INVITE, &times)?.into_iter().next() {
            let account = row.bytes_or_null()?;
            let account = account.as_deref().map(account_id).transpose()?;
            // First the account, then what belongs to it, as everywhere.
            db.lock_accounts(account.as_slice())?;
            let used = [Value::Int(now.get_signed()), code.0.into()];
            if db.run(statements::USE_INVITE, &used)? != 1 {
                return Err(EnrolError::Code);
            }
            return Ok(account.map_or(AccountChoice::NewAccount, AccountChoice::Join));
        }
        let account = account_of_recovery(db, code)?.ok_or(EnrolError::Code)?;
        db.lock_accounts(&[account])?;
        // Another transaction may have used or replaced the code before this one had the lock.
        let still = account_of_recovery(db, code)? == Some(account);
        still
            .then_some(AccountChoice::Recover(account))
            .ok_or(EnrolError::Code)
    }

    fn check_devices(&self, db: &mut dyn Db, account: AccountId) -> Result<(), EnrolError> {
        let devices = db.rows(statements::DEVICES, &[account.0.into()])?;
        let mut count = 0_u32;
        for mut row in devices {
            row.bytes()?;
            row.text()?;
            row.int()?;
            count += u32::from(row.time_or_null()?.is_none());
        }
        let most = self.policy().value().devices_per_account;
        (count < most)
            .then_some(())
            .ok_or(EnrolError::TooManyDevices)
    }
}

/// Marks a challenge as used. Whether it was not used before.
pub(super) fn use_challenge(
    db: &mut dyn Db,
    challenge: [u8; 32],
    expires: UnixMs,
) -> Result<bool, StoreError> {
    let row = [challenge.into(), Value::Int(expires.get_signed())];
    Ok(db.run(statements::USE_CHALLENGE, &row)? == 1)
}

fn account_of_recovery(db: &mut dyn Db, code: CodeHash) -> Result<Option<AccountId>, StoreError> {
    let found = db.rows(statements::ACCOUNT_OF_RECOVERY, &[code.0.into()])?;
    let id = |mut row: Row| row.array().map(AccountId);
    found.into_iter().next().map(id).transpose()
}

fn account_id(bytes: &[u8]) -> Result<AccountId, StoreError> {
    let id = bytes.try_into().map(AccountId);
    id.map_err(|_| StoreError::Damaged("an account's name".to_owned()))
}

fn known(row: &mut Row) -> Result<Enrolled, EnrolError> {
    let account = AccountId(row.array()?);
    let name = row.text()?;
    row.int()?;
    if row.time_or_null()?.is_some() {
        return Err(EnrolError::Revoked);
    }
    Ok(Enrolled {
        account,
        name,
        recovery: None,
        before: true,
    })
}

fn add_account(
    db: &mut dyn Db,
    id: [u8; 16],
    recovery: CodeHash,
    now: UnixMs,
) -> Result<(), StoreError> {
    let now = Value::Int(now.get_signed());
    let row = [id.into(), now.clone(), now.clone(), now, recovery.0.into()];
    db.run(statements::ADD_ACCOUNT, &row).map(drop)
}

/// The code was used: the other devices may be in somebody else's hands, and the code as well. So
/// whatever they could still come back with ends: browser sessions, links and invitations.
fn recover(
    db: &mut dyn Db,
    account: AccountId,
    recovery: CodeHash,
    now: UnixMs,
) -> Result<(), StoreError> {
    let revoke = [Value::Int(now.get_signed()), account.0.into()];
    db.run(statements::REVOKE_DEVICES, &revoke)?;
    for end in [
        statements::DELETE_WEB_SESSIONS,
        statements::DELETE_LOGINS,
        statements::DELETE_INVITES,
    ] {
        db.run(end, &revoke[1..])?;
    }
    let replace = [recovery.0.into(), account.0.into()];
    db.run(statements::SET_RECOVERY, &replace).map(drop)
}

/// The ledger follows the device's chain from where it stands. What was earned before is not paid.
fn begin_chain(
    db: &mut dyn Db,
    account: AccountId,
    value: &Enrolment,
    now: UnixMs,
) -> Result<(), StoreError> {
    let key = ChainKey {
        device: value.head.key,
        chain: value.head.chain,
    };
    let chain = Chain {
        head: value.head,
        stored_sequence: value.head.sequence,
        ..Chain::new(key, now)
    };
    shelf::insert_chain(db, account, key, &chain).map(drop)
}
