//! What an account has: its balance, its sessions, its days.

use super::Ledger;
use crate::{
    books::SIGNED_BYTES,
    shelf,
    store::{Db, Row, StoreError, Value, statements},
};
use meter_core::{AccountId, Amount, ByteCount, ChainId, DeviceKey, DurationMs, Reasons, UnixMs};

/// What an account was credited.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Balance {
    /// The sum of all awards and movements.
    pub credited: i64,
    /// The sum of the awards.
    pub awarded: Amount,
    /// The awarded time.
    pub duration: DurationMs,
    /// The awarded bytes.
    pub bytes: ByteCount,
}

/// A session that was reported and answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The device that signed it.
    pub device: DeviceKey,
    /// Its chain.
    pub chain: ChainId,
    /// Its place in the chain.
    pub sequence: u64,
    /// Where the list goes on after it.
    pub cursor: Cursor,
    /// When the ledger took it.
    pub at: UnixMs,
    /// The awarded time.
    pub duration: DurationMs,
    /// The awarded bytes.
    pub bytes: ByteCount,
    /// The award.
    pub amount: Amount,
    /// Why it is less than claimed.
    pub reasons: Reasons,
    /// Body and signature of the report; none once it was pruned.
    pub report: Option<Vec<u8>>,
    /// Body and signature of the receipt.
    pub receipt: [u8; SIGNED_BYTES],
}

/// A place in the list of sessions, the newest first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cursor {
    /// The ledger's time.
    pub at: UnixMs,
    /// The number of the chain.
    pub chain: i64,
    /// The sequence number.
    pub sequence: u64,
}

/// What was awarded on one day of the ledger's clock (UTC).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Day {
    /// Days since 1970-01-01.
    pub number: i64,
    /// The awarded time.
    pub duration: DurationMs,
    /// The awarded bytes.
    pub bytes: ByteCount,
    /// The award.
    pub amount: Amount,
    /// How many sessions.
    pub sessions: u64,
}

/// A chain as its account's owner sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainEntry {
    /// The device that signs it.
    pub device: DeviceKey,
    /// Its id.
    pub chain: ChainId,
    /// Whether its key has signed two histories.
    pub frozen: bool,
    /// Where the ledger began to follow it.
    pub start: u64,
    /// When the ledger began to follow it.
    pub began: UnixMs,
    /// The last report that was taken.
    pub sequence: u64,
    /// The sum of its awards.
    pub awarded: Amount,
}

impl Cursor {
    /// Before the newest session.
    #[must_use]
    pub fn newest() -> Self {
        Self {
            at: UnixMs::new(i64::MAX.unsigned_abs()).expect("the largest time"),
            chain: i64::MAX,
            sequence: u64::MAX,
        }
    }
}

impl Ledger {
    /// What an account was credited: a sum over few rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn balance(&self, account: AccountId) -> Result<Balance, StoreError> {
        self.store.read(|db| balance(db, account))
    }

    /// At most `limit` sessions of an account after `cursor`, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn sessions(
        &self,
        account: AccountId,
        cursor: Cursor,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.store.read(|db| sessions(db, account, cursor, limit))
    }

    /// The session at a place of a chain. If two devices of the account use the same id for a
    /// chain, that of the older chain.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn session(
        &self,
        account: AccountId,
        chain: ChainId,
        sequence: u64,
    ) -> Result<Option<Session>, StoreError> {
        let parameters = [account.0.into(), chain.0.into(), shelf::sequence(sequence)];
        let rows = self
            .store
            .read(|db| db.rows(statements::SESSION, &parameters))?;
        rows.into_iter().next().map(session).transpose()
    }

    /// The days since `from` on which the account was awarded something.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn days(&self, account: AccountId, from: UnixMs) -> Result<Vec<Day>, StoreError> {
        let parameters = [account.0.into(), Value::Int(from.get_signed())];
        let rows = self
            .store
            .read(|db| db.rows(statements::DAYS, &parameters))?;
        let day = |mut row: Row| {
            Ok(Day {
                number: row.int()?,
                duration: row.unit(DurationMs::new)?,
                bytes: row.unit(ByteCount::new)?,
                amount: row.unit(Amount::new)?,
                sessions: row.unit(Some)?,
            })
        };
        rows.into_iter().map(day).collect()
    }

    /// The chains of an account, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn chains(&self, account: AccountId) -> Result<Vec<ChainEntry>, StoreError> {
        self.store.read(|db| chains(db, account))
    }
}

pub(super) fn balance(db: &mut dyn Db, account: AccountId) -> Result<Balance, StoreError> {
    let of = [Value::from(account.0)];
    let mut rows = db.rows(statements::CREDITED, &of)?;
    let row = rows.first_mut().ok_or_else(no_sum)?;
    let duration = row.unit(DurationMs::new)?;
    let bytes = row.unit(ByteCount::new)?;
    let awarded = row.unit(Amount::new)?;
    let mut rows = db.rows(statements::MOVED, &of)?;
    let moved = rows.first_mut().ok_or_else(no_sum)?.int()?;
    let credited = awarded.get_signed().checked_add(moved).ok_or_else(no_sum)?;
    Ok(Balance {
        credited,
        awarded,
        duration,
        bytes,
    })
}

pub(super) fn sessions(
    db: &mut dyn Db,
    account: AccountId,
    cursor: Cursor,
    limit: u32,
) -> Result<Vec<Session>, StoreError> {
    let parameters = [
        account.0.into(),
        Value::Int(cursor.at.get_signed()),
        cursor.chain.into(),
        shelf::sequence(cursor.sequence),
        limit.into(),
    ];
    let rows = db.rows(statements::SESSIONS, &parameters)?;
    rows.into_iter().map(session).collect()
}

pub(super) fn chains(db: &mut dyn Db, account: AccountId) -> Result<Vec<ChainEntry>, StoreError> {
    let chain = |mut row: Row| {
        let (device, chain) = (DeviceKey(row.array()?), ChainId(row.array()?));
        let frozen = row.int()? == shelf::FROZEN;
        let (start, began) = (row.unit(Some)?, row.unit(UnixMs::new)?);
        let sequence = row.unit(Some)?;
        row.int()?;
        row.int()?;
        Ok(ChainEntry {
            device,
            chain,
            frozen,
            start,
            began,
            sequence,
            awarded: row.unit(Amount::new)?,
        })
    };
    let rows = db.rows(statements::CHAINS, &[account.0.into()])?;
    rows.into_iter().map(chain).collect()
}

fn no_sum() -> StoreError {
    StoreError::Damaged("a sum over awards".to_owned())
}

fn session(mut row: Row) -> Result<Session, StoreError> {
    let (device, chain) = (DeviceKey(row.array()?), ChainId(row.array()?));
    let sequence = row.unit(Some)?;
    let number = row.int()?;
    let at = row.unit(UnixMs::new)?;
    let duration = row.unit(DurationMs::new)?;
    let bytes = row.unit(ByteCount::new)?;
    let amount = row.unit(Amount::new)?;
    let reasons = row
        .int32()
        .ok()
        .and_then(|bits| Reasons::from_bits(u16::try_from(bits).ok()?));
    let reasons = reasons.ok_or_else(|| StoreError::Damaged("reasons of an award".to_owned()))?;
    Ok(Session {
        device,
        chain,
        sequence,
        cursor: Cursor {
            at,
            chain: number,
            sequence,
        },
        at,
        duration,
        bytes,
        amount,
        reasons,
        report: row.bytes_or_null()?,
        receipt: row.array()?,
    })
}
