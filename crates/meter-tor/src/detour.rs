//! Another way out for Tor's own connections, where the straight one is blocked: bridges or a
//! Shadowsocks server. Never for what browsers send, which goes through Tor as always.
//!
//! A detour belongs to a Tor of ours. Where one is wanted, no Tor of somebody else is used, and
//! none of ours starts without it: each life of a managed or an embedded Tor begins with
//! [`Detour::open`]. What that gives, as lines of a torrc or as the way that the embedded Tor is
//! told of, holds until that Tor is gone.
//!
//! Both go to the child through its stdin: not by arguments, not by its environment, not by a file.
//! What a Tor keeps of its bridges in its own data folder, as of any guard, is Tor's: their
//! addresses are in there.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use meter_embedded::{EmbeddedTransport, EmbeddedWay};
use meter_uplink::{Keeper, Trouble, Uplink};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

use crate::{
    BackendKind, Bridge, FolderFault, TorProblem, TorState, TorStatus, Transport,
    folders::find_program, publisher::Publisher,
};

/// What Tor's own connections take instead of the straight way; the default is the straight way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Detour {
    /// The file of a Shadowsocks server: see `meter_uplink::Uplink::read`. Read at each start of
    /// Tor.
    pub shadowsocks: Option<PathBuf>,
    /// Bridges that take the place of Tor's public first relays. Not together with Shadowsocks.
    pub bridges: Vec<Bridge>,
}

/// A detour in use. Dropping it closes it; Tor's proxy is then a port where nobody listens.
/// No `Debug`: bridges are secrets.
pub(crate) enum Opened {
    /// None was wanted.
    Straight,
    Bridges(Bridges),
    Shadowsocks(Box<(Uplink, Keeper)>),
}

/// Bridges that can be used, and the programs that speak their transports, each of them once.
pub(crate) struct Bridges {
    bridges: Vec<Bridge>,
    programs: Vec<(Transport, PathBuf)>,
}

impl Detour {
    /// Whether there is any.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        let Self {
            shadowsocks,
            bridges,
        } = self;
        shadowsocks.is_some() || !bridges.is_empty()
    }

    /// Looks whether it could be opened for a Tor of this kind, without opening anything; says in a
    /// sentence what it is.
    ///
    /// # Errors
    /// Why it could not.
    pub fn check(&self, backend: BackendKind) -> Result<Option<String>, TorProblem> {
        self.check_kind(backend)?;
        if let Some(bridges) = self.bridges(backend)? {
            let count = bridges.bridges.len();
            return Ok(Some(format!(
                "Tor's own connections go to your bridges ({count}) and to no other relay"
            )));
        }
        let Some(file) = &self.shadowsocks else {
            return Ok(None);
        };
        let server = Uplink::read(file).map_err(TorProblem::ShadowsocksRefused)?;
        let which = match server.listed() {
            1 => String::new(),
            more => format!(", the first of {more} in its file"),
        };
        Ok(Some(format!(
            "Tor's own connections go through your Shadowsocks server ({}{which}); its owner sees \
             your \
             address, when you use Tor and how much, but neither sites nor content",
            server.method()
        )))
    }

    /// Prepares all that a Tor of this kind needs before it may start.
    ///
    /// # Errors
    /// Why there is no way this way. Tor must not be started then.
    pub(crate) async fn open(&self, backend: BackendKind) -> Result<Opened, TorProblem> {
        self.check_kind(backend)?;
        if let Some(bridges) = self.bridges(backend)? {
            return Ok(Opened::Bridges(bridges));
        }
        let Some(file) = &self.shadowsocks else {
            return Ok(Opened::Straight);
        };
        let server = Uplink::read(file).map_err(TorProblem::ShadowsocksRefused)?;
        let started = Uplink::start(server).await;
        let held = started.map_err(TorProblem::ShadowsocksDown)?;
        Ok(Opened::Shadowsocks(Box::new(held)))
    }

    /// The program of a transport would have to be led through the proxy, too, and not each one can
    /// be.
    fn check_kind(&self, backend: BackendKind) -> Result<(), TorProblem> {
        if self.is_wanted() && backend == BackendKind::Existing {
            return Err(TorProblem::DetourNeedsOwnTor);
        }
        match (&self.shadowsocks, self.bridges.as_slice()) {
            (Some(_), [_, ..]) => Err(TorProblem::TwoDetours),
            (Some(_), []) | (None, _) => Ok(()),
        }
    }

    fn bridges(&self, backend: BackendKind) -> Result<Option<Bridges>, TorProblem> {
        if self.bridges.is_empty() {
            return Ok(None);
        }
        let needs_fingerprint = backend == BackendKind::Embedded;
        if needs_fingerprint && !self.bridges.iter().all(Bridge::has_fingerprint) {
            return Err(TorProblem::BridgeWithoutFingerprint);
        }
        let transports: BTreeSet<_> = self.bridges.iter().filter_map(Bridge::transport).collect();
        let programs = transports.into_iter().map(find_transport);
        Ok(Some(Bridges {
            bridges: self.bridges.clone(),
            programs: programs.collect::<Result<_, _>>()?,
        }))
    }
}

fn find_transport(transport: Transport) -> Result<(Transport, PathBuf), TorProblem> {
    let mut none = TorProblem::TransportMissing(transport);
    for name in transport.programs() {
        match find_program(Path::new(name)) {
            Ok(path) => return Ok((transport, path)),
            Err(TorProblem::ProgramUnsafe) => none = TorProblem::TransportUnsafe(transport, name),
            Err(_) => {}
        }
    }
    Err(none)
}

/// How a torrc can name a program: by its path if that is plain, else by a link in `folder`, where
/// `tor` runs. `tor` splits the line at spaces and ends it at `#`, and nothing quotes them there.
fn name_for_tor(transport: Transport, program: &Path, folder: &Path) -> io::Result<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    if let Some(path) = program.to_str().filter(|path| path.chars().all(is_plain)) {
        return Ok(path.to_owned());
    }
    let name = format!("transport-{}", transport.name());
    let link = folder.join(&name);
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::os::unix::fs::symlink(program, link)?;
    Ok(format!("./{name}"))
}

impl Bridges {
    /// `UseBridges` above all: with it, Tor connects to nothing but the bridges, whatever becomes
    /// of them.
    fn torrc(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut lines = vec!["UseBridges 1".to_owned()];
        for (transport, program) in &self.programs {
            let program = name_for_tor(*transport, program, folder)?;
            let transport = transport.name();
            lines.push(format!("ClientTransportPlugin {transport} exec {program}"));
        }
        let bridges = self.bridges.iter();
        lines.extend(bridges.map(|bridge| format!("Bridge {}", bridge.line())));
        Ok(lines)
    }

    /// The embedded Tor takes a path as text.
    fn way(&self) -> Result<EmbeddedWay, TorProblem> {
        let named = |(transport, program): &(Transport, PathBuf)| {
            let text = program.to_str();
            let text = text.ok_or(TorProblem::TransportMissing(*transport))?;
            Ok(EmbeddedTransport {
                name: transport.name().to_owned(),
                program: text.to_owned(),
            })
        };
        let transports = self.programs.iter().map(named);
        Ok(EmbeddedWay::Bridges {
            lines: self.bridges.iter().map(Bridge::line).collect(),
            transports: transports.collect::<Result<_, TorProblem>>()?,
        })
    }
}

impl Opened {
    /// The lines that keep a managed Tor on this way, which runs in `folder`.
    ///
    /// # Errors
    /// A link that names a program could not be made there.
    pub(crate) fn torrc(&self, folder: &Path) -> Result<Vec<String>, TorProblem> {
        Ok(match self {
            Self::Straight => Vec::new(),
            Self::Bridges(bridges) => bridges.torrc(folder).map_err(|error| {
                TorProblem::DataDirUnusable(FolderFault::Io { kind: error.kind() })
            })?,
            Self::Shadowsocks(held) => {
                let (uplink, _) = &**held;
                let credentials = uplink.credentials();
                vec![
                    format!("Socks5Proxy {}", uplink.address()),
                    format!("Socks5ProxyUsername {}", credentials.user()),
                    format!("Socks5ProxyPassword {}", credentials.password()),
                ]
            }
        })
    }

    /// What keeps an embedded Tor on this way.
    ///
    /// # Errors
    /// A program cannot be named to it.
    pub(crate) fn way(&self) -> Result<EmbeddedWay, TorProblem> {
        Ok(match self {
            Self::Straight => EmbeddedWay::Straight,
            Self::Bridges(bridges) => bridges.way()?,
            Self::Shadowsocks(held) => {
                let (uplink, _) = &**held;
                EmbeddedWay::Proxy {
                    address: uplink.address(),
                    user: uplink.credentials().user().to_owned(),
                    password: uplink.credentials().password().to_owned(),
                }
            }
        })
    }

    /// Keeps the way open, and says on `publisher` why Tor gets nowhere on it. Pending for ever
    /// where there is nothing to keep.
    ///
    /// # Cancel safety
    /// Dropping it leaves the way as it is.
    pub(crate) async fn keep(&mut self, publisher: &Publisher) -> TorProblem {
        let (uplink, keeper) = match self {
            Self::Straight | Self::Bridges(_) => return std::future::pending().await,
            Self::Shadowsocks(held) => &mut **held,
        };
        let uplink = &*uplink;
        let diagnose = || uplink.diagnose();
        tokio::select! {
            error = keeper.keep(uplink) => TorProblem::ShadowsocksDown(error),
            problem = watch(uplink.running(), diagnose, publisher) => problem,
        }
    }
}

/// Says when the local end does not run, whatever Tor is doing, and looks what is wrong each time
/// that Tor has not heard from a relay for a while.
async fn watch<F: Future<Output = Trouble>>(
    mut running: Receiver<bool>,
    diagnose: impl Fn() -> F,
    publisher: &Publisher,
) -> TorProblem {
    let mut status = publisher.status();
    let mut not_before = Instant::now();
    let mut was_running = true;
    loop {
        let runs = *running.borrow_and_update();
        let silent = silent_since(&status.borrow_and_update()).filter(|_| runs);
        let due = silent.map(|since| since + PATIENCE);
        if !runs {
            publisher.trouble(Some(problem_of(Trouble::Down)));
        } else if due.is_none() || !was_running {
            publisher.trouble(None);
        }
        was_running = runs;
        tokio::select! {
            changed = status.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return TorProblem::Bug("the publisher is gone before its reader"),
            },
            changed = running.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return TorProblem::Bug("the uplink is gone before its reader"),
            },
            () = until(due.map(|due| due.max(not_before))) => {}
        }
        let found = diagnose().await;
        not_before = Instant::now() + LOOK_EVERY;
        // It may have come further while it was looked at.
        if silent_since(&status.borrow()).is_some() {
            publisher.trouble(Some(problem_of(found)));
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Since when Tor has waited for a relay's first word; `None`: it does not.
///
/// By the tag of its phase (control-spec, "Bootstrap phases"): a Tor that starts with a directory
/// from last time does the same at 80 % as another at 5 %, and its tags then begin with `ap_`.
fn silent_since(status: &TorStatus) -> Option<Instant> {
    let TorState::Bootstrapping(at) = &status.state else {
        return None;
    };
    let tag = at.tag.strip_prefix("ap_").unwrap_or(&at.tag);
    (tag == "starting" || tag.starts_with("conn")).then_some(at.since)
}

const fn problem_of(trouble: Trouble) -> TorProblem {
    match trouble {
        Trouble::Down => TorProblem::ShadowsocksDown(meter_uplink::UplinkError::Ended),
        Trouble::Unreachable => TorProblem::ShadowsocksUnreachable,
        Trouble::Silent => TorProblem::ShadowsocksSilent,
    }
}

/// A working server is passed within two round trips.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two looks while nothing changes.
const LOOK_EVERY: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::watch::Sender;

    #[tokio::test]
    async fn a_local_end_that_is_gone_is_told_whatever_tor_is_doing() {
        let publisher = Publisher::new();
        let running = Sender::new(true);
        let gone = problem_of(Trouble::Down);
        let scene = async {
            let mut status = publisher.status();
            for state in [TorState::Starting, TorState::Ready] {
                publisher.progress(state);
                for (runs, told) in [(false, Some(&gone)), (true, None)] {
                    running.send_replace(runs);
                    let told = status.wait_for(|status| status.trouble.as_ref() == told);
                    told.await.unwrap();
                }
            }
        };
        let diagnose = || async { Trouble::Silent };
        tokio::select! {
            problem = watch(running.subscribe(), diagnose, &publisher) => panic!("{problem}"),
            () = scene => {}
        }
    }

    #[test]
    fn a_program_whose_path_a_torrc_cannot_say_is_named_by_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let plain = Path::new("/usr/bin/obfs4proxy");
        let named = |program: &Path| name_for_tor(Transport::Obfs4, program, folder.path());
        assert_eq!(named(plain).unwrap(), "/usr/bin/obfs4proxy");
        let link = folder.path().join("transport-obfs4");
        assert!(link.symlink_metadata().is_err(), "none is needed");
        for odd in ["/opt/my tor/lyrebird", "/home/j\u{fc}rgen/#1/obfs4proxy"] {
            assert_eq!(named(Path::new(odd)).unwrap(), "./transport-obfs4");
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(odd));
        }
    }
}
