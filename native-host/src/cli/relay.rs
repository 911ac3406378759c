//! `relay`: the relay alone, in the foreground; for benchmarks, tools and servers.
//!
//! It runs the same code as the daemon, but without home, session and report. It does not start
//! Tor.

use super::{
    exit,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
};
use crate::{
    EXIT_BUG, EXIT_USAGE, identity, ignore_because, problems,
    system::{core_dumps, limits, memory, process, ticks::Ticks},
};
use clap::Args;
use meter_core::TorAddr;
use meter_relay::{Counters, Isolation, Relay, RelayConfig};
use meter_wire::U64Text;
use serde::Serialize;
use std::{io, net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// A client of the stats address that does not read its answer is disconnected after this time.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// Pause between two looks at the memory: well below one wake-up a second.
const MEMORY_EVERY: Duration = Duration::from_secs(3);
/// Pause after a failed accept, for example when there is no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

const HELP: &str = "\
Examples:
  onionmeter relay --listen 127.0.0.1:9149 --upstream 127.0.0.1:9050 --isolate
  onionmeter relay --listen 127.0.0.1:0 --upstream 127.0.0.1:9050 --json

Runs until Ctrl-C. First it says where it listens.

Exit status: 0 it was asked to end, 64 an address that is not of this machine, 71 it cannot listen,
for example because the port is taken.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Address for SOCKS5 clients, on loopback; port 0 takes any free one
    #[arg(long, value_parser = loopback)]
    listen: SocketAddr,
    /// Tor's SOCKS port, on loopback
    #[arg(long, value_parser = loopback)]
    upstream: SocketAddr,
    /// Give every site its own circuits: ask Tor with a user name and password for each site
    #[arg(long)]
    isolate: bool,
    /// Report success to clients before Tor has answered; a refusal is then a reset
    #[arg(long)]
    optimistic: bool,
    /// Serve connections even if the system does not tell which user they belong to
    #[arg(long)]
    serve_unidentified: bool,
    /// Address that answers each connection with the exact totals, as one line of JSON
    #[arg(long, value_parser = loopback)]
    stats: Option<SocketAddr>,
}

/// The answer on the stats address.
#[derive(Serialize)]
struct Totals {
    bytes_up: U64Text,
    bytes_down: U64Text,
    connections: U64Text,
    active: U64Text,
}

/// Runs until SIGINT or SIGTERM. Prints its addresses on stdout.
pub(super) fn run(arguments: &Arguments, format: Format) -> Outcome {
    let connections_max = limits::raise_files();
    // Not a reason to stop: a system without this switch makes no dumps that could be forbidden.
    ignore_because("there is no log to say it in", core_dumps::forbid());
    let runtime =
        meter_relay::runtime().map_err(|error| CommandError::Exit(EXIT_BUG, error.to_string()))?;
    runtime.block_on(relay(arguments, connections_max, format))?;
    Ok(ExitCode::SUCCESS)
}

async fn relay(
    arguments: &Arguments,
    connections_max: usize,
    format: Format,
) -> Result<(), CommandError> {
    check_upstream(arguments)?;
    let (_upstream, upstream) = watch::channel(Some(TorAddr::Tcp(arguments.upstream)));
    let config = RelayConfig {
        connections_max,
        isolation: isolation(arguments.isolate)?,
        optimistic: arguments.optimistic,
        serve_unidentified: arguments.serve_unidentified,
        ..RelayConfig::on(arguments.listen)
    };
    let counters = Arc::new(Counters::default());
    let relay = Relay::bind(config, upstream, Arc::clone(&counters))
        .map_err(|error| CommandError::Exit(exit::RELAY, problems::chain(&error)))?;
    let listen = SocketAddr::new(arguments.listen.ip(), relay.port());
    let stats = match arguments.stats {
        Some(address) => Some(stats_listener(address).await?),
        None => None,
    };
    let (stats, stats_at) = stats.unzip();
    say(listen, stats_at, format)?;

    let stop = CancellationToken::new();
    let stop_when_asked = async {
        process::asked_to_end().await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = relay.run(stop.clone()) => {
            ended.map_err(|error| CommandError::Exit(exit::RELAY, problems::chain(&error)))
        }
        () = stop_when_asked => Ok(()),
        () = answer_for_ever(stats, &counters) => Ok(()),
        () = look_after_memory(&counters) => Ok(()),
    }
}

/// A relay that is its own Tor would connect to itself without end.
fn check_upstream(arguments: &Arguments) -> Result<(), CommandError> {
    let own = [Some(arguments.listen), arguments.stats];
    let why = match arguments.upstream {
        upstream if upstream.port() == 0 => "--upstream needs the port of a Tor that runs",
        upstream if own.contains(&Some(upstream)) => {
            "--upstream is an address of this relay itself; it needs that of Tor"
        }
        _ => return Ok(()),
    };
    Err(CommandError::Exit(EXIT_USAGE, why.to_owned()))
}

/// A secret that lasts as long as this process.
fn isolation(wanted: bool) -> Result<Option<Isolation>, CommandError> {
    let secret = wanted.then(identity::secret).transpose();
    let secret = secret.map_err(|error| CommandError::Exit(EXIT_BUG, error.to_string()))?;
    Ok(secret.map(Isolation::new))
}

async fn look_after_memory(counters: &Counters) {
    let mut bursts = memory::Bursts::default();
    let mut ticks = Ticks::every(MEMORY_EVERY);
    loop {
        ticks.tick().await;
        bursts.look(counters.snapshot().active);
    }
}

/// Opens the stats address. Also returns the address that the system chose.
async fn stats_listener(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CommandError> {
    let listen = async {
        let listener = TcpListener::bind(address).await?;
        let at = listener.local_addr()?;
        Ok((listener, at))
    };
    listen.await.map_err(|error: io::Error| {
        let text = format!("cannot listen for stats on {address}: {error}");
        CommandError::Exit(exit::RELAY, text)
    })
}

fn say(listen: SocketAddr, stats: Option<SocketAddr>, format: Format) -> Result<(), CommandError> {
    let mut text = format!("relay {listen}\n");
    if let Some(stats) = stats {
        text += &format!("stats {stats}\n");
    }
    Answer::new("listening", text)
        .with("relay", listen)
        .with("stats", stats)
        .print(format)
        .map(drop)
}

/// Answers one client at a time: an answer fits into the socket's buffer.
async fn answer_for_ever(listener: Option<TcpListener>, counters: &Counters) {
    let Some(listener) = listener else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((client, _)) => {
                let answer = timeout(ANSWER_MAX, answer(client, counters));
                ignore_because("the client's own business", answer.await);
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn answer(mut client: TcpStream, counters: &Counters) -> io::Result<()> {
    let totals = counters.snapshot();
    let mut line = serde_json::to_vec(&Totals {
        bytes_up: U64Text(totals.bytes_up),
        bytes_down: U64Text(totals.bytes_down),
        connections: U64Text(totals.connections),
        active: U64Text(totals.active),
    })?;
    line.push(b'\n');
    client.write_all(&line).await?;
    client.shutdown().await
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) => Err("only addresses of this machine (127.0.0.1 or [::1])".to_owned()),
        Err(error) => Err(format!("{error}, such as 127.0.0.1:9149")),
    }
}
