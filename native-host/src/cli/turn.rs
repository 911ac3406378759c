//! The turns of `install` and `uninstall`: the list of browsers has one writer.
//!
//! The lock is a file of the home. Where it is not there yet, or no longer, it is made, under a
//! lock on a folder that stays: the person's own. A purge has both: nobody makes the file again
//! while the home is removed.

use super::{exit, outcome::CommandError, output::Format, wait};
use crate::{
    home::{self, Home},
    lock,
};
use std::{fs::File, io, mem, path::Path, time::Duration};

/// How long one other `install` or `uninstall` may take, besides the time before the wait is told.
/// Each of its own waits ends within 3 s.
const ONE_TAKES: Duration = Duration::from_secs(8);
/// How often that time begins anew because another process has the turn by then.
const OTHERS_MAX: u32 = 4;
/// How many purges, one after the other, may remove the home during one wait.
const PURGES_MAX: u32 = 20;

/// A turn, until it is dropped. Without a lock where none can be had: on a read-only disk, or on a
/// file system without locks. Each part then says by itself what cannot be written.
pub(super) enum Turn {
    /// The file in the home is locked.
    Inside { _lock: Option<File> },
    /// The folder that stays is locked.
    Above { _lock: Option<File> },
}

impl Turn {
    const WITHOUT_LOCK: Self = Self::Inside { _lock: None };

    /// The other lock, for who removes the home.
    pub(super) fn lock_above(
        &self,
        home: &Home,
        format: Format,
    ) -> Result<Option<File>, CommandError> {
        match self {
            Self::Inside { .. } => above(home, format),
            Self::Above { .. } => Ok(None),
        }
    }
}

/// Waits until no other `install` or `uninstall` of this home is at work.
pub(super) fn take(home: &Home, format: Format) -> Result<Turn, CommandError> {
    turn(home, format, || Ok(()))
}

/// Waits in the same way, and makes a missing home. What is made while a purge removes would be
/// removed, too, or stay without a mark.
pub(super) fn begin(home: &Home, format: Format) -> Result<Turn, CommandError> {
    turn(home, format, || {
        home.prepare().map_err(|error| CommandError::home(&error))
    })
}

/// Prepares the home once it has the turn.
fn turn(
    home: &Home,
    format: Format,
    prepare: impl Fn() -> Result<(), CommandError>,
) -> Result<Turn, CommandError> {
    for _ in 0..PURGES_MAX {
        if let Ok(turn) = inside(home, format)? {
            return prepare().map(|()| turn);
        }
        let above = above(home, format)?;
        prepare()?;
        if !home.run().is_dir() {
            // There is no home, and nobody makes one now.
            return Ok(Turn::Above { _lock: above });
        }
        if lock::make_file(&home.registration_lock()).is_err() {
            return Ok(Turn::WITHOUT_LOCK);
        }
    }
    prepare().map(|()| Turn::WITHOUT_LOCK)
}

/// There is no home, or none with the file of the lock.
struct Absent;

fn inside(home: &Home, format: Format) -> Result<Result<Turn, Absent>, CommandError> {
    let path = home.registration_lock();
    match patiently(&path, format, |patience| {
        lock::file_in_turn(&path, patience)
    }) {
        Ok(Some(lock)) => Ok(Ok(Turn::Inside { _lock: Some(lock) })),
        Ok(None) => Err(at_work(&path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(Absent)),
        Err(_) => Ok(Ok(Turn::WITHOUT_LOCK)),
    }
}

/// The lock on a folder that no purge removes and no `install` makes: the person's own, or, without
/// one, the nearest folder above the home that is there.
fn above(home: &Home, format: Format) -> Result<Option<File>, CommandError> {
    let persons = home::of_user().filter(|folder| folder.is_dir());
    let nearest = || {
        let mut above = home.root().ancestors().skip(1);
        above.find(|folder| folder.is_dir()).map(Path::to_path_buf)
    };
    let Some(folder) = persons.or_else(nearest) else {
        return Ok(None);
    };
    match patiently(&folder, format, |patience| {
        lock::folder_in_turn(&folder, patience)
    }) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(at_work(&folder)),
        Err(_) => Ok(None),
    }
}

/// Tries a lock, says what it waits for, and goes on trying for as long as others come and go.
fn patiently(
    path: &Path,
    format: Format,
    take: impl Fn(Duration) -> io::Result<Option<File>>,
) -> io::Result<Option<File>> {
    if let Some(lock) = take(wait::QUIET_MAX)? {
        return Ok(Some(lock));
    }
    let mut held = lock::held_by(path);
    wait::say(
        format,
        format!("waiting for another `install` or `uninstall`: {held}"),
    );
    for _ in 0..OTHERS_MAX {
        if let Some(lock) = take(ONE_TAKES)? {
            return Ok(Some(lock));
        }
        let before = mem::replace(&mut held, lock::held_by(path));
        if held == before {
            break;
        }
    }
    Ok(None)
}

fn at_work(path: &Path) -> CommandError {
    CommandError::Exit(
        exit::TOO_SOON,
        format!(
            "another `install` or `uninstall` does not end: {}; run this again when it has ended",
            lock::held_by(path)
        ),
    )
}
