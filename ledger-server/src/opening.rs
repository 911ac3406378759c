//! Opens the ledger of a data folder: database, key, rollback guard.

use crate::{
    audit::check_heads,
    folder::Folder,
    guard::{self, Guard, GuardError, Mark, Record, WRITERS_MAX},
    ledger::{Ledger, StartError, newest_key},
    number::{count, counted},
    rotation::{self, RotationError},
    store::{Place, Row, Store, StoreError, statements},
};
use meter_core::{EnrolmentRule, UnixMs};
use std::{fs, path::PathBuf, sync::Arc};

/// What to open.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The database.
    pub place: Place,
    /// Who may open an account, if the ledger is new.
    pub enrolment: EnrolmentRule,
    /// Whether a new ledger may be made.
    pub make: bool,
    /// Whether the operator accepts a database that is older than what was signed.
    pub accept_rollback: bool,
}

/// Why a ledger is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder has no ledger.
    #[error(
        "there is no ledger in {path}: start one with: onionmeter-ledger serve --data {path}",
        path = .0.display()
    )]
    Absent(PathBuf),
    /// The file of the database is gone.
    #[error(
        "the database {path} is gone, and this ledger has signed {receipts}: put it back, or \
         restore a copy with: onionmeter-ledger restore FILE",
        path = .path.display(),
        receipts = counted(*.receipts, "receipt", "receipts")
    )]
    Gone {
        /// The file.
        path: PathBuf,
        /// How many receipts are missing.
        receipts: u64,
    },
    /// The database is empty.
    #[error(
        "the database is empty, and this ledger has signed {receipts}: name the right database, or \
         restore a copy of it",
        receipts = counted(*.0, "receipt", "receipts")
    )]
    Emptied(u64),
    /// An error of the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger in it.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The key.
    #[error(transparent)]
    Key(#[from] RotationError),
    /// The rollback guard.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Opens the database alone.
///
/// # Errors
/// When it is not there and may not be made, or cannot be used.
pub fn open_store(folder: &Folder, wanted: &Wanted) -> Result<Store, OpenError> {
    let Some(path) = wanted.place.file() else {
        return Ok(Store::open(&wanted.place)?);
    };
    if fs::symlink_metadata(path).is_err() {
        let record = guard::read(&folder.guard())?;
        let receipts = record.map_or(0, |record| record.receipts());
        if receipts > 0 {
            let path = path.to_owned();
            return Err(OpenError::Gone { path, receipts });
        }
        if !wanted.make {
            return Err(OpenError::Absent(folder.root().to_owned()));
        }
    }
    Ok(Store::open(&wanted.place)?)
}

/// Opens the ledger for one command. What it signs is no receipt, so no guard follows it.
///
/// # Errors
/// When it is not there or cannot be used.
pub fn open(folder: &Folder, wanted: &Wanted) -> Result<Ledger, OpenError> {
    let store = open_store(folder, wanted)?;
    let signer = rotation::signer(folder, &store)?;
    let record = guard::read(&folder.guard())?;
    let store = match doubt(&store, &wanted.place, record.as_ref())? {
        Some(why) => store.hold(why),
        None => store,
    };
    Ok(Ledger::start(store, signer, wanted.enrolment)?)
}

/// Opens the ledger to serve it. The lock of the folder must be held.
///
/// # Errors
/// When it cannot be used.
pub fn open_to_serve(
    folder: &Folder,
    wanted: &Wanted,
) -> Result<(Arc<Ledger>, Arc<Guard>), OpenError> {
    let mut store = open_store(folder, wanted)?;
    let record = guard::read(&folder.guard())?;
    let receipts = record.as_ref().map_or(0, Record::receipts);
    if receipts > 0 && newest_key(&store)?.is_none() {
        return Err(OpenError::Emptied(receipts));
    }
    let signer = rotation::signer(folder, &store)?;
    let doubt = doubt(&store, &wanted.place, record.as_ref())?;
    match (doubt, record) {
        (Some(_), record) if wanted.accept_rollback => accept(folder, &store, record)?,
        (Some(why), Some(_)) => store = store.hold(why),
        (Some(why), None) => {
            // So that it stays read-only at the next start as well.
            let record = Record {
                restored: true,
                ..Record::new()?
            };
            guard::write(&folder.guard(), &record)?;
            store = store.hold(why);
        }
        (None, Some(_)) => {}
        (None, None) => guard::write(&folder.guard(), &Record::new()?)?,
    }
    let store = check_ends(store)?;
    let guard = Arc::new(Guard::open(&folder.guard())?);
    let ledger = Ledger::start_guarded(store, signer, wanted.enrolment, Some(&guard))?;
    Ok((Arc::new(ledger), guard))
}

/// Lets a store with a wrong sum only be read, so that nothing is added to it.
fn check_ends(store: Store) -> Result<Store, OpenError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random)?;
    let findings = check_heads(&store, u64::from_be_bytes(random))?;
    let Some(first) = findings.kept().first() else {
        return Ok(store);
    };
    let others = match findings.count().saturating_sub(1) {
        0 => String::new(),
        others => format!(", and {} more", count(others)),
    };
    let why = format!(
        "a row of the database is not as it was written: {first}{others}. See all with: \
         onionmeter-ledger audit. Then restore a sound copy"
    );
    Ok(store.hold(why))
}

/// Why the database may be older than what was signed; `None` if it is not.
///
/// # Errors
/// When it does not answer.
pub fn doubt(
    store: &Store,
    place: &Place,
    record: Option<&Record>,
) -> Result<Option<String>, StoreError> {
    let Some(record) = record else {
        let mut rows = store.read(|db| db.rows(statements::ANY_MARK, &[]))?;
        let is_used = rows.first_mut().map_or(Ok(0), Row::int)? > 0;
        // Several data folders share a PostgreSQL database; a new one has no guard.
        let is_own = place.file().is_some();
        return Ok((is_used && is_own).then(|| {
            "the database holds receipts, and the rollback guard (ledger.guard) is not beside it, \
             so nobody can tell whether it is an older copy. If it is the newest one, go on with: \
             onionmeter-ledger serve --accept-rollback"
                .to_owned()
        }));
    };
    let stored = marks(store, record)?;
    if record.restored {
        let last = time(stored.last());
        return Ok(Some(format!(
            "the database was restored from a copy that ends at {last}. Receipts that were given \
             after that are missing; devices hold them and give them back when they submit again. \
             Restore a newer copy if you have one; otherwise go on with: onionmeter-ledger serve \
             --accept-rollback"
        )));
    }
    let pairs = record.marks.iter().zip(&stored.marks);
    let missing: u64 = pairs
        .map(|(signed, stored)| signed.receipts.saturating_sub(stored.receipts))
        .fold(0, u64::saturating_add);
    Ok((missing > 0).then(|| {
        let missing = match missing {
            1 => "1 receipt is".to_owned(),
            missing => format!("{} receipts are", count(missing)),
        };
        let (signed, ends) = (time(record.last()), time(stored.last()));
        format!(
            "the database is older than what this ledger has signed: {missing} missing, the \
             last of {signed}, and the database ends at {ends}. Put the newest \
             database back if you have it. Otherwise go on with: onionmeter-ledger serve \
             --accept-rollback; devices hold the missing receipts and give them back when they \
             submit again"
        )
    }))
}

/// What the database knows about this data folder.
fn marks(store: &Store, record: &Record) -> Result<Record, StoreError> {
    let of = [record.instance.0.into()];
    let rows = store.read(|db| db.rows(statements::MARKS, &of))?;
    let mut marks = [Mark::default(); WRITERS_MAX];
    for mut row in rows {
        let writer = row.unit(|number| usize::try_from(number).ok())?;
        let mark = Mark {
            receipts: row.unit(Some)?,
            at: row.unit(UnixMs::new)?,
        };
        if let Some(place) = marks.get_mut(writer) {
            *place = mark;
        }
    }
    Ok(Record {
        instance: record.instance,
        restored: false,
        marks,
    })
}

/// Takes the database as the valid one from now on.
fn accept(folder: &Folder, store: &Store, record: Option<Record>) -> Result<(), OpenError> {
    let record = match record {
        Some(record) => record,
        None => Record::new()?,
    };
    let accepted = marks(store, &record)?;
    Ok(guard::write(&folder.guard(), &accepted)?)
}

/// A time of the ledger as a person reads it.
fn time(at: UnixMs) -> String {
    if at == UnixMs::ZERO {
        return "its beginning".to_owned();
    }
    jiff::Timestamp::from_millisecond(at.get_signed()).map_or_else(
        |_| format!("{} ms", at.get()),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
