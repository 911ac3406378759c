//! The signing key's file: 32 bytes, 0600 in a 0700 folder, made once, never overwritten.

use crate::{
    files,
    shell_word::shell_word,
    system::{files as system, user},
};
use meter_core::{DeviceKey, DeviceSigner};
use meter_ledger::place_new;
use std::{
    fs::{File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const SEED_BYTES: usize = 32;

/// The reason why there is no usable key. Every text ends with the remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// It is missing.
    #[error("{path} is missing", path = .0.display())]
    Missing(PathBuf),
    /// It is a link, a folder or a pipe.
    #[error("{path} is not a plain file; put the key file itself there", path = .0.display())]
    NotAFile(PathBuf),
    /// It belongs to another user.
    #[error("{path} belongs to another user; run `chown {me} {word}` as \
        root", path = .path.display(), word = shell_word(.path))]
    Owner {
        /// The file.
        path: PathBuf,
        /// Who should own it.
        me: u32,
    },
    /// Other users may read it.
    #[error("{path} has mode {mode:03o}; run `chmod 600 {word}`, and treat the key as known to \
        others", path = .path.display(), word = shell_word(.path))]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It does not have 32 bytes.
    #[error("{path} has {bytes} bytes instead of 32; restore it from a \
        backup", path = .path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// It cannot be read or written.
    #[error("{path} cannot be used", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Reads the key after checking who has access to it.
///
/// # Errors
/// When it is missing, or its kind, owner, mode or size is wrong. Nothing is repaired silently.
pub(crate) fn load(path: &Path) -> Result<DeviceSigner, KeyError> {
    let seed = seed(path)?;
    Ok(DeviceSigner::from_seed(&seed))
}

/// Reads the content of the key's file, for a backup.
///
/// # Errors
/// The errors of [`load`].
pub(crate) fn seed(path: &Path) -> Result<Zeroizing<[u8; SEED_BYTES]>, KeyError> {
    let io = |error| KeyError::Io(path.to_path_buf(), error);
    let mut file = match system::open_itself(File::options().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing(path.to_path_buf()));
        }
        // A link, or a socket, which cannot be opened at all.
        Err(error) if system::is_of_a_link(&error) || files::not_a_file(path).is_some() => {
            return Err(KeyError::NotAFile(path.to_path_buf()));
        }
        Err(error) => return Err(io(error)),
    };
    check(path, &file.metadata().map_err(io)?)?;
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    file.read_exact(seed.as_mut()).map_err(io)?;
    Ok(seed)
}

/// The message for an intact key that is not the key of the book.
pub(crate) fn other(path: &Path, found: DeviceKey, wanted: DeviceKey) -> String {
    format!(
        "{} is the key with public half {}, and the book is signed by {}; put that key back, or \
            the book of this one; where neither is left, `onionmeter new-chain --yes` begins a new \
            chain and keeps this book",
        path.display(),
        hex::encode(found.0),
        hex::encode(wanted.0)
    )
}

fn check(path: &Path, meta: &Metadata) -> Result<(), KeyError> {
    let path = path.to_path_buf();
    if !meta.is_file() {
        return Err(KeyError::NotAFile(path));
    }
    if !system::is_ours(meta) {
        let me = user::effective();
        return Err(KeyError::Owner { path, me });
    }
    let mode = system::mode(meta);
    if mode & 0o177 != 0 {
        return Err(KeyError::Mode { path, mode });
    }
    let bytes = meta.len();
    if bytes != 32 {
        return Err(KeyError::Size { path, bytes });
    }
    Ok(())
}

/// Makes a new key. Never replaces an existing file: of two processes at once, one wins and both
/// then load its key.
///
/// # Errors
/// When there are no random bytes or the file cannot be written.
pub(crate) fn create(path: &Path) -> Result<DeviceSigner, KeyError> {
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    getrandom::fill(seed.as_mut()).map_err(KeyError::Random)?;
    match files::create(path, seed.as_ref(), 0o600) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(KeyError::Io(path.to_path_buf(), error)),
    }
    load(path)
}

/// Writes the key in use into its file again, and makes its folder if that is missing, too. Never
/// replaces an existing file.
///
/// # Errors
/// When the folder is missing in a home that is missing, or the file cannot be written.
pub(crate) fn write_back(path: &Path, signer: &DeviceSigner) -> Result<(), KeyError> {
    let io = |error| KeyError::Io(path.to_path_buf(), error);
    if let Some(folder) = path.parent() {
        files::private_folder(folder).map_err(|error| io(io::Error::other(error)))?;
    }
    files::create(path, signer.dangerously_seed(), 0o600).map_err(io)
}

/// The path for a key that signs no more; the key itself is at `path`.
///
/// # Errors
/// When every name is taken.
pub(crate) fn free_for_old(path: &Path) -> io::Result<PathBuf> {
    files::first_free(|number| path.with_file_name(format!("device.old-{number}.key")))
}

/// Moves the key aside. Returns whether there was one.
///
/// # Errors
/// The error of the system. The key is then where it was.
pub(crate) fn put_aside(path: &Path) -> io::Result<bool> {
    let moved = place_new(path, &free_for_old(path)?);
    match moved.and_then(|()| path.parent().map_or(Ok(()), system::sync_folder)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("device.key");
        (folder, path)
    }

    #[test]
    fn a_key_is_made_once_and_then_loaded() {
        let (_folder, path) = folder();
        assert!(matches!(load(&path), Err(KeyError::Missing(_))));
        let made = create(&path).expect("made");
        assert_eq!(
            fs::metadata(&path).expect("there").permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(load(&path).expect("loaded").key(), made.key());
        assert_eq!(create(&path).expect("not overwritten").key(), made.key());
        let left = fs::read_dir(path.parent().expect("a folder"))
            .expect("readable")
            .count();
        assert_eq!(left, 1, "no temporary file stays");
    }

    #[test]
    fn a_key_that_is_put_aside_stays_and_another_takes_its_place() {
        let (_folder, path) = folder();
        assert!(!put_aside(&path).expect("nothing to do"));
        let mut before = Vec::new();
        for number in 1..3 {
            before.push(create(&path).expect("made").key());
            assert!(put_aside(&path).expect("moved"));
            let old = path.with_file_name(format!("device.old-{number}.key"));
            assert_eq!(Some(&load(&old).expect("kept").key()), before.last());
            assert!(matches!(load(&path), Err(KeyError::Missing(_))));
        }
        assert!(!before.contains(&create(&path).expect("made").key()));
        assert_ne!(before[0], before[1]);
    }

    #[test]
    fn a_hundred_at_once_make_one_key() {
        let (_folder, path) = folder();
        let path = &path;
        let keys = std::thread::scope(|scope| {
            let made: Vec<_> = (0..100)
                .map(|_| scope.spawn(move || create(path).expect("one of them wins").key()))
                .collect();
            made.into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect::<Vec<_>>()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    /// Root may give a file away; other users test with a file of root.
    #[test]
    fn somebody_elses_file_is_refused_with_the_remedy() {
        let (_folder, path) = folder();
        create(&path).expect("made");
        let foreign = match std::os::unix::fs::chown(&path, Some(65_534), None) {
            Ok(()) => path,
            Err(_) => PathBuf::from("/etc/passwd"),
        };
        let error = load(&foreign).expect_err("not ours");
        assert!(matches!(error, KeyError::Owner { .. }), "{error}");
        assert!(error.to_string().contains("chown"), "{error}");
    }

    #[test]
    fn wrong_mode_size_and_kind_are_refused_with_the_remedy() {
        let (_folder, path) = folder();
        create(&path).expect("made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("ours");
        let error = load(&path).expect_err("readable by the group");
        assert!(error.to_string().contains("chmod 600"), "{error}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        fs::write(&path, [0; 31]).expect("ours");
        assert!(matches!(load(&path), Err(KeyError::Size { bytes: 31, .. })));
        assert!(
            matches!(create(&path), Err(KeyError::Size { bytes: 31, .. })),
            "not replaced"
        );

        fs::remove_file(&path).expect("ours");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
        assert!(matches!(load(&path), Err(KeyError::NotAFile(_))));
        fs::remove_file(&path).expect("ours");
        fs::create_dir(&path).expect("a folder");
        assert!(matches!(load(&path), Err(KeyError::NotAFile(_))));
    }
}
