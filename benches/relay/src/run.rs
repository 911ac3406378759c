//! The order of a whole run: every round measures each proxy once, each round in another order.

use std::{
    io::{Write as _, stderr, stdout},
    net::SocketAddr,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tokio::time::sleep;

use crate::{
    load::{self, Way},
    peers::{self, Peer, Proxy},
    process::{Tree, pin},
    socks::Service,
    stub,
    table::{Line, Table, median, quantile},
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
            rounds: 3,
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

/// Measures everything that is asked for and prints the table.
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
            table: Table::default(),
        };
        bench.all(options).await?;
        anyhow::Ok(bench.table)
    })?;
    let text = table.markdown();
    stdout().write_all(text.as_bytes())?;
    if let Some(file) = &options.figures {
        let heading = std::env::var("BENCH_HEADING").unwrap_or_default();
        crate::table::write_figures(file, &format!("{heading}\n\n{text}"))?;
    }
    Ok(())
}

struct Bench<'a> {
    program: &'a Path,
    upstream: SocketAddr,
    stub: Tree,
    memory: Arc<OwnedFd>,
    table: Table,
}

impl Bench<'_> {
    async fn all(&mut self, options: &Options) -> Result<()> {
        let mut proxies = Vec::new();
        for &peer in &options.peers {
            match peers::start(peer, self.program, self.upstream).await {
                Ok(proxy) => proxies.push(proxy),
                Err(error) => writeln!(stderr(), "left out: {error:#}")?,
            }
        }
        for round in 0..options.rounds {
            writeln!(stderr(), "round {} of {}", round + 1, options.rounds)?;
            let count = proxies.len();
            // Another order each time, so that no two always follow each other.
            proxies.rotate_left(1 + round % count);
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
        }
        drop(proxies);
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
            self.many().await?;
        }
        Ok(())
    }

    async fn bulk(&mut self, proxies: &[Proxy]) -> Result<()> {
        const CPU: [Line; 2] = [
            Line::AtMost(1.5, Peer::Limit),
            Line::AtMost(0.9, Peer::Haproxy),
        ];
        let cells: [(Way, usize, &[Line]); 5] = [
            (
                Way::Down,
                1,
                &[
                    Line::AtLeast(5.0, Peer::Naive),
                    Line::AtLeast(1.15, Peer::Haproxy),
                ],
            ),
            (Way::Down, 8, &[Line::AtLeast(0.95, Peer::Haproxy)]),
            (Way::Down, 100, &[Line::AtLeast(1.0, Peer::Haproxy)]),
            (Way::Up, 1, &[]),
            (Way::Up, 100, &[]),
        ];
        for (way, count, speed) in cells {
            let service = if way == Way::Down {
                Service::Source
            } else {
                Service::Sink
            };
            let name = format!("{} ×{count}", if way == Way::Down { "down" } else { "up" });
            for proxy in proxies {
                let bytes = if proxy.peer == Peer::Naive {
                    1_u64 << 30
                } else {
                    3 << 30
                };
                let streams = load::open(proxy.address, count, service).await?;
                let before = cpu_ns(proxy)?;
                let each = bytes / count as u64;
                let seconds = load::bulk(streams, way, each, &self.memory).await?;
                let moved = (each * count as u64) as f64 / 1e9;
                if proxy.tree.is_some() {
                    let cpu = (cpu_ns(proxy)? - before) as f64 / 1e9 / moved;
                    let lines: &[Line] = if count == 8 { &[] } else { &CPU };
                    self.table
                        .add(&format!("CPU {name}"), "s/GB", 4, lines, proxy.peer, cpu);
                }
                let rate = moved / seconds;
                self.table
                    .add(&format!("rate {name}"), "GB/s", 2, speed, proxy.peer, rate);
            }
        }
        Ok(())
    }

    async fn set_ups(&mut self, proxies: &[Proxy]) -> Result<()> {
        for proxy in proxies {
            let before = cpu_ns(proxy)?;
            let many = load::set_ups(proxy.address, 64, 12_800).await?;
            if proxy.tree.is_some() {
                let each = (cpu_ns(proxy)? - before) as f64 / 1e3 / many.count as f64;
                let line = [Line::AtMost(1.0, Peer::Nginx)];
                self.table.add(
                    "CPU of a set-up, 64 at once",
                    "µs",
                    1,
                    &line,
                    proxy.peer,
                    each,
                );
            }
            let rate = many.count as f64 / many.seconds;
            let line = [Line::AtLeast(0.95, Peer::Nginx)];
            self.table
                .add("set-ups, 64 at once", "per s", 0, &line, proxy.peer, rate);
            let one = load::set_ups(proxy.address, 1, 2_000).await?;
            let half = median(&one.micros).context("no set-ups")?;
            self.table
                .add("set-up p50, one at a time", "µs", 1, &[], proxy.peer, half);
        }
        Ok(())
    }

    /// All on one processor, then the proxy on another than both ends. What the way without a
    /// proxy takes is taken off.
    async fn latency(&mut self, proxies: &[Proxy]) -> Result<()> {
        const ECHOES: usize = 4_000;
        let all: Vec<usize> = (0..std::thread::available_parallelism()?.get()).collect();
        let across = if all.len() > 1 { 1 } else { 0 };
        for (place, processor) in [("one core", 0), ("two cores", across)] {
            pin(None, &[0])?;
            self.stub.pin(&[0])?;
            let direct = load::echoes(self.upstream, ECHOES).await?;
            let direct = median(&direct).context("no echoes")?;
            for proxy in proxies {
                let Some(tree) = &proxy.tree else { continue };
                tree.pin(&[processor])?;
                let micros = load::echoes(proxy.address, ECHOES).await?;
                tree.pin(&all)?;
                for per_cent in [50, 99] {
                    let lines: &[Line] = match (processor == 0, per_cent) {
                        (true, 50) => &[Line::AtMost(0.98, Peer::Naive)],
                        (false, 99) => &[Line::AtMost(1.25, Peer::Limit)],
                        _ => &[],
                    };
                    let added = quantile(&micros, per_cent).context("no echoes")? - direct;
                    let name = format!("added to an echo, {place}, p{per_cent}");
                    self.table.add(&name, "µs", 2, lines, proxy.peer, added);
                }
            }
        }
        pin(None, &all)?;
        self.stub.pin(&all)
    }

    async fn memory(&mut self, peer: Peer) -> Result<()> {
        // Two files each, of the 20,000 that a process may often have; HAProxy wants some for pipes.
        let many = if peer == Peer::Ours { 9_900 } else { 9_000 };
        let proxy = peers::start(peer, self.program, self.upstream).await?;
        let tree = proxy.tree.as_ref().context("a process")?;
        let empty = tree.resident()?;
        let files = tree.files()?;
        self.table.add(
            "memory without connections",
            "KiB",
            0,
            &[],
            peer,
            empty as f64 / 1024.0,
        );

        let mut streams = self.idle(&proxy, tree).await?;
        streams.extend(load::open(proxy.address, many - 1_000, Service::Echo).await?);
        let per = |now: u64, before: u64| now.saturating_sub(before) as f64 / many as f64;
        let line = [Line::Most(1600.0)];
        self.table.add(
            "memory of one of 9,900 idle connections, fresh",
            "B",
            0,
            &line,
            peer,
            per(tree.resident()?, empty),
        );
        load::use_all(&mut streams, 64 * 1024).await?;
        self.table.add(
            "memory of one of 9,900 idle connections, used",
            "B",
            0,
            &line,
            peer,
            per(tree.resident()?, empty),
        );
        self.table.add(
            "files of an idle connection",
            "",
            3,
            &[Line::Most(2.01)],
            peer,
            per(tree.files()?, files),
        );
        drop(streams);
        sleep(Duration::from_secs(4)).await;
        let kept = tree.resident()?.saturating_sub(empty) as f64 / 1024.0;
        self.table.add(
            "kept after 9,900 have closed",
            "KiB",
            0,
            &[Line::Most(2048.0)],
            peer,
            kept,
        );
        let left = tree.files()?.saturating_sub(files) as f64;
        self.table.add(
            "files left after that",
            "",
            0,
            &[Line::Most(0.0)],
            peer,
            left,
        );
        Ok(())
    }

    /// Opens 1,000 streams and watches them sleep.
    async fn idle(&mut self, proxy: &Proxy, tree: &Tree) -> Result<Vec<tokio::net::TcpStream>> {
        let streams = load::open(proxy.address, 1_000, Service::Echo).await?;
        sleep(Duration::from_millis(500)).await;
        let sleeps = tree.sleeps()?;
        sleep(Duration::from_secs(6)).await;
        let woken = (tree.sleeps()? - sleeps) as f64 / 6.0;
        self.table.add(
            "wake-ups, 1,000 idle",
            "per s",
            1,
            &[Line::Most(1.0)],
            proxy.peer,
            woken,
        );
        Ok(streams)
    }

    async fn stuck(&mut self, peer: Peer) -> Result<()> {
        const STUCK: usize = 100;
        let line = [Line::Most(16.0)];
        let proxy = peers::start(peer, self.program, self.upstream).await?;
        let tree = proxy.tree.as_ref().context("a process")?;
        for (name, service) in [
            ("stuck reader", Service::Source),
            ("stuck writer", Service::Hole),
        ] {
            let mut streams = load::open(proxy.address, STUCK, service).await?;
            let before = tree.resident()?;
            if service == Service::Source {
                for stream in &mut streams {
                    tokio::io::AsyncWriteExt::write_u64(stream, 1 << 30).await?;
                }
            } else {
                load::fill(&streams, &self.memory).await;
            }
            sleep(Duration::from_secs(1)).await;
            let each = tree.resident()?.saturating_sub(before) as f64 / 1024.0 / STUCK as f64;
            self.table.add(
                &format!("{name}, memory of each of 100"),
                "KiB",
                1,
                &line,
                peer,
                each,
            );
        }
        Ok(())
    }

    async fn many(&mut self) -> Result<()> {
        let proxy = peers::start(Peer::Ours, self.program, self.upstream).await?;
        let tree = proxy.tree.as_ref().context("a process")?;
        load::set_ups(proxy.address, 64, 6_400).await?;
        let (before, files) = (tree.resident()?, tree.files()?);
        load::set_ups(proxy.address, 64, 100_000).await?;
        sleep(Duration::from_secs(1)).await;
        let grown = tree.resident()?.saturating_sub(before) as f64 / 1024.0;
        self.table.add(
            "growth over 100,000 connections",
            "KiB",
            0,
            &[Line::Most(256.0)],
            Peer::Ours,
            grown,
        );
        let left = tree.files()?.saturating_sub(files) as f64;
        self.table.add(
            "files left by 100,000 connections",
            "",
            0,
            &[Line::Most(0.0)],
            Peer::Ours,
            left,
        );
        Ok(())
    }
}

fn cpu_ns(proxy: &Proxy) -> Result<u64> {
    proxy.tree.as_ref().map_or(Ok(0), Tree::cpu_ns)
}

fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap_or_default();
}
