//! Another way out for Tor's own connections, where the straight one is blocked: bridges or a Shadowsocks
//! server. Never for what browsers send, which goes through Tor as always.
//!
//! A detour belongs to a Tor that we configure. Where one is wanted, no Tor of somebody else is used, and
//! none of ours starts without it: each life of a managed Tor begins with [`Detour::open`], and the
//! lines of [`Opened::torrc`] stay in force until that Tor is gone.
//!
//! An embedded Tor joins here: it opens the same detour before it starts, takes address and credentials of
//! the local end as its `channel.outbound_proxy` and the bridges as its `bridges`, and keeps it open while
//! it lives. Until it does, `Backend::choose` gives none where a detour is wanted.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use meter_uplink::{Keeper, Trouble, Uplink};
use tokio::time::{Instant, sleep_until};

use crate::{
    Bridge, TorProblem, TorState, TorStatus, Transport, desk::Desk, folders::find_program,
};

/// What Tor's own connections take instead of the straight way; the default is the straight way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Detour {
    /// The file of a Shadowsocks server: see `meter_uplink::Uplink::read`. Read at each start of Tor.
    pub shadowsocks: Option<PathBuf>,
    /// Bridges that take the place of Tor's public first relays. Not together with Shadowsocks.
    pub bridges: Vec<Bridge>,
}

/// A detour in use. Dropping it closes it; Tor's proxy is then a port where nobody listens.
/// No `Debug`: bridges are secrets.
pub(crate) struct Opened {
    bridges: Vec<String>,
    uplink: Option<(Uplink, Keeper)>,
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

    /// Looks whether it could be opened, without opening anything; says in a sentence what it is.
    ///
    /// # Errors
    /// Why it could not.
    pub fn check(&self) -> Result<Option<String>, TorProblem> {
        self.check_alone()?;
        bridge_lines(&self.bridges)?;
        let Some(file) = &self.shadowsocks else {
            let count = self.bridges.len();
            let words =
                format!("Tor's own connections go to your bridges ({count}) and to no other relay");
            return Ok((count > 0).then_some(words));
        };
        let server = Uplink::read(file).map_err(TorProblem::ShadowsocksRefused)?;
        let which = match server.listed() {
            1 => String::new(),
            more => format!(", the first of {more} in its file"),
        };
        Ok(Some(format!(
            "Tor's own connections go through your Shadowsocks server ({}{which}); its owner sees your \
             address, when you use Tor and how much, but neither sites nor content",
            server.method()
        )))
    }

    /// Prepares all that Tor needs before it may start.
    ///
    /// # Errors
    /// Why there is no way this way. Tor must not be started then.
    pub(crate) async fn open(&self) -> Result<Opened, TorProblem> {
        self.check_alone()?;
        let bridges = bridge_lines(&self.bridges)?;
        let uplink = match &self.shadowsocks {
            Some(file) => Some(open_uplink(file).await?),
            None => None,
        };
        Ok(Opened { bridges, uplink })
    }

    /// The program of a transport would have to be led through the proxy, too, and not each one can be.
    fn check_alone(&self) -> Result<(), TorProblem> {
        match (&self.shadowsocks, self.bridges.as_slice()) {
            (Some(_), [_, ..]) => Err(TorProblem::TwoDetours),
            (Some(_), []) | (None, _) => Ok(()),
        }
    }
}

/// `UseBridges` above all: with it, Tor connects to nothing but the bridges, whatever becomes of them.
fn bridge_lines(bridges: &[Bridge]) -> Result<Vec<String>, TorProblem> {
    if bridges.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = vec!["UseBridges 1".to_owned()];
    let transports: BTreeSet<_> = bridges.iter().filter_map(Bridge::transport).collect();
    for transport in transports {
        let program = find_transport(transport)?;
        let name = transport.name();
        lines.push(format!("ClientTransportPlugin {name} exec {program}"));
    }
    lines.extend(bridges.iter().map(Bridge::torrc));
    Ok(lines)
}

fn find_transport(transport: Transport) -> Result<String, TorProblem> {
    let mut names = transport.programs().iter();
    let found = names.find_map(|name| find_program(Path::new(name)).ok());
    // Tor splits the line at spaces, and nothing quotes them there.
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+".contains(letter);
    let path = found.and_then(|path| path.to_str().map(str::to_owned));
    path.filter(|path| path.chars().all(is_plain))
        .ok_or(TorProblem::TransportMissing(transport))
}

async fn open_uplink(file: &Path) -> Result<(Uplink, Keeper), TorProblem> {
    let server = Uplink::read(file).map_err(TorProblem::ShadowsocksRefused)?;
    let started = Uplink::start(server).await;
    started.map_err(TorProblem::ShadowsocksDown)
}

impl Opened {
    /// The lines that keep Tor on this way.
    pub(crate) fn torrc(&self) -> Vec<String> {
        let mut lines = self.bridges.clone();
        if let Some((uplink, _)) = &self.uplink {
            let credentials = uplink.credentials();
            lines.extend([
                format!("Socks5Proxy {}", uplink.address()),
                format!("Socks5ProxyUsername {}", credentials.user()),
                format!("Socks5ProxyPassword {}", credentials.password()),
            ]);
        }
        lines
    }

    /// Keeps the way open, and says on `desk` why Tor gets nowhere on it. Pending for ever where there
    /// is nothing to keep.
    ///
    /// # Cancel safety
    /// Dropping it leaves the way as it is.
    pub(crate) async fn keep(&mut self, desk: &Desk) -> TorProblem {
        let Some((uplink, keeper)) = &mut self.uplink else {
            return std::future::pending().await;
        };
        tokio::select! {
            error = keeper.keep(uplink) => TorProblem::ShadowsocksDown(error),
            problem = watch(uplink, desk) => problem,
        }
    }
}

/// Looks what is wrong each time that Tor has not heard from a relay for a while.
async fn watch(uplink: &Uplink, desk: &Desk) -> TorProblem {
    let mut status = desk.status();
    let mut not_before = Instant::now();
    loop {
        let due = silent_since(&status.borrow_and_update()).map(|since| since + PATIENCE);
        if due.is_none() {
            desk.trouble(None);
        }
        tokio::select! {
            changed = status.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return TorProblem::Bug("the desk is gone before its reader"),
            },
            () = until(due.map(|due| due.max(not_before))) => {}
        }
        let found = uplink.diagnose().await;
        not_before = Instant::now() + LOOK_EVERY;
        // It may have come further while it was looked at.
        if silent_since(&status.borrow()).is_some() {
            desk.trouble(Some(problem_of(found)));
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
/// By the tag of its phase (control-spec, "Bootstrap phases"): a Tor that starts with a directory from
/// last time does the same at 80 % as another at 5 %, and its tags then begin with `ap_`.
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
