//! The order of a whole run: first without a wire, then over a long one; in each, every round visits
//! each column once, each round in another order.

use std::{
    io::{Write as _, stderr, stdout},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};
use meter_testkit::tor_network::TorNetwork;

use crate::{
    backend::{Backend, Kind},
    front::{Front, Way},
    origin::Origin,
    refusals,
    table::{Table, write_figures},
    visit,
    wire::Wire,
};

/// What the command line says.
pub(crate) struct Options {
    rounds: usize,
    only: Option<Vec<String>>,
    figures: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 25,
            only: None,
            figures: None,
        };
        for pair in arguments.chunks(2) {
            match pair {
                ["--rounds", number] => options.rounds = number.parse()?,
                ["--only", parts] => {
                    options.only = Some(parts.split(',').map(str::to_owned).collect());
                }
                ["--figures", file] => options.figures = Some(PathBuf::from(file)),
                other => bail!("what is {other:?}?"),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.iter().any(|name| name == part))
    }
}

/// Measures everything and prints the table.
///
/// # Errors
/// A part does not start, or a visit fails.
pub(crate) fn run(program: &Path, options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let text = runtime.block_on(all(program, options))?;
    stdout().write_all(text.as_bytes())?;
    if let Some(file) = &options.figures {
        let heading = std::env::var("BENCH_HEADING").unwrap_or_default();
        write_figures(file, &format!("{heading}\n{text}"))?;
    }
    Ok(())
}

async fn all(program: &Path, options: &Options) -> Result<String> {
    writeln!(stderr(), "booting the private network")?;
    let folder = tempfile::tempdir()?;
    let network = TorNetwork::boot(folder.path()).await?;
    let mut bench = Bench {
        program,
        rounds: options.rounds,
        network,
        origin: Origin::start().await?,
        names: 0,
        table: Table::default(),
    };
    let mut text = String::new();
    if options.wants("waits") {
        bench.over(None).await?;
        bench.over(Some(FAR / 2)).await?;
        text.push_str(WAITS);
        text.push_str(&bench.table.markdown());
    }
    if options.wants("refusals") {
        writeln!(stderr(), "browsers")?;
        text.push_str(REFUSALS);
        text.push_str(&refusals::table(program, &bench.network).await?);
    }
    Ok(text)
}

struct Bench<'a> {
    program: &'a Path,
    rounds: usize,
    network: TorNetwork,
    origin: Origin,
    /// Sites visited so far; each has a name of its own, and so a circuit of its own.
    names: usize,
    table: Table,
}

impl Bench<'_> {
    async fn over(&mut self, one_way: Option<Duration>) -> Result<()> {
        let place = if one_way.is_some() { "far" } else { "near" };
        let wire = match one_way {
            Some(one_way) => Some(Wire::start(one_way).await?),
            None => None,
        };
        let mut backends = Vec::new();
        for kind in Kind::ALL {
            writeln!(stderr(), "{place}: starting {}", kind.name())?;
            let wire = wire.as_ref().map(|wire| wire.address);
            backends.push(Backend::start(kind, &self.network, wire).await?);
        }
        let mut fronts = Vec::new();
        for backend in &backends {
            for way in [Way::True, Way::Optimistic] {
                fronts.push(Front::start(self.program, backend, way)?);
            }
            self.cost_of_having(place, backend)?;
        }
        for front in &fronts {
            // The site whose circuit is warm from here on; a stream on it opens it for good.
            for _ in 0..WARMING {
                visit::page(front.address, WARM, self.origin.address.port()).await?;
            }
        }
        writeln!(stderr(), "{place}: {} visits each", 2 * self.rounds)?;
        for _ in 0..self.rounds {
            fronts.rotate_left(1);
            for front in &fronts {
                self.visits(place, front).await?;
            }
        }
        writeln!(stderr(), "{place}: {DOWNLOADS} downloads each")?;
        for _ in 0..DOWNLOADS {
            fronts.rotate_left(1);
            for front in &fronts {
                self.download(place, front).await?;
            }
        }
        Ok(())
    }

    fn cost_of_having(&mut self, place: &str, backend: &Backend) -> Result<()> {
        let column = (backend.kind, Way::True);
        let seconds = backend.cold_start.as_secs_f64();
        self.table.add(
            &format!("{place}: cold start to 100 %, s"),
            2,
            column,
            seconds,
        );
        let name = format!("{place}: memory of tor after that, MB");
        self.table
            .add(&name, 1, column, backend.process.resident_mb()?);
        Ok(())
    }

    async fn visits(&mut self, place: &str, front: &Front<'_>) -> Result<()> {
        self.names += 1;
        let fresh = format!("site{}.test", self.names);
        for (name, circuit) in [(WARM, "warm"), (&fresh, "fresh")] {
            let waits = visit::page(front.address, name, self.origin.address.port()).await?;
            for (wait, what) in [(waits.answer, "answer"), (waits.first_byte, "first byte")] {
                let row = format!("{place}: {what}, {circuit} circuit");
                let ms = wait.as_secs_f64() * 1e3;
                self.table.add(&format!("{row}, ms"), 1, front.column(), ms);
                if place == "far" {
                    let trips = wait.as_secs_f64() / FAR.as_secs_f64();
                    let row = format!("{row}, round trips");
                    self.table.add(&row, 2, front.column(), trips);
                }
            }
        }
        Ok(())
    }

    async fn download(&mut self, place: &str, front: &Front<'_>) -> Result<()> {
        let (tor, relay) = (&front.backend.process, &front.process);
        let before = (tor.cpu_s()?, relay.cpu_s()?);
        let port = self.origin.address.port();
        let took = visit::download(front.address, WARM, port, DOWNLOAD_BYTES).await?;
        let after = (tor.cpu_s()?, relay.cpu_s()?);
        let bytes = DOWNLOAD_BYTES as f64;
        let rate = bytes / 1e6 / took.as_secs_f64();
        let cpu_tor = (after.0 - before.0) / bytes * 1e9;
        let cpu_relay = (after.1 - before.1) / bytes * 1e9;
        for (row, digits, sample) in [
            ("download of 10 MB, MB/s", 1, rate),
            ("CPU of tor, s/GB", 1, cpu_tor),
            ("CPU of the relay, s/GB", 2, cpu_relay),
        ] {
            let row = format!("{place}: {row}");
            self.table.add(&row, digits, front.column(), sample);
        }
        Ok(())
    }
}

const WAITS: &str = "
Medians, in brackets what nine in ten are not above. Near: everything on loopback; far: 50 ms each way
between the client and its guards, a round trip of 100 ms. The waits count from connecting to the relay.

";
const REFUSALS: &str = "
What browsers show when Tor refuses; in brackets, the connections that Firefox made for it.

";
/// The way to the guard and back.
const FAR: Duration = Duration::from_millis(100);
const WARM: &str = "warm.test";
/// Visits before a circuit counts as warm: conflux measures its legs by the first cells.
const WARMING: usize = 3;
const DOWNLOADS: usize = 5;
const DOWNLOAD_BYTES: usize = 10_000_000;
