//! The file with the secret half of the receipt key: 32 bytes, readable by its owner only.

use meter_core::LedgerSigner;
use rustix::fs::{Mode, OFlags};
use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const SEED_BYTES: usize = 32;

/// Why the key cannot be used. A key is never replaced: with another one, the ledger would be
/// another ledger.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("cannot use the key {path}: {source}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It is something else.
    #[error(
        "{path} is not a receipt key ({what}); put the right file there. Only if this ledger never \
         gave a receipt may you remove it: a new key is made then",
        path = .path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// Others may read or replace it.
    #[error("{path} is not private ({what}): {mend}", path = .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
        /// The command that mends it.
        mend: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// Reads the key at `path`, or makes one if there is no file.
///
/// # Errors
/// When the file is not a key, is not private, or cannot be read or made.
pub fn open(path: &Path) -> Result<LedgerSigner, KeyError> {
    let failed = |source| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    match read(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            create(path)?;
            read(path)
        }
        read => read,
    }
    .map(|seed| LedgerSigner::from_seed(&seed))
    .map_err(|error| match error {
        KeyError::Io { source, .. } => failed(source),
        other => other,
    })
}

/// Reads the key at `path`; `None` if there is no file.
///
/// # Errors
/// When the file is not a key, is not private, or cannot be read.
pub fn existing(path: &Path) -> Result<Option<LedgerSigner>, KeyError> {
    match read(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(|seed| Some(LedgerSigner::from_seed(&seed))),
    }
}

fn read(path: &Path) -> Result<Zeroizing<[u8; SEED_BYTES]>, KeyError> {
    let failed = |source| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    // Not to wait for a pipe, and not to follow a link to somebody else's file.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::LOOP) => return Err(not_a_key(path, "it is a link")),
        Err(error) => return Err(failed(error.into())),
    };
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(not_a_key(path, "it is no file"));
    }
    check_private(path, &about)?;
    if usize::try_from(about.len()).ok() != Some(SEED_BYTES) {
        return Err(not_a_key(path, "it does not have 32 bytes"));
    }
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    let mut file = file;
    file.read_exact(seed.as_mut()).map_err(failed)?;
    if seed.iter().all(|byte| *byte == 0) {
        return Err(not_a_key(path, "it holds nothing but zeros"));
    }
    Ok(seed)
}

fn not_a_key(path: &Path, what: &'static str) -> KeyError {
    let path = path.to_owned();
    KeyError::NotAKey { path, what }
}

fn check_private(path: &Path, about: &fs::Metadata) -> Result<(), KeyError> {
    let refuse = |what, mend: String| {
        Err(KeyError::NotPrivate {
            path: path.to_owned(),
            what,
            mend,
        })
    };
    let shown = path.display();
    let me = rustix::process::geteuid().as_raw();
    if about.uid() != me {
        return refuse(
            "it belongs to another user",
            format!("start onionmeter-ledger as its owner, or run: chown {me} {shown}"),
        );
    }
    if about.mode() & 0o077 != 0 {
        return refuse("other users may use it", format!("run: chmod 600 {shown}"));
    }
    if about.nlink() != 1 {
        return refuse(
            "it has another name as well",
            format!("find it with: find / -samefile {shown}"),
        );
    }
    Ok(())
}

/// Makes the key beside its place and links it there, so that a crash leaves either nothing or a
/// complete key.
fn create(path: &Path) -> Result<(), KeyError> {
    let failed = |source| KeyError::Io {
        path: path.to_owned(),
        source,
    };
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    getrandom::fill(seed.as_mut())?;
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".new-{}", std::process::id()));
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = rustix::fs::open(&draft, flags, Mode::RUSR | Mode::WUSR);
    let mut file = File::from(file.map_err(|error| failed(error.into()))?);
    file.write_all(seed.as_ref()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    // Does not replace a key that another process made meanwhile.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or_else(|| Path::new("."))).map_err(failed)?;
    folder.sync_all().map_err(failed)
}
