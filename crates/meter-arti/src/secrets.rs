//! Keeps the secrets of a way out of the log. At its detailed levels Arti logs bridge lines
//! unchanged.

use std::{
    io::{self, Write},
    sync::Arc,
};

use meter_embedded::EmbeddedWay;

/// The secret words of a way. Has no `Debug`.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[String]>);

/// Shorter words are not secret, and occur in many lines.
const LETTERS_MIN: usize = 8;

impl Secrets {
    /// Addresses, fingerprints and parameters of bridges; user and password of a proxy.
    pub(crate) fn of(way: &EmbeddedWay) -> Self {
        let words: Vec<&str> = match way {
            EmbeddedWay::Straight => Vec::new(),
            EmbeddedWay::Proxy { user, password, .. } => vec![user, password],
            EmbeddedWay::Bridges { lines, .. } => {
                let words = lines.iter().flat_map(|line| line.split_whitespace());
                words
                    .map(|word| word.split_once('=').map_or(word, |(_, value)| value))
                    .filter(|word| word.len() >= LETTERS_MIN)
                    .collect()
            }
        };
        Self(words.into_iter().map(str::to_ascii_lowercase).collect())
    }

    /// Whether `text` contains one of the secrets, in upper or lower case.
    #[must_use]
    pub fn stand_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.0.iter().any(|secret| text.contains(secret))
    }
}

/// Passes complete lines, one per `write` as a log does, to the inner writer. A line with a secret
/// is replaced by a note that a line was left out.
pub struct Discreet<W> {
    secrets: Secrets,
    inner: W,
}

impl<W> Discreet<W> {
    /// Replaces lines with any of `secrets` before they reach `inner`.
    pub fn new(secrets: Secrets, inner: W) -> Self {
        Self { secrets, inner }
    }
}

impl<W: Write> Write for Discreet<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.secrets.stand_in(&String::from_utf8_lossy(line)) {
            self.inner.write_all(LEFT_OUT)?;
            return Ok(line.len());
        }
        self.inner.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

const LEFT_OUT: &[u8] = b"DEBUG a line that held a secret was left out\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(way: &EmbeddedWay, line: &str, is_secret: bool) {
        let mut log = Vec::new();
        let written = Discreet::new(Secrets::of(way), &mut log).write(line.as_bytes());
        assert_eq!(written.ok(), Some(line.len()));
        let expected = if is_secret { LEFT_OUT } else { line.as_bytes() };
        assert_eq!(log, expected, "{line}");
    }

    fn bridge() -> EmbeddedWay {
        let fingerprint = "AB".repeat(20);
        EmbeddedWay::Bridges {
            lines: vec![format!(
                "obfs4 127.0.0.1:4433 {fingerprint} cert=Y2FuYXJ5Y2FuYXJ5 iat-mode=0"
            )],
            transports: Vec::new(),
        }
    }

    #[test]
    fn no_part_of_a_bridge_is_written_and_all_else_is() {
        for line in [
            "added bridge 127.0.0.1:4433",
            "guard $abababababababababababababababababababab",
            "cert=Y2FuYXJ5Y2FuYXJ5",
        ] {
            check(&bridge(), line, true);
        }
        check(&bridge(), "obfs4 with iat-mode=0 at 127.0.0.1:4434", false);
        check(&EmbeddedWay::Straight, "127.0.0.1:4433", false);
    }

    #[test]
    fn no_credentials_of_a_proxy_are_written() {
        let proxy = || EmbeddedWay::Proxy {
            address: ([127, 0, 0, 1], 1080).into(),
            user: "a-user".to_owned(),
            password: "a-password".to_owned(),
        };
        check(&proxy(), "socks5://a-user@127.0.0.1:1080", true);
        check(&proxy(), "a-password", true);
        check(&proxy(), "127.0.0.1:1080", false);
    }
}
