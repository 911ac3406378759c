//! Keeps Arti's log so that tests can search it.

use meter_arti::{Discreet, Secrets};
use std::{
    io,
    sync::{Arc, Mutex},
};

/// Everything that this process logs, at the most detailed level, in the form of the product's log.
#[derive(Clone, Default)]
pub(crate) struct Log {
    lines: Arc<Mutex<Vec<u8>>>,
    pub(crate) secrets: Arc<Mutex<Secrets>>,
}

impl Log {
    pub(crate) fn begin() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || {
                let secrets = writer.secrets.lock().unwrap().clone();
                Discreet::new(secrets, writer.clone())
            })
            .init();
        log
    }

    pub(crate) fn holds_nothing_of(&self, secrets: &[&str]) {
        let log = String::from_utf8_lossy(&self.lines.lock().unwrap()).into_owned();
        // Span names may stand between the level and the module.
        let is_arti = |line: &str| line.contains("TRACE ") && line.contains(" tor_");
        assert!(log.lines().any(is_arti), "nothing of Arti was logged");
        for secret in secrets {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
