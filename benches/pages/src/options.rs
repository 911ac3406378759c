//! The command line.

use anyhow::{Result, bail, ensure};
use std::path::PathBuf;

#[derive(Debug)]
pub(crate) struct Options {
    /// Samples of each figure.
    pub(crate) rounds: usize,
    /// Sessions of the dashboard.
    pub(crate) sessions: u64,
    /// Whether only the popup is measured. Nothing is written then.
    pub(crate) only_popup: bool,
    pub(crate) figures: Option<PathBuf>,
}

impl Options {
    /// # Errors
    /// An option is unknown.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 9,
            sessions: 10_000,
            only_popup: false,
            figures: None,
        };
        for pair in arguments.chunks(2) {
            match pair {
                ["--rounds", number] => options.rounds = number.parse()?,
                ["--sessions", number] => options.sessions = number.parse()?,
                ["--only", "popup"] => options.only_popup = true,
                ["--figures", file] => options.figures = Some(PathBuf::from(file)),
                other => bail!(
                    "what is {other:?}? bench-pages [--rounds N] [--sessions N] [--only popup]"
                ),
            }
        }
        ensure!(options.rounds > 0, "without a round there is nothing to do");
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_or_no_round_is_refused() {
        assert_eq!(Options::parse(&["--rounds", "3"]).expect("known").rounds, 3);
        for arguments in [&["--rounds", "0"][..], &["--round", "1"], &["--figures"]] {
            assert!(Options::parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
