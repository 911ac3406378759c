//! The data folder: where it is, whether it is safe to use, and the lock of the process that serves
//! it.
//!
//! Nothing in it is ever repaired silently. What is not as it should be is refused, with the
//! command that mends it.

mod error;
mod lock;

pub use error::FolderError;
pub use lock::FolderLock;

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

/// Its name in the home of the user.
const NAME: &str = ".onionmeter-ledger";
const PRIVATE: u32 = 0o700;

/// A data folder that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// `given`, or the folder that is used when none is given.
    ///
    /// # Errors
    /// When none is given and the user has no home.
    pub fn path(given: Option<PathBuf>, home: Option<OsString>) -> Result<PathBuf, FolderError> {
        if let Some(given) = given {
            return std::path::absolute(&given).map_err(|source| FolderError::Io {
                path: given,
                source,
            });
        }
        let home = home.filter(|home| !home.is_empty()).map(PathBuf::from);
        let home = home.filter(|home| home.is_absolute());
        Ok(home.ok_or(FolderError::NoHome)?.join(NAME))
    }

    /// Opens the folder at `path`, and makes it if there is nothing.
    ///
    /// # Errors
    /// When it cannot be made, or is not private.
    pub fn prepare(path: &Path) -> Result<Self, FolderError> {
        let made = DirBuilder::new().recursive(true).mode(PRIVATE).create(path);
        match made {
            Ok(()) => Self::open(path),
            // A link or a file stands in the way; it is described below.
            Err(source) if source.kind() == ErrorKind::AlreadyExists => Self::open(path),
            Err(source) => Err(FolderError::Make {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Opens the folder at `path`, which must be there.
    ///
    /// # Errors
    /// When it does not exist, or when it is not private.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let failed = |source| FolderError::Io {
            path: path.to_owned(),
            source,
        };
        let about = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(FolderError::Absent(path.to_owned()));
            }
            about => about.map_err(failed)?,
        };
        check(path, &about)?;
        // A folder above it may be a link: all parts of this process must mean the same place,
        // also when that link changes.
        let root = fs::canonicalize(path).map_err(failed)?;
        Ok(Self { root })
    }

    /// Takes the folder for this process until the lock is dropped.
    ///
    /// # Errors
    /// When another process has it, or when the folder cannot be written.
    pub fn lock(&self) -> Result<FolderLock, FolderError> {
        FolderLock::take(&self.root)
    }

    /// The addresses that the process that serves this folder tells people, the one to show first.
    /// None where no process does.
    #[must_use]
    pub fn public_addresses(&self) -> Vec<String> {
        lock::public_addresses(&self.root)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The SQLite file, where no other database is named.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("ledger.sqlite3")
    }

    /// The secret half of the receipt key.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.root.join("receipt-key")
    }

    /// What notices that the database is older than what was signed.
    #[must_use]
    pub fn guard(&self) -> PathBuf {
        self.root.join("ledger.guard")
    }
}

fn check(path: &Path, about: &fs::Metadata) -> Result<(), FolderError> {
    let path = path.to_owned();
    if about.is_symlink() {
        let target = fs::canonicalize(&path).ok();
        return Err(FolderError::Link { path, target });
    }
    if !about.is_dir() {
        return Err(FolderError::NotAFolder(path));
    }
    let me = rustix::process::geteuid().as_raw();
    if about.uid() != me {
        let owner = about.uid();
        return Err(FolderError::OtherOwner { path, owner, me });
    }
    match about.mode() & 0o777 {
        PRIVATE => Ok(()),
        mode => Err(FolderError::Mode { path, mode }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn place() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::TempDir::new().expect("a folder");
        let path = outer.path().join("ledger");
        (outer, path)
    }

    #[test]
    fn a_new_folder_belongs_to_its_user_alone() {
        let (_outer, path) = place();
        assert!(matches!(Folder::open(&path), Err(FolderError::Absent(_))));
        Folder::prepare(&path).expect("made");
        let mode = fs::metadata(&path).expect("there").mode() & 0o777;
        assert_eq!(mode, 0o700);
        Folder::prepare(&path).expect("again");
    }

    #[test]
    fn a_folder_that_others_may_use_is_refused_with_the_command_that_mends_it() {
        let (_outer, path) = place();
        for mode in [0o755, 0o770, 0o701, 0o500] {
            fs::create_dir_all(&path).expect("made");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
            let error = Folder::prepare(&path).expect_err("refused").to_string();
            let command = format!("chmod 700 {}", path.display());
            assert!(error.contains(&command), "{mode:o}: {error}");
        }
    }

    #[test]
    fn a_link_or_a_file_in_its_place_is_refused_and_left_as_it_is() {
        let (outer, path) = place();
        let real = outer.path().join("real");
        Folder::prepare(&real).expect("made");
        symlink(&real, &path).expect("a link");
        let error = Folder::prepare(&path).expect_err("refused").to_string();
        let command = format!(
            "--data {}",
            fs::canonicalize(&real).expect("there").display()
        );
        assert!(error.contains(&command), "{error}");
        fs::remove_file(&path).expect("ours");
        fs::write(&path, "mine").expect("ours");
        let error = Folder::prepare(&path).expect_err("refused");
        assert!(matches!(error, FolderError::NotAFolder(_)), "{error}");
        assert_eq!(fs::read(&path).expect("still there"), b"mine");
    }

    #[test]
    fn a_folder_below_a_link_is_used_where_it_really_is() {
        let (outer, _) = place();
        let real = outer.path().join("real");
        fs::create_dir(&real).expect("made");
        let link = outer.path().join("link");
        symlink(&real, &link).expect("a link");
        let folder = Folder::prepare(&link.join("ledger")).expect("made");
        let expected = fs::canonicalize(real.join("ledger")).expect("there");
        assert_eq!(folder.root(), expected);
    }

    #[test]
    fn without_a_name_the_folder_is_in_the_home_of_the_user() {
        let path = Folder::path(None, Some("/home/op".into())).expect("a home");
        assert_eq!(path, Path::new("/home/op/.onionmeter-ledger"));
        for home in [None, Some("".into()), Some("home/op".into())] {
            let none = Folder::path(None, home);
            assert!(matches!(none, Err(FolderError::NoHome)), "{none:?}");
        }
    }

    #[test]
    fn one_process_has_a_folder_at_a_time_and_it_is_free_afterwards() {
        let (_outer, path) = place();
        let folder = Folder::prepare(&path).expect("made");
        let first = folder.lock().expect("free");
        let second = folder.lock().expect_err("taken");
        assert!(matches!(second, FolderError::InUse { .. }), "{second}");
        drop(first);
        folder.lock().expect("free again");
    }
}
