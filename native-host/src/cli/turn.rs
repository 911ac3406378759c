//! The turns of `install` and `uninstall`: the list of browsers has one writer.
//!
//! The lock is a file of the home. Where there is no home yet, or none any more, it is the nearest
//! folder above that is there.

use super::{exit, outcome::CommandError};
use crate::{home::Home, lock};
use std::{fs::File, io, path::Path, time::Duration};

/// How long another `install` or `uninstall` may take. Each of its waits ends within 3 s.
const OTHERS_TAKE: Duration = Duration::from_secs(30);
/// How many purges, one after the other, may remove the home during one wait.
const PURGES_MAX: u32 = 20;

/// The lock of a turn. Without one where it cannot be had: on a read-only disk, or on a file system
/// without locks. Each part then says by itself what cannot be written.
pub(super) type Turn = Option<File>;

/// Waits until no other `install` or `uninstall` of this home is at work.
pub(super) fn take(home: &Home) -> Result<Turn, CommandError> {
    for _ in 0..PURGES_MAX {
        match inside(home)? {
            Err(Absent) => {}
            Ok(turn) => return Ok(turn),
        }
        let turn = above(home)?;
        // Another one may have made the home during the wait.
        if !home.run().is_dir() {
            return Ok(turn);
        }
    }
    inside(home).map(|turn| turn.unwrap_or(None))
}

/// Waits in the same way, and makes a missing home. What is made while a purge removes would be
/// removed, too, or stay without a mark.
pub(super) fn begin(home: &Home) -> Result<Turn, CommandError> {
    let prepare = || home.prepare().map_err(|error| CommandError::usage(&error));
    for _ in 0..PURGES_MAX {
        let turn = match inside(home)? {
            Ok(turn) => turn,
            Err(Absent) => {
                let _above = above(home)?;
                // The second time is for a purge that has just removed the folder.
                prepare().or_else(|_| prepare())?;
                match inside(home)? {
                    Ok(turn) => turn,
                    Err(Absent) => continue,
                }
            }
        };
        prepare()?;
        return Ok(turn);
    }
    prepare().map(|()| None)
}

/// There is no home with a folder for its lock.
struct Absent;

fn inside(home: &Home) -> Result<Result<Turn, Absent>, CommandError> {
    match lock::in_turn(&home.registration_lock(), OTHERS_TAKE) {
        Ok(Some(turn)) => Ok(Ok(Some(turn))),
        Ok(None) => Err(at_work(home)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(Absent)),
        Err(_) => Ok(Ok(None)),
    }
}

fn above(home: &Home) -> Result<Turn, CommandError> {
    let mut folders = home.root().ancestors().skip(1);
    let Some(folder) = folders.find(|folder| Path::is_dir(folder)) else {
        return Ok(None);
    };
    match lock::folder_in_turn(folder, OTHERS_TAKE) {
        Ok(Some(turn)) => Ok(Some(turn)),
        Ok(None) => Err(at_work(home)),
        Err(_) => Ok(None),
    }
}

fn at_work(home: &Home) -> CommandError {
    CommandError::Exit(
        exit::TOO_SOON,
        format!(
            "another `install` or `uninstall` is at work in {}; run this again when it has ended",
            home.root().display()
        ),
    )
}
