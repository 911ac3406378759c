//! The private folder of the copies that a backup is made of.
//!
//! Only one backup at a time uses it. It is locked itself, so that its lock needs no other file and
//! is gone with it.

use super::BackupError;
use crate::{
    home::Home,
    system::{
        files::{self as system, FileId},
        lock,
    },
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// How often, and how many times, the folder is tried while another backup has it. Copying takes a
/// second at most.
const LOCK_EVERY: Duration = Duration::from_millis(50);
const LOCK_TRIES: usize = 100;

/// The folder, empty at first. It is removed in the end.
pub(super) struct Draft<'home> {
    home: &'home Home,
    path: PathBuf,
    /// Freed last, when the folder is gone.
    _lock: File,
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        crate::ignore_because(
            "the next backup removes it",
            self.home.remove_copies(&self.path),
        );
    }
}

impl<'home> Draft<'home> {
    /// Makes the folder, or empties what an interrupted backup left.
    ///
    /// # Errors
    /// Somebody else's files are in its place, another backup is being made, or the error of the
    /// system.
    pub(super) fn make(home: &'home Home) -> Result<Self, BackupError> {
        let path = home.backup_draft();
        for _ in 0..LOCK_TRIES {
            let locked = try_lock(&path).map_err(BackupError::at(&path))?;
            if let Some(lock) = locked {
                home.empty_copies(&path).map_err(BackupError::at(&path))?;
                return Ok(Self {
                    home,
                    path,
                    _lock: lock,
                });
            }
            thread::sleep(LOCK_EVERY);
        }
        Err(BackupError::Busy(path))
    }

    /// The place of a copy.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Makes and locks the folder; `None` while another backup has it.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    match system::make_private_folder(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let in_place = fs::symlink_metadata(path);
    let is_folder = in_place.as_ref().is_ok_and(fs::Metadata::is_dir);
    if in_place.is_ok() && !is_folder {
        let text = "it is not a folder of Onionmeter; move it away, then try again";
        return Err(io::Error::other(text));
    }
    let opened = system::open_itself(OpenOptions::new().read(true)).open(path);
    let folder = match opened {
        // The other backup has just ended.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    // Some network file systems cannot lock folders; there a second backup is not held off.
    if let Ok(false) = lock::take(&folder) {
        return Ok(None);
    }
    let is_in_place = {
        let (ours, there) = (folder.metadata()?, fs::symlink_metadata(path));
        there.is_ok_and(|there| FileId::of(&there) == FileId::of(&ours))
    };
    Ok(is_in_place.then_some(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time_and_it_is_empty_and_goes_with_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        let path = home.backup_draft();
        fs::create_dir(&path).expect("left by a kill");
        fs::write(path.join("book.sqlite3"), "half").expect("left by a kill");
        let draft = Draft::make(&home).expect("free");
        let half = fs::symlink_metadata(draft.place("book.sqlite3"));
        assert!(half.is_err(), "emptied");
        assert!(try_lock(&path).expect("locks").is_none(), "taken");
        fs::write(draft.place("book.sqlite3"), "copy").expect("ours");
        thread::scope(|scope| {
            let second = scope.spawn(|| Draft::make(&home).map(drop));
            thread::sleep(LOCK_EVERY);
            drop(draft);
            second.join().expect("ends").expect("it waited");
        });
        assert!(fs::symlink_metadata(&path).is_err(), "gone");
    }

    #[test]
    fn what_a_person_has_there_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        home.prepare().expect("made");
        let path = home.backup_draft();
        fs::create_dir(&path).expect("made");
        fs::write(path.join("thesis"), "mine").expect("written");
        let error = Draft::make(&home).map(drop).expect_err("mine").to_string();
        assert!(error.contains("backup.new/thesis; move it away"), "{error}");
        assert!(path.join("thesis").is_file());
        fs::remove_dir_all(&path).expect("ours");
        fs::write(&path, "mine").expect("written");
        let error = Draft::make(&home).map(drop).expect_err("mine").to_string();
        assert!(error.contains("move it away"), "{error}");
        assert!(path.is_file());
    }
}
