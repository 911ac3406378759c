//! The one interface of the ledger: HTTP, pages and command line use nothing else.
//!
//! Everything here that reads or writes the database blocks, except [`Ledger::submit`].

mod accounts;
mod chain;
mod deleted;
mod devices;
mod enrol;
mod grants;
mod last_audit;
mod link;
mod listing;
mod look_ups;
mod memory;
mod names;
mod policy;
mod prune;
mod reading;
mod rotate;
mod sealed;
mod start;
mod submit;
mod token;
mod viewing;
mod vitals;
mod walk;
mod web;

pub use accounts::{CodeError, RecoveryCode};
pub use devices::{DeviceEntry, RevokeError};
pub use enrol::{EnrolError, Enrolled};
pub use grants::{Login, LoginError, LoginView};
pub use last_audit::Doubt;
pub use link::LinkToken;
pub use listing::AccountEntry;
pub use memory::WebSession;
pub use reading::{Balance, ChainEntry, Cursor, Day, Session};
pub use rotate::{RotateError, newest_key, rotate};
pub use sealed::Sealed;
pub use start::StartError;
pub use submit::{Claimed, Outcome};
pub use token::Token;
pub use viewing::{Counts, DeviceTotals, Fork, Standing};
pub use vitals::Vitals;
pub use walk::{Walk, WalkError, Whole};
pub use web::Browser;

pub use crate::audit::LastAudit;

use crate::{
    challenge::Challenges,
    committer::{Committer, Terms},
    store::{Store, StoreError, statements},
};
use meter_core::{LedgerKey, LedgerSigner, Policy, UnixMs, Verified};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// A receipt key of this ledger.
#[derive(Clone, Debug)]
pub struct LedgerKeyEntry {
    /// Its number, from 1.
    pub number: u32,
    /// The public half.
    pub key: LedgerKey,
    /// The statement by which the key before it named it; none for the first.
    pub change: Option<Vec<u8>>,
}

/// A running ledger.
pub struct Ledger {
    store: Arc<Store>,
    signer: Arc<LedgerSigner>,
    terms: Arc<RwLock<Terms>>,
    policy: RwLock<Verified<Policy>>,
    keys: Vec<LedgerKeyEntry>,
    committer: Committer,
    look_ups: look_ups::LookUps,
    /// One permit for each request whose reports are being verified.
    verifying: Semaphore,
    audit: Mutex<Option<LastAudit>>,
    memory: memory::Memory,
}

impl Ledger {
    /// The key that signs receipts now.
    #[must_use]
    pub fn key(&self) -> LedgerKey {
        self.signer.key()
    }

    /// Every receipt key that this ledger has had, the newest last.
    #[must_use]
    pub fn keys(&self) -> &[LedgerKeyEntry] {
        &self.keys
    }

    /// What makes and checks challenges. Every instance with this ledger's key has the same.
    #[must_use]
    pub fn challenges(&self) -> Challenges {
        let secret = self.signer.derived_secret("onionmeter/challenge-key/v1");
        Challenges::new(&secret)
    }

    /// The policy in force, signed.
    #[must_use]
    pub fn policy(&self) -> Verified<Policy> {
        let policy = self.policy.read();
        policy.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ledger's time: the database's clock.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub fn now(&self) -> Result<UnixMs, StoreError> {
        self.store.read(|db| db.now())
    }

    /// Why this ledger only reads; `None` while it takes reports.
    #[must_use]
    pub fn held(&self) -> Option<&str> {
        self.store.held()
    }

    /// The database, for tools over all of it.
    #[must_use]
    pub const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether a transaction can be committed now.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check_health(&self) -> Result<(), StoreError> {
        let now = self.now()?;
        let before = [now.get_signed().into()];
        self.store.write(|db| {
            db.run(statements::FORGET_CHALLENGES, &before)?;
            // There may be none. Without a change there is nothing to commit, also on a full disk.
            db.run(statements::TOUCH, &[]).map(drop)
        })
    }

    /// Takes nothing more, and waits until everything that waits is stored and answered.
    pub fn finish(&self) {
        self.committer.finish();
    }
}
