//! The order of a whole run: one private network, and the parts one after the other.

use std::{
    io::{Write as _, stderr},
    path::Path,
};

use anyhow::Result;
use meter_fixtures::figures;
use meter_testkit::tor_network::TorNetwork;

use crate::{
    backends,
    options::{Options, Part},
    origin::Origin,
    refusals, waits,
};

/// What every part needs for its measurement.
pub(crate) struct Setting<'a> {
    /// `onionmeter`, built with its embedded Tor.
    pub(crate) program: &'a Path,
    pub(crate) network: TorNetwork,
    pub(crate) origin: Origin,
    /// Visits of each column.
    pub(crate) rounds: usize,
}

/// Measures the parts that the options name and publishes each as soon as it is done.
///
/// # Errors
/// Something does not start, or a visit fails.
pub(crate) fn run(program: &Path, options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(all(program, options))
}

async fn all(program: &Path, options: &Options) -> Result<()> {
    writeln!(stderr(), "booting the private network")?;
    let folder = tempfile::tempdir()?;
    let setting = Setting {
        program,
        network: TorNetwork::boot(folder.path()).await?,
        origin: Origin::start().await?,
        rounds: options.rounds,
    };
    for part in &options.parts {
        let text = match part {
            Part::Waits => waits::text(&setting).await?,
            Part::Refusals => refusals::text(&setting).await?,
            Part::Backends => backends::text(&setting).await?,
        };
        figures::publish(
            &format!("bench-tor {}", part.name()),
            &text,
            options.figures.as_deref(),
        )?;
    }
    Ok(())
}
