//! A detour for Tor's own connections where the direct way is blocked: bridges or a Shadowsocks
//! server. The browser's traffic does not use it; that goes through Tor as always.
//!
//! A detour needs a Tor of ours. If one is configured, no other Tor is used, and no Tor of ours
//! starts without it: each run of a managed or embedded Tor begins with [`Detour::open`]. The
//! result, as torrc lines or as the way in the embedded Tor's first line, stays in force until that
//! Tor ends.
//!
//! Both reach the child through its stdin, and never through arguments, environment or a file. Tor
//! itself stores the addresses of its bridges in its data folder, as it does for any guard.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use meter_core::Backend;
use meter_embedded::{EmbeddedTransport, EmbeddedWay};
use meter_uplink::{Keeper, Server, ServerFault, Trouble, Uplink};
use tokio::{
    sync::watch::Receiver,
    time::{Instant, sleep_until},
};

use crate::{
    Bridge, FolderFault, TorProblem, TorState, TorStatus, Transport, folders::find_program,
    publisher::Publisher,
};

/// What Tor's own connections use instead of the direct way. The default is the direct way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Detour {
    /// The file of a Shadowsocks server: see `meter_uplink::Uplink::read`. It is read at each start
    /// of Tor.
    pub shadowsocks: Option<PathBuf>,
    /// Bridges that replace Tor's public first relays. Not allowed together with Shadowsocks.
    pub bridges: Vec<Bridge>,
}

/// An open detour. Dropping it closes it; Tor's proxy address is then a closed port. Has no
/// `Debug`: bridges are secrets.
pub(crate) enum Opened {
    /// No detour is configured.
    Straight,
    Bridges(Bridges),
    Shadowsocks(Box<(Uplink, Keeper)>),
}

/// Usable bridges, and the programs for their transports without duplicates.
pub(crate) struct Bridges {
    bridges: Vec<Bridge>,
    programs: Vec<(Transport, PathBuf)>,
}

impl Detour {
    /// Whether a detour is configured.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        let Self {
            shadowsocks,
            bridges,
        } = self;
        shadowsocks.is_some() || !bridges.is_empty()
    }

    /// Checks whether the detour could be opened for a Tor of this kind, without opening anything.
    /// Returns a sentence that describes it.
    ///
    /// # Errors
    /// The reason why it could not be opened.
    pub fn check(&self, backend: Backend) -> Result<Option<String>, TorProblem> {
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

    /// Checks the text of a Shadowsocks server, as it would be read from its file.
    ///
    /// # Errors
    /// The reason why it names no usable server. It repeats nothing of the text.
    pub fn check_server(text: &str) -> Result<(), ServerFault> {
        Server::parse(text).map(drop)
    }

    /// Prepares everything that a Tor of this kind needs before its start.
    ///
    /// # Errors
    /// The reason why the detour cannot be used. Tor must not be started then.
    pub(crate) async fn open(&self, backend: Backend) -> Result<Opened, TorProblem> {
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

    /// With both, the transport's program would have to use the proxy, too, and not every program
    /// can.
    fn check_kind(&self, backend: Backend) -> Result<(), TorProblem> {
        if self.is_wanted() && backend == Backend::Existing {
            return Err(TorProblem::DetourNeedsOwnTor);
        }
        match (&self.shadowsocks, self.bridges.as_slice()) {
            (Some(_), [_, ..]) => Err(TorProblem::TwoDetours),
            (Some(_), []) | (None, _) => Ok(()),
        }
    }

    fn bridges(&self, backend: Backend) -> Result<Option<Bridges>, TorProblem> {
        if self.bridges.is_empty() {
            return Ok(None);
        }
        let needs_fingerprint = backend == Backend::Embedded;
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

/// The name of a program for a torrc: its path if that is plain, else a link in `folder`, where
/// `tor` runs. `tor` splits the line at spaces and ends it at `#`, and quotes do not help there.
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
    /// `UseBridges` is the essential line: with it, Tor connects only to the bridges, even if they
    /// fail.
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

    /// The embedded Tor takes paths as text.
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
    /// The torrc lines that keep a managed Tor, which runs in `folder`, on this detour.
    ///
    /// # Errors
    /// When the link that names a program could not be made there.
    pub(crate) fn torrc(&self, folder: &Path) -> Result<Vec<String>, TorProblem> {
        Ok(match self {
            Self::Straight => Vec::new(),
            Self::Bridges(bridges) => bridges
                .torrc(folder)
                .map_err(|error| TorProblem::DataDirUnusable(FolderFault::of(&error)))?,
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

    /// The description that keeps an embedded Tor on this detour.
    ///
    /// # Errors
    /// When the path of a program is not text.
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

    /// Keeps the detour open, and reports on `publisher` why Tor makes no progress on it. Pending
    /// for ever where there is nothing to keep.
    ///
    /// # Cancel safety
    /// Dropping this future does not change the detour.
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

/// Reports when the local end does not run, whatever Tor is doing. Looks for the cause whenever Tor
/// has had no answer from a relay for a while.
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
        // Tor may have made progress during the diagnosis.
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

/// The time since when Tor waits for the first answer of a relay; `None` if it does not wait.
///
/// Decided by the tag of the phase (control-spec, "Bootstrap phases"). A Tor that starts with an
/// older directory is at 80 % where another is at 5 %; its tags then begin with `ap_`.
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

/// A working server answers within two round trips.
const PATIENCE: Duration = Duration::from_secs(6);
/// Pause between two diagnoses while nothing changes.
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
                for (runs, trouble) in [(false, Some(&gone)), (true, None)] {
                    running.send_replace(runs);
                    let seen = status.wait_for(|status| status.trouble.as_ref() == trouble);
                    seen.await.unwrap();
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
