//! Starts a ledger on a database, or refuses to.

use super::{Ledger, LedgerKeyEntry, look_ups::LookUps, memory::Memory};
use crate::{
    committer::{Committer, Terms},
    guard::Guard,
    store::{Db, Row, Store, StoreError, Value, statements},
};
use meter_core::{EnrolmentRule, LedgerKey, LedgerSigner, Policy, Signed, Verified};
use std::{
    io,
    num::NonZeroUsize,
    sync::{Arc, Mutex, RwLock},
    thread::available_parallelism,
};
use tokio::sync::Semaphore;

/// Why a ledger does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database belongs to another receipt key.
    #[error(
        "the database signs its receipts with another key: put that key's file (receipt-key of the \
         folder that first used this database) into this data folder, or name another database"
    )]
    OtherKey,
    /// The stored policy is not signed by this ledger.
    #[error("the database holds a policy that this ledger did not sign; restore a backup")]
    Policy,
    /// The system gives no thread.
    #[error("cannot start: {0}")]
    Thread(#[from] io::Error),
}

impl crate::store::FromStore for StartError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

impl Ledger {
    /// Starts a ledger. On an empty database it stores its key and signs its first policy, in which
    /// `enrolment` says who may open an account.
    ///
    /// # Errors
    /// When the database cannot be used or belongs to another key.
    pub fn start(
        store: Store,
        signer: LedgerSigner,
        enrolment: EnrolmentRule,
    ) -> Result<Self, StartError> {
        Self::start_guarded(store, signer, enrolment, None)
    }

    /// The same, and `guard` follows what is signed. A database that is held is only read.
    ///
    /// # Errors
    /// The errors of [`Self::start`].
    pub fn start_guarded(
        store: Store,
        signer: LedgerSigner,
        enrolment: EnrolmentRule,
        guard: Option<&Arc<Guard>>,
    ) -> Result<Self, StartError> {
        let (keys, policy) = match store.held() {
            None => store.write(|db| begin(db, &signer, enrolment))?,
            Some(_) => store.read(|db| look(db, &signer))?,
        };
        let terms = Terms {
            policy: *policy.value(),
            keys: keys.iter().map(|entry| entry.key).collect(),
        };
        let (store, signer) = (Arc::new(store), Arc::new(signer));
        let terms = Arc::new(RwLock::new(terms));
        let committer = Committer::start(&store, &signer, &terms, guard)?;
        let look_ups = LookUps::start(&store)?;
        Ok(Self {
            store,
            signer,
            terms,
            policy: RwLock::new(policy),
            keys,
            committer,
            look_ups,
            verifying: Semaphore::new(verifying_at_once()),
            audit: Mutex::default(),
            memory: Memory::default(),
        })
    }
}

/// More than the processors, because each request also waits for the database.
fn verifying_at_once() -> usize {
    let processors = available_parallelism().map_or(1, NonZeroUsize::get);
    processors.saturating_mul(4)
}

type Begun = (Vec<LedgerKeyEntry>, Verified<Policy>);

fn begin(
    db: &mut dyn Db,
    signer: &LedgerSigner,
    enrolment: EnrolmentRule,
) -> Result<Begun, StartError> {
    let mut keys = read_keys(db)?;
    if keys.is_empty() {
        let first = [1_u32.into(), signer.key().0.into(), Value::Null];
        db.run(statements::ADD_KEY, &first)?;
        keys = read_keys(db)?;
    }
    if keys.last().map(|entry| entry.key) != Some(signer.key()) {
        return Err(StartError::OtherKey);
    }
    if db.rows(statements::POLICY, &[])?.is_empty() {
        let first = Policy::first(signer.key(), enrolment, db.now()?);
        add_policy(db, signer, &first)?;
    }
    let policy = read_policy(db, &keys)?;
    Ok((keys, policy))
}

/// What [`begin`] returns, where nothing may be written.
fn look(db: &mut dyn Db, signer: &LedgerSigner) -> Result<Begun, StartError> {
    let keys = read_keys(db)?;
    if keys.last().map(|entry| entry.key) != Some(signer.key()) {
        return Err(StartError::OtherKey);
    }
    let policy = read_policy(db, &keys)?;
    Ok((keys, policy))
}

/// Every receipt key, the newest last.
pub(super) fn read_keys(db: &mut dyn Db) -> Result<Vec<LedgerKeyEntry>, StoreError> {
    let rows = db.rows(statements::KEYS, &[])?;
    let entry = |mut row: Row| {
        Ok(LedgerKeyEntry {
            number: row.int32()?,
            key: LedgerKey(row.array()?),
            change: row.bytes_or_null()?,
        })
    };
    rows.into_iter().map(entry).collect()
}

/// Stores a policy that the ledger signs.
pub(super) fn add_policy(
    db: &mut dyn Db,
    signer: &LedgerSigner,
    policy: &Policy,
) -> Result<(), StartError> {
    let signed = signer.sign(policy).map_err(|_| StartError::Policy)?;
    let row = [policy.number.0.into(), crate::shelf::stored(&signed)];
    match db.run(statements::ADD_POLICY, &row)? {
        1 => Ok(()),
        // Another instance has just added one with this number.
        _ => Err(StoreError::Lost.into()),
    }
}

/// The newest policy, verified.
pub(super) fn read_policy(
    db: &mut dyn Db,
    keys: &[LedgerKeyEntry],
) -> Result<Verified<Policy>, StartError> {
    let rows = db.rows(statements::POLICY, &[])?;
    let mut row = rows.into_iter().next().ok_or(StartError::Policy)?;
    row.int()?;
    let signed = row.bytes()?;
    let signed: Signed<Policy> = crate::shelf::split(&signed).ok_or(StartError::Policy)?;
    let by = |entry: &LedgerKeyEntry| signed.clone().verify(entry.key).ok();
    keys.iter().rev().find_map(by).ok_or(StartError::Policy)
}
