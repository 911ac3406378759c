//! The daemon's log: a file in the home with a size limit, never stdout.

use crate::{
    files,
    home::Home,
    system::files::{FileId, make_with_mode, open_at_once},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    panic::PanicHookInfo,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The log and the file before it may each have this size.
const LOG_BYTES_MAX: u64 = 1_000_000;

/// Sends `tracing` events and panics of this process to the log file.
///
/// # Errors
/// When the file cannot be opened, or another subscriber is in place. Panics are reported to
/// whatever there is all the same.
pub(crate) fn init(home: &Home, level: tracing::Level) -> io::Result<()> {
    report_panics();
    files::private_folder(&home.log_folder()).map_err(io::Error::other)?;
    let log = Log::open(home.log())?;
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_target(true)
        .with_writer(Mutex::new(log))
        .try_init()
        .map_err(io::Error::other)
}

/// Why a daemon of `home` would keep no log. One that is not there yet is made.
pub(crate) fn obstacle(home: &Home) -> Option<io::Error> {
    let mut options = fs::OpenOptions::new();
    let error = open(options.append(true), &home.log()).err()?;
    // A disk that takes nothing is told with the book, and what is in the place of the folder with
    // the home.
    let is_other = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotADirectory
    );
    (!is_other).then_some(error)
}

/// A pipe would be waited for until somebody reads it.
fn open(options: &mut fs::OpenOptions, path: &Path) -> io::Result<File> {
    let opened = open_at_once(options).open(path);
    opened.map_err(|error| files::not_a_file(path).unwrap_or(error))
}

/// Logs panics of this process with their place.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(report));
}

/// The message may quote a value; the place is enough to find the bug.
fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "bug: panic");
}

struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Which file it is, to notice one that was moved away or removed.
    id: FileId,
}

impl Log {
    fn open(path: PathBuf) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true);
        let file = open(make_with_mode(&mut options, 0o600), &path)?;
        let meta = file.metadata()?;
        Ok(Self {
            path,
            file,
            bytes: meta.len(),
            id: FileId::of(&meta),
        })
    }

    /// Moves the full file aside. If that cannot be done, its content is removed: what is written
    /// last is the most useful, and the size keeps its limit.
    fn turn_over(&mut self) {
        let moved = fs::rename(&self.path, self.path.with_extension("old.log"))
            .and_then(|()| self.open_anew());
        if moved.is_err() && self.file.set_len(0).is_ok() {
            self.bytes = 0;
        }
    }

    /// Opens a file again after somebody has moved or removed it, or its folder.
    fn follow(&mut self) {
        let is_here = fs::metadata(&self.path).is_ok_and(|meta| FileId::of(&meta) == self.id);
        if !is_here {
            crate::ignore_because("the next line tries it again", self.open_anew());
        }
    }

    fn open_anew(&mut self) -> io::Result<()> {
        let opened = match (Self::open(self.path.clone()), self.path.parent()) {
            (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
                files::private_folder(folder).map_err(io::Error::other)?;
                Self::open(self.path.clone())
            }
            (opened, _) => opened,
        };
        *self = opened?;
        Ok(())
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.follow();
        if self.bytes > LOG_BYTES_MAX {
            self.turn_over();
        }
        let written = self.file.write(line)?;
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

    /// A log that the test can read.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_by_its_place_and_never_by_its_message() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(report));
        let outcome = tracing::subscriber::with_default(subscriber, || {
            std::panic::catch_unwind(|| {
                let name = "canarybird.test";
                panic!("what {name} stands for");
            })
        });
        std::panic::set_hook(before);
        assert!(outcome.is_err());
        let logged = lines.0.lock().expect("not poisoned").clone();
        let logged = String::from_utf8(logged).expect("text");
        assert!(
            logged.contains("bug: panic") && logged.contains("log.rs"),
            "{logged}"
        );
        assert!(!logged.contains("canarybird"), "{logged}");
    }

    #[test]
    fn a_full_log_turns_over_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("onionmeter.log");
        let mut log = Log::open(path.clone()).expect("opened");
        let line = [b'x'; 1000];
        for _ in 0..3_500 {
            log.write_all(&line).expect("written");
        }
        let total: u64 = fs::read_dir(folder.path())
            .expect("readable")
            .map(|entry| entry.expect("an entry").metadata().expect("there").len())
            .sum();
        assert!(total <= 2 * (LOG_BYTES_MAX + 2_000), "{total}");
        assert!(path.is_file());
    }

    #[test]
    fn a_log_goes_on_after_its_file_or_folder_was_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log/onionmeter.log");
        fs::create_dir(folder.path().join("log")).expect("made");
        let log_folder = path.parent().expect("a folder");
        fs::set_permissions(log_folder, fs::Permissions::from_mode(0o700)).expect("ours");
        let mut log = Log::open(path.clone()).expect("opened");
        log.write_all(b"before").expect("written");
        fs::remove_file(&path).expect("ours");
        log.write_all(b"after").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "after");
        fs::remove_dir_all(log_folder).expect("ours");
        log.write_all(b"again").expect("written");
        assert_eq!(fs::read_to_string(&path).expect("there"), "again");
    }

    #[test]
    fn a_full_log_that_cannot_be_moved_begins_anew_in_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("onionmeter.log");
        let in_the_way = folder.path().join("onionmeter.old.log");
        fs::create_dir_all(in_the_way.join("something")).expect("made");
        let mut log = Log::open(path.clone()).expect("opened");
        for _ in 0..2_500 {
            log.write_all(&[b'x'; 1000]).expect("written");
        }
        let bytes = fs::metadata(&path).expect("there").len();
        assert!(0 < bytes && bytes <= LOG_BYTES_MAX + 2_000, "{bytes}");
    }
}
