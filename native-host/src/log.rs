//! The daemon's log: a file in the home with a size limit, never stdout.

use crate::{
    files,
    home::Home,
    system::files::{make_with_mode, open_at_once},
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
    // A disk that takes nothing is told with the book.
    let is_other = matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem
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
}

impl Log {
    fn open(path: PathBuf) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true);
        let file = open(make_with_mode(&mut options, 0o600), &path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path, file, bytes })
    }

    fn turn_over(&mut self) -> io::Result<()> {
        fs::rename(&self.path, self.path.with_extension("old.log"))?;
        *self = Self::open(self.path.clone())?;
        Ok(())
    }
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > LOG_BYTES_MAX {
            self.turn_over()?;
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
    use std::sync::Arc;

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
}
