//! The kinds of Tor that are compared. Each has an address that `onionmeter relay --upstream`
//! accepts.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use meter_testkit::tor_network::TorNetwork;
use tempfile::TempDir;

use crate::process::Process;

/// A kind of Tor, in the order of the table's columns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// `tor` with its default configuration.
    Tor,
    /// `tor` with one circuit per stream: it sends early payload before the exit has answered.
    TorWithoutConflux,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Tor, Self::TorWithoutConflux];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tor => "tor",
            Self::TorWithoutConflux => "tor without conflux",
        }
    }

    fn options(self) -> &'static str {
        match self {
            Self::Tor => "",
            Self::TorWithoutConflux => "ConfluxEnabled 0\n",
        }
    }
}

/// A client of the network that has bootstrapped; dropping it ends the client.
pub(crate) struct PlainTor {
    pub(crate) kind: Kind,
    /// Its SOCKS port, in the form of the relay's command line.
    pub(crate) upstream: String,
    pub(crate) process: Process,
    /// From its start, with an empty folder, to 100 %.
    pub(crate) cold_start: Duration,
    _folder: TempDir,
}

impl PlainTor {
    /// Starts a Tor and waits until it is ready. With `wire`, a SOCKS5 proxy, it reaches the
    /// network only through that proxy.
    ///
    /// # Errors
    /// It does not start, or is not ready in time; the text has its log.
    pub(crate) async fn start(
        kind: Kind,
        network: &TorNetwork,
        wire: Option<SocketAddr>,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let socks = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = folder.path().join("log");
        let torrc = torrc(kind, network, socks, wire, folder.path());
        fs::write(folder.path().join("torrc"), torrc)?;
        fs::write(folder.path().join("defaults"), "")?;
        let began = Instant::now();
        let child = Command::new("tor")
            .arg("-f")
            .arg(folder.path().join("torrc"))
            .arg("--defaults-torrc")
            .arg(folder.path().join("defaults"))
            .stdin(Stdio::null())
            .stdout(fs::File::create(&log)?)
            .spawn()
            .context("tor does not start")?;
        let process = Process(child);
        wait_for_bootstrap(&log).await?;
        Ok(Self {
            kind,
            upstream: socks.to_string(),
            process,
            cold_start: began.elapsed(),
            _folder: folder,
        })
    }
}

fn torrc(
    kind: Kind,
    network: &TorNetwork,
    socks: SocketAddr,
    wire: Option<SocketAddr>,
    folder: &Path,
) -> String {
    let wire = wire.map_or_else(String::new, |wire| format!("Socks5Proxy {wire}\n"));
    format!(
        "{}\n{}{wire}SocksPort {socks} {ISOLATION}\nDataDirectory {}\nClientOnly 1\n\
         Log notice stdout\nShutdownWaitLength 0\n__OwningControllerProcess {}\n",
        network.client_torrc().join("\n"),
        kind.options(),
        folder.join("data").display(),
        std::process::id(),
    )
}

async fn wait_for_bootstrap(log: &Path) -> Result<()> {
    let began = Instant::now();
    while !fs::read_to_string(log)?.contains("Bootstrapped 100%") {
        if began.elapsed() > READY_LIMIT {
            bail!("tor is not ready: {}", fs::read_to_string(log)?);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// The relay alone sends no credentials to Tor, so Tor itself must keep sites apart.
const ISOLATION: &str = "ExtendedErrors IsolateDestAddr";
/// Ten times the usual.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// The precision of a cold start's time.
const POLL: Duration = Duration::from_millis(5);
