//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};

/// What can be measured, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// Rates and latencies on an SQLite file.
    Sqlite,
    /// The same on PostgreSQL, with one instance and with two.
    Postgres,
    /// Two instances and devices that share accounts.
    Contention,
    /// Honest devices beside hostile ones.
    Hostile,
    /// Memory, start and audit of a large store.
    Large,
    /// Kills under load; only when their number is given.
    Kills,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Sqlite,
        Self::Postgres,
        Self::Contention,
        Self::Hostile,
        Self::Large,
        Self::Kills,
    ];

    /// Its name on the command line, and in the marks of a document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Contention => "contention",
            Self::Hostile => "hostile",
            Self::Large => "large",
            Self::Kills => "kills",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    /// Pairs of measurements for each ratio.
    pub(crate) rounds: usize,
    /// Devices, each with an account of its own.
    pub(crate) devices: usize,
    /// Reports of one measurement of single requests; of batches it is [`Options::BATCHES`] times
    /// as many.
    pub(crate) reports: usize,
    /// Reports of the large store.
    pub(crate) large: usize,
    /// Kills of the part with that name.
    pub(crate) kills: usize,
    pub(crate) figures: Option<PathBuf>,
}

impl Options {
    /// Batches are faster, so that they need more reports for the same time.
    pub(crate) const BATCHES: usize = 3;

    /// # Errors
    /// An option or a part is unknown.
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            parts: Vec::new(),
            rounds: 3,
            devices: 1_000,
            reports: 20_000,
            large: 1_000_000,
            kills: 0,
            figures: None,
        };
        let mut only = None;
        for pair in arguments.chunks(2) {
            match pair {
                ["--only", names] => only = Some(parts(names)?),
                ["--rounds", number] => options.rounds = number.parse()?,
                ["--devices", number] => options.devices = number.parse()?,
                ["--reports", number] => options.reports = number.parse()?,
                ["--large", number] => options.large = number.parse()?,
                ["--kills", number] => options.kills = number.parse()?,
                ["--figures", file] => options.figures = Some(PathBuf::from(file)),
                other => bail!("what is {other:?}?"),
            }
        }
        let kills = options.kills;
        options.parts = only.unwrap_or_else(|| Part::ALL.to_vec());
        options
            .parts
            .retain(|part| *part != Part::Kills || kills > 0);
        ensure!(options.devices >= 100, "fewer than 100 devices are no load");
        ensure!(options.rounds > 0 && options.reports > 0, "nothing to do");
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
    fn every_part_but_the_kills_is_measured_unless_some_are_named() {
        let all = Options::parse(&[]).expect("nothing is needed");
        assert_eq!(all.parts, Part::ALL[..5]);
        let kills = Options::parse(&["--only", "kills,sqlite", "--kills", "7"]);
        let kills = kills.expect("both are parts");
        assert_eq!(kills.parts, [Part::Sqlite, Part::Kills]);
        assert_eq!(kills.kills, 7);
    }

    #[test]
    fn what_is_unknown_or_no_load_is_refused() {
        for arguments in [
            &["--only", "sql"][..],
            &["--rounds", "0"],
            &["--devices", "9"],
            &["--figures"],
        ] {
            assert!(Options::parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
