//! A private Tor network on loopback, built from the real `tor` and `tor-gencert`.
//!
//! Three directory authorities that are also exits, one plain relay, and a name server for the
//! exits. Circuits have three hops, as on the public network; nothing can leave the machine.

mod arti;
mod bridge;
mod client;
mod clock;
mod consensus;
mod control;
mod dns;
mod keys;
mod onion;
mod torrc;
mod version;

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;

pub use bridge::Bridge;
pub use client::{ClientPorts, TorClient};
pub use onion::OnionService;
pub use version::OtherVersion;

use crate::{
    ports::HeldPort,
    process::{Environment, Guarded, ignore_because},
    program,
};
use dns::NameServer;
use keys::Authority;
use torrc::Pace;

/// A running network. Dropping it ends every daemon.
#[derive(Debug)]
pub struct TorNetwork {
    folder: PathBuf,
    tor: PathBuf,
    authorities: Vec<Authority>,
    daemons: Vec<Daemon>,
    /// Declared after the daemons, so that it is dropped after them.
    _names: NameServer,
    _ports: Vec<HeldPort>,
}

/// One `tor`: its name is also its folder under the network's.
#[derive(Debug)]
struct Daemon {
    name: String,
    process: Guarded,
}

/// The first consensus lacks nodes, because they came too late for its vote.
#[derive(Debug)]
struct Incomplete {
    listed: usize,
    wanted: usize,
}

impl std::fmt::Display for Incomplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { listed, wanted } = self;
        write!(f, "the first consensus lists {listed} of {wanted} nodes")
    }
}

impl std::error::Error for Incomplete {}

/// The programs that a network is started with.
#[derive(Clone, Debug)]
struct Programs {
    tor: PathBuf,
    gencert: PathBuf,
}

impl Programs {
    fn find() -> Result<Self> {
        let gencert = program::TOR_GENCERT.find()?;
        let tor = program::TOR.find()?;
        Ok(Self { tor, gencert })
    }
}

/// Makes `folder/tor`, which is the installed `tor` with a clock that is off by `days`; negative
/// means behind.
///
/// # Errors
/// `tor` or `faketime` is missing, or the file cannot be written.
pub fn tor_with_wrong_clock(folder: &Path, days: i8) -> Result<PathBuf> {
    clock::off_by(days, &program::TOR.find()?, folder, "tor")
}

impl TorNetwork {
    /// Boots a network with its files below `folder`, which is created if needed. Returns when
    /// every node has a consensus with all four nodes: 10 to 20 s from the start.
    ///
    /// It uses free ports. If another program takes one meanwhile, everything is tried again with
    /// other ports.
    ///
    /// # Errors
    /// `tor` or `tor-gencert` is missing (the text says how to install it), a daemon ended (the
    /// text has its last log lines), or there is no consensus after 90 s.
    pub async fn boot(folder: &Path) -> Result<Self> {
        Self::boot_with_relays(folder, 1).await
    }

    /// Like [`Self::boot`], with this many plain relays beside the authorities. Clients of onion
    /// services need more than one: Arti's circuit to such a service has four hops at first, and
    /// none of them may be the last hop of the service's own circuit.
    ///
    /// # Errors
    /// As [`Self::boot`].
    pub async fn boot_with_relays(folder: &Path, relays: usize) -> Result<Self> {
        Self::boot_by(&Programs::find()?, folder, relays).await
    }

    /// Like [`Self::boot`], but with clocks that are off by `days`; negative means behind. To a
    /// client with the right time it is a network of another day.
    ///
    /// # Errors
    /// As [`Self::boot`]; or `faketime` is missing.
    pub async fn boot_on_another_day(folder: &Path, days: i8) -> Result<Self> {
        let Programs { tor, gencert } = Programs::find()?;
        private_folder(folder)?;
        let programs = Programs {
            tor: clock::off_by(days, &tor, folder, "tor")?,
            gencert: clock::off_by(days, &gencert, folder, "tor-gencert")?,
        };
        Self::boot_by(&programs, folder, 1).await
    }

    /// If the first vote comes before every node is known, the network is booted again with more
    /// time before the vote.
    async fn boot_by(programs: &Programs, folder: &Path, relays: usize) -> Result<Self> {
        let held = (0..relays + 2 * AUTHORITIES).map(|_| HeldPort::take());
        let held: Vec<_> = held.collect::<Result<_>>()?;
        let mut outcome = Err(anyhow!("no way to boot was tried"));
        for (index, pace) in Pace::ALL.into_iter().enumerate() {
            let folder = folder.join(format!("boot{index}"));
            outcome = Self::boot_at(pace, programs, &folder, (relays, held.clone())).await;
            match &outcome {
                Err(failure) if failure.is::<Incomplete>() => {}
                _ => break,
            }
        }
        outcome
    }

    async fn boot_at(
        pace: Pace,
        programs: &Programs,
        folder: &Path,
        (relays, held): (usize, Vec<HeldPort>),
    ) -> Result<Self> {
        let tor = &programs.tor;
        private_folder(folder)?;
        // `tor` accepts no /dev/null as its defaults file. Without a file of ours it reads
        // /etc/tor.
        fs::write(folder.join(torrc::EMPTY), "")?;
        let names = NameServer::start()?;
        let resolvers = format!("nameserver 127.0.0.1:{}\n", names.port());
        fs::write(folder.join(torrc::RESOLVERS), resolvers)?;

        let ports: Vec<_> = held.iter().map(HeldPort::number).collect();
        let (relays, pairs) = ports.split_at(relays);
        let authorities = {
            let (programs, folder, pairs) = (programs.clone(), folder.to_owned(), pairs.to_vec());
            tokio::task::spawn_blocking(move || keys::create(&programs, &folder, &pairs)).await??
        };
        let mut network = Self {
            folder: folder.to_owned(),
            tor: tor.to_owned(),
            authorities,
            daemons: Vec::new(),
            _names: names,
            _ports: held,
        };
        let nodes = torrc::nodes(folder, &network.authorities, relays, pace)?;
        for node in nodes {
            let process = spawn(tor, folder, &node.name, &node.text)?;
            network.daemons.push(Daemon {
                name: node.name,
                process,
            });
        }
        network.wait_for_consensus().await?;
        Ok(network)
    }

    /// The torrc lines that make another `tor` a client of this network only. They set no port,
    /// folder or log.
    #[must_use]
    pub fn client_torrc(&self) -> Vec<String> {
        torrc::joining(&self.authorities)
    }

    /// The configuration, as TOML, that makes an Arti a client of this network only. It sets no
    /// folder.
    ///
    /// # Errors
    /// An authority has not written its identity to its folder.
    pub fn arti_config(&self) -> Result<String> {
        arti::config(&self.folder, &self.authorities)
    }

    /// Starts a `tor` of this network that offers the listener on `port` of this computer as port
    /// 80 of an onion service. Returns when its descriptor is published.
    ///
    /// # Errors
    /// The process cannot be started, it ended, or its descriptor is not published after two
    /// minutes.
    pub async fn start_onion_service(&self, port: u16) -> Result<OnionService> {
        let ports = ClientPorts::hold()?;
        let name = format!("onion{}", ports.socks.number());
        let service = self.folder.join(&name).join(onion::FOLDER);
        let text = torrc::client(&self.folder, &name, &self.authorities, &ports)
            + &onion::torrc(&service, port);
        let process = spawn(&self.tor, &self.folder, &name, &text)?;
        let client = TorClient::new(process, ports, self.folder.join(name));
        OnionService::published(client, &service).await
    }

    /// Starts a client `tor` of this network: SOCKS and control port, cookie authentication.
    /// Returns at once; [`TorClient::wait_until_ready`] waits for it.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn start_client(&self, ports: ClientPorts) -> Result<TorClient> {
        self.start_client_with(ports, |_| String::new())
    }

    /// The same, with Unix sockets beside its ports: [`TorClient::socks_socket`] and
    /// [`TorClient::control_socket`].
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn start_client_on_sockets(&self, ports: ClientPorts) -> Result<TorClient> {
        self.start_client_with(ports, torrc::sockets)
    }

    fn start_client_with(
        &self,
        ports: ClientPorts,
        more: impl Fn(&Path) -> String,
    ) -> Result<TorClient> {
        let name = format!("client{}", ports.socks.number());
        let text = torrc::client(&self.folder, &name, &self.authorities, &ports)
            + &more(&self.folder.join(&name));
        let process = spawn(&self.tor, &self.folder, &name, &text)?;
        Ok(TorClient::new(process, ports, self.folder.join(name)))
    }

    /// Ends every daemon. The network's ports stay reserved: connections to them are refused from
    /// now on.
    pub fn end(&mut self) {
        self.daemons.clear();
    }

    /// Pauses the network (`SIGSTOP`): nothing answers, and no connection ends. Clients continue,
    /// so a client that starts now makes no progress.
    ///
    /// # Errors
    /// A daemon is gone.
    pub fn pause(&self) -> Result<()> {
        self.signal_all(Signal::STOP)
    }

    /// Continues a paused network.
    ///
    /// # Errors
    /// A daemon is gone.
    pub fn resume(&self) -> Result<()> {
        self.signal_all(Signal::CONT)
    }

    fn signal_all(&self, signal: Signal) -> Result<()> {
        for daemon in &self.daemons {
            let sent = daemon.process.signal(signal);
            sent.with_context(|| format!("the daemon {} is gone", daemon.name))?;
        }
        Ok(())
    }

    /// Polls, because an authority does not announce a new consensus.
    async fn wait_for_consensus(&mut self) -> Result<()> {
        let wanted = self.daemons.len();
        let port = self
            .authorities
            .first()
            .context("there are authorities")?
            .directory_port;
        let waited = tokio::time::timeout(CONSENSUS_LIMIT, async {
            loop {
                let listed = consensus::nodes_listed(port).await;
                if listed > 0 && listed < wanted {
                    return Err(Incomplete { listed, wanted }.into());
                }
                // An exit opens no stream for a relay that is not in its own consensus.
                if listed == wanted && self.all_know_all() {
                    return Ok(());
                }
                self.check_alive()?;
                tokio::time::sleep(CONSENSUS_POLL).await;
            }
        });
        match waited.await {
            Ok(outcome) => outcome,
            Err(_) => bail!("no consensus of {wanted} nodes after {CONSENSUS_LIMIT:?}"),
        }
    }

    /// Whether every node has stored a consensus with all nodes in it.
    fn all_know_all(&self) -> bool {
        let wanted = self.daemons.len();
        self.daemons.iter().all(|daemon| {
            let path = self.folder.join(&daemon.name).join("cached-consensus");
            fs::read_to_string(path).is_ok_and(|text| consensus::count_nodes(&text) >= wanted)
        })
    }

    fn check_alive(&mut self) -> Result<()> {
        for daemon in &mut self.daemons {
            if let Some(status) = daemon.process.exit_status()? {
                let words = last_words(&self.folder.join(&daemon.name));
                bail!("{} ended with {status}:\n{words}", daemon.name);
            }
        }
        Ok(())
    }
}

impl Drop for TorNetwork {
    fn drop(&mut self) {
        for signal in [Signal::CONT, Signal::INT] {
            ignore_because("whoever is gone needs no end", self.signal_all(signal));
        }
        for daemon in &mut self.daemons {
            daemon.process.wait(GRACE);
        }
    }
}

/// Writes the torrc of the node `name` into its folder and starts a `tor` with it.
fn spawn(tor: &Path, network: &Path, name: &str, torrc: &str) -> Result<Guarded> {
    let folder = network.join(name);
    private_folder(&folder)?;
    let file = folder.join("torrc");
    fs::write(&file, torrc)?;
    let arguments = [
        "-f".into(),
        file.into_os_string(),
        "--defaults-torrc".into(),
        network.join(torrc::EMPTY).into_os_string(),
    ];
    let environment = Environment {
        set: Vec::new(),
        unset: Vec::new(),
    };
    Guarded::spawn(tor, &arguments, &environment, &folder.join(LOG))
}

/// `tor` refuses a data folder that others can read.
fn private_folder(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.with_context(|| format!("create {}", folder.display()))
}

/// The end of a daemon's log. Only the log tells why a daemon ended.
fn last_words(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines
        .iter()
        .skip(lines.len().saturating_sub(12))
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

/// The smallest number with which every circuit finds an exit and two other nodes.
const AUTHORITIES: usize = 3;
/// Only an upper bound, on a machine that does much else. A busy one needed 17 s.
const CONSENSUS_LIMIT: Duration = Duration::from_secs(180);
const CONSENSUS_POLL: Duration = Duration::from_millis(100);
/// With `ShutdownWaitLength 0` a `tor` ends within milliseconds.
const GRACE: Duration = Duration::from_secs(3);
const LOG: &str = "stdout.log";
