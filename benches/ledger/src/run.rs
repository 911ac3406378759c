//! The order of a whole run, and what every part needs.

use std::{
    io::{Write as _, stderr},
    path::Path,
};

use anyhow::Result;
use meter_fixtures::figures;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

use crate::{
    contention, hostile, kills, large,
    options::{Options, Part},
    postgres, sqlite,
};

/// What every part needs for its measurement.
pub(crate) struct Setting<'a> {
    /// `onionmeter-ledger`.
    pub(crate) program: &'a Path,
    pub(crate) options: &'a Options,
    /// One thread for all clients: a second one would only take processors from the server.
    pub(crate) runtime: Runtime,
}

impl Setting<'_> {
    /// Says what is going on, in a run that takes minutes.
    pub(crate) fn say(&self, text: &str) -> Result<()> {
        Ok(writeln!(stderr(), "{text}")?)
    }
}

/// Measures the parts that the options name and publishes each as soon as it is done.
///
/// # Errors
/// Something does not start, or the ledger answers what it should not.
pub(crate) fn run(program: &Path, options: &Options) -> Result<()> {
    raise_file_limit();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let setting = Setting {
        program,
        options,
        runtime,
    };
    for part in &options.parts {
        setting.say(&format!("part {}", part.name()))?;
        let table = match part {
            Part::Sqlite => sqlite::measure(&setting)?,
            Part::Postgres => postgres::measure(&setting)?,
            Part::Contention => contention::measure(&setting)?,
            Part::Hostile => hostile::measure(&setting)?,
            Part::Large => large::measure(&setting)?,
            Part::Kills => kills::measure(&setting)?,
        };
        figures::publish(
            &format!("bench-ledger {}", part.name()),
            &table.markdown(),
            options.figures.as_deref(),
        )?;
    }
    Ok(())
}

fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap_or_default();
}
