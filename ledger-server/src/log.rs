//! The log of a serving ledger: lines on stderr, where a service manager collects them. No line
//! names a key, an account, an amount or an address of a client.

use std::{io, panic::PanicHookInfo};
use tracing::Level;

/// Sends `tracing` events and panics of this process to stderr.
pub fn begin(level: Level) {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_max_level(level)
        .init();
    std::panic::set_hook(Box::new(report));
}

/// The message may quote a value; the place is enough to find the bug.
fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "bug: panic");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A log that the test can read.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
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
            .with_max_level(Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(report));
        let outcome = tracing::subscriber::with_default(subscriber, || {
            std::panic::catch_unwind(|| {
                let account = "canarybird";
                panic!("the balance of {account}");
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
}
