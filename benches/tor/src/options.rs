//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

/// What can be measured, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// The wait for a page, by kind of port.
    Waits,
    /// What browsers show when Tor refuses.
    Refusals,
    /// The embedded Tor beside the managed one.
    Backends,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Waits, Self::Refusals, Self::Backends];

    /// Its name on the command line, and in the marks of a document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Refusals => "refusals",
            Self::Backends => "backends",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Options {
    /// Visits of each column, for the parts that count visits.
    pub(crate) rounds: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) figures: Option<PathBuf>,
}

impl Options {
    /// # Errors
    /// An option or a part is unknown.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 25,
            parts: Part::ALL.to_vec(),
            figures: None,
        };
        for pair in arguments.chunks(2) {
            match pair {
                ["--rounds", number] => options.rounds = number.parse()?,
                ["--only", names] => options.parts = parts(names)?,
                ["--figures", file] => options.figures = Some(PathBuf::from(file)),
                other => bail!("what is {other:?}?"),
            }
        }
        Ok(options)
    }
}

fn parts(names: &str) -> Result<Vec<Part>> {
    let names: Vec<&str> = names.split(',').collect();
    for name in &names {
        let known = Part::ALL.iter().any(|part| part.name() == *name);
        ensure!(known, "there is no part {name}");
    }
    let mut parts = Part::ALL.to_vec();
    parts.retain(|part| names.contains(&part.name()));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_measured_unless_some_are_named() {
        let all = Options::parse(&[]).expect("nothing is needed");
        assert_eq!(all.parts, Part::ALL);
        let some = Options::parse(&["--only", "backends,waits", "--rounds", "3"]);
        let some = some.expect("both are parts");
        assert_eq!(some.parts, [Part::Waits, Part::Backends]);
        assert_eq!(some.rounds, 3);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        for arguments in [
            &["--only", "wait"][..],
            &["--rounds", "few"],
            &["--figures"],
        ] {
            assert!(Options::parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
