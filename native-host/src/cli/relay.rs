//! `relay`: the relay alone, in the foreground; for benchmarks, tools and servers.
//!
//! The same code that the daemon runs, on one thread of its own. No home, no session, no report,
//! and Tor is somebody else's business.

use super::{Failure, Outcome, block_on};
use crate::{EXIT_UNAVAILABLE, daemon, ignore_because, memory, problems};
use clap::Args;
use meter_core::Upstream;
use meter_relay::{Counters, Relay, RelayConfig};
use meter_wire::U64Text;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use std::{
    io::{self, Write as _, stdout},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Files for all but the connections: standard streams, listeners, the runtime's own, pipes.
const FILES_BESIDE: u64 = 192;
/// Who asks for the totals and does not take them is let go.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// Between two tries to accept when that fails, for want of files for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Args)]
pub(super) struct Arguments {
    /// Address for SOCKS5 clients, on loopback; port 0 takes any free one
    #[arg(long, value_parser = loopback)]
    listen: SocketAddr,
    /// Tor's SOCKS port, on loopback
    #[arg(long, value_parser = loopback)]
    upstream: SocketAddr,
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

/// Runs until SIGINT or SIGTERM. Says on stdout where it listens.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    let connections_max = raise_file_limit();
    let ended = block_on(async { Ok(relay(arguments, connections_max).await) })?;
    ended.map(|()| ExitCode::SUCCESS)
}

async fn relay(arguments: &Arguments, connections_max: usize) -> Result<(), Failure> {
    let (_upstream, upstream) = watch::channel(Some(Upstream::Tcp(arguments.upstream)));
    let config = RelayConfig {
        connections_max,
        ..RelayConfig::on(arguments.listen)
    };
    let counters = Arc::new(Counters::default());
    let relay = Relay::bind(config, upstream, Arc::clone(&counters))
        .map_err(|error| Failure::Exit(EXIT_UNAVAILABLE, problems::chain(&error)))?;
    let listen = SocketAddr::new(arguments.listen.ip(), relay.port());
    writeln!(stdout(), "relay {listen}")?;
    let stats = match arguments.stats {
        Some(address) => Some(stats_listener(address).await?),
        None => None,
    };

    let stop = CancellationToken::new();
    let stop_when_told = async {
        daemon::asked_to_end().await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = relay.run(stop.clone()) => {
            ended.map_err(|error| Failure::Exit(EXIT_UNAVAILABLE, problems::chain(&error)))
        }
        () = stop_when_told => Ok(()),
        () = answer_for_ever(stats, &counters) => Ok(()),
        () = memory::give_back_after_bursts(&counters) => Ok(()),
    }
}

async fn stats_listener(address: SocketAddr) -> Result<TcpListener, Failure> {
    let refused = |error: io::Error| {
        Failure::Exit(
            EXIT_UNAVAILABLE,
            format!("cannot listen for stats: {error}"),
        )
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    writeln!(
        stdout(),
        "stats {}",
        listener.local_addr().map_err(refused)?
    )?;
    Ok(listener)
}

/// One client at a time: an answer fits into the socket's buffer.
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

/// Takes all the files this process may have; says how many connections they are good for.
pub(super) fn raise_file_limit() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    ignore_because(
        "the limit stays as it was",
        setrlimit(Resource::Nofile, limit),
    );
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = files.saturating_sub(FILES_BESIDE) / 2;
    usize::try_from(connections).unwrap_or(usize::MAX)
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) => Err("only addresses of this machine (127.0.0.1 or [::1])".to_owned()),
        Err(error) => Err(format!("{error}, such as 127.0.0.1:9149")),
    }
}
