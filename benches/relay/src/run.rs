//! The order of a whole run: every round measures each proxy once, each round in another order, and
//! starts each proxy again. The place of a process in memory changes its figures by several per
//! cent, as long as the process lives, so a proxy's result is the median of several processes.

mod bulk;
mod first_byte;
mod latency;
mod memory;
mod set_ups;

use std::{
    io::{Write as _, stderr},
    net::SocketAddr,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Result, bail};
use meter_fixtures::figures;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    peers::{self, Peer, Proxy},
    process::{Tree, pin},
    stub,
    table::Table,
};

/// What the command line says.
pub(crate) struct Options {
    rounds: usize,
    only: Option<Vec<String>>,
    figures: Option<PathBuf>,
    peers: Vec<Peer>,
}

impl Options {
    pub(crate) fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self {
            rounds: 5,
            only: None,
            figures: None,
            peers: Peer::ALL.to_vec(),
        };
        for pair in arguments.chunks(2) {
            match pair {
                ["--rounds", number] => options.rounds = number.parse()?,
                ["--only", parts] => {
                    options.only = Some(parts.split(',').map(str::to_owned).collect());
                }
                ["--peers", names] => {
                    let named = |peer: &Peer| names.split(',').any(|name| peer.name() == name);
                    options.peers.retain(named);
                }
                ["--figures", file] => options.figures = Some(PathBuf::from(file)),
                other => bail!("what is {other:?}?"),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| only.iter().any(|name| name == part))
    }
}

/// Measures everything that the options name and prints the table.
pub(crate) fn run(program: &Path, options: &Options) -> Result<()> {
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let table = runtime.block_on(async {
        let (stub, upstream) = peers::start_stub().await?;
        let mut bench = Bench {
            program,
            upstream,
            stub,
            memory: Arc::new(stub::memory()?),
            processors: (0..std::thread::available_parallelism()?.get()).collect(),
            table: Table::default(),
        };
        bench.all(options).await?;
        anyhow::Ok(bench.table)
    })?;
    let text = table.markdown();
    figures::publish("bench", &text, options.figures.as_deref())
}

struct Bench<'a> {
    program: &'a Path,
    upstream: SocketAddr,
    stub: Tree,
    memory: Arc<OwnedFd>,
    /// All processors that this program may use when nothing is tied.
    processors: Vec<usize>,
    table: Table,
}

impl Bench<'_> {
    async fn all(&mut self, options: &Options) -> Result<()> {
        for round in 0..options.rounds {
            writeln!(stderr(), "round {} of {}", round + 1, options.rounds)?;
            self.round(options, round).await?;
        }
        if options.wants("first-byte") {
            self.first_byte(&self.start_all(options).await?).await?;
        }
        if options.wants("memory") {
            for &peer in options.peers.iter().filter(|peer| **peer != Peer::Direct) {
                writeln!(stderr(), "memory: {}", peer.name())?;
                if let Err(error) = self.memory(peer).await {
                    writeln!(stderr(), "left out: {}: {error:#}", peer.name())?;
                }
            }
        }
        if options.wants("stuck") {
            for &peer in options.peers.iter().filter(|peer| **peer != Peer::Direct) {
                if let Err(error) = self.stuck(peer).await {
                    writeln!(stderr(), "left out: {}: {error:#}", peer.name())?;
                }
            }
        }
        if options.wants("many") {
            writeln!(stderr(), "100,000 connections")?;
            self.one_after_another().await?;
        }
        if options.wants("daemon") {
            writeln!(stderr(), "the whole daemon")?;
            let daemon = peers::start_daemon(self.program, self.upstream).await?;
            self.memory_of(&daemon, memory::many(Peer::Ours), "daemon: ")
                .await?;
        }
        Ok(())
    }

    async fn round(&mut self, options: &Options, round: usize) -> Result<()> {
        let mut proxies = self.start_all(options).await?;
        // Another order each time, so that no two proxies always follow each other.
        let count = proxies.len().max(1);
        proxies.rotate_left((1 + round) % count);
        if round % 2 == 1 {
            proxies.reverse();
        }
        if options.wants("bulk") {
            self.bulk(&proxies).await?;
        }
        if options.wants("setups") {
            self.set_ups(&proxies).await?;
        }
        if options.wants("latency") {
            self.latency(&proxies).await?;
        }
        Ok(())
    }

    /// Ties both ends of every measurement, and these proxies, to processors.
    fn tie(&self, proxies: &[Proxy], to: &[usize]) -> Result<()> {
        pin(None, to)?;
        self.stub.pin(to)?;
        let mut trees = proxies.iter().filter_map(|proxy| proxy.tree.as_ref());
        trees.try_for_each(|tree| tree.pin(to))
    }

    async fn start_all(&self, options: &Options) -> Result<Vec<Proxy>> {
        let mut proxies = Vec::new();
        for &peer in &options.peers {
            match peers::start(peer, self.program, self.upstream).await {
                Ok(proxy) => proxies.push(proxy),
                Err(error) => writeln!(stderr(), "left out: {error:#}")?,
            }
        }
        Ok(proxies)
    }
}

fn cpu_ns(proxy: &Proxy) -> Result<u64> {
    proxy.tree.as_ref().map_or(Ok(0), Tree::cpu_ns)
}

/// How many files a process may have open.
fn files_max() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    files
        .and_then(|files| usize::try_from(files).ok())
        .unwrap_or(1 << 20)
}

fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap_or_default();
}
