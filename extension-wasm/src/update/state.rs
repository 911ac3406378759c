//! Everything the extension knows between two events.

use super::book::{Book, Identity};
use super::event::{ConnectionId, ProxyTurn, SubscriberId};
use super::private::{Cover, PrivateWindows};
use super::tabs::Pages;
use super::verdict::{Verdict, Witness};
use crate::proxy_value::{Engine, Reading, Refusal};
use meter_wire::{ErrorCode, Problem, RelayStatus, SiteCircuit, Status};
use std::collections::BTreeSet;

/// Everything the extension knows. A value: it holds no port, timer or promise.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The browser's family.
    pub engine: Engine,
    pub(super) version: String,
    /// Whether the person wants protection.
    pub wanted: bool,
    /// The port that the browser was last seen to send everything to.
    pub applied_port: Option<u16>,
    /// A request went past Tor.
    pub bypassed: bool,
    /// Another extension sent requests past the relay, and nobody has asked to check again since.
    pub astray: bool,
    /// The chain of reports was replaced by another.
    pub chain_changed: bool,
    /// The verified reports.
    pub book: Book,
    /// The connection to the host.
    pub host: Host,
    /// The browser's proxy settings.
    pub proxy: Proxy,
    /// Why the last connection ended, until a status was read on another one.
    pub(super) lost: Option<Failure>,
    /// The tabs that were open before it.
    pub pages: Pages,
    /// Whether requests reach the relay.
    pub witness: Witness,
    /// What the browser says of its private windows.
    pub(super) private: PrivateWindows,
    /// The host's refusal of the last thing a person asked for.
    pub told: Option<Problem>,
    /// What the worker before this one last knew; shown until the host speaks.
    pub glimpse: Option<Status>,
    /// A person asked for a new identity and got it; told for as long as a popup is open.
    pub renewed: bool,
    /// The site in the active tab, while a popup is open. Never stored.
    pub site: Option<Site>,
    /// So many connections of other users have been shown to the person and seen.
    pub foreign_seen: u64,
    /// The person was told that this browser has no floor, and has seen it.
    pub floor_seen: bool,

    /// Relay and Tor are to be started as soon as the host is there, if they are not running.
    pub(super) start_due: bool,
    pub(super) last_connection: ConnectionId,
    pub(super) last_request: u32,
    pub(super) last_site: u32,
    /// This worker has been awake for long enough to know things itself.
    pub(super) awake: bool,
    /// A host whose key was repaired was greeted again since the last ping.
    pub(super) greeted_again: bool,
    /// Connections that failed in a row.
    pub(super) failures: u32,
    /// The pages of this extension that are open and drawn.
    pub(super) subscribers: BTreeSet<SubscriberId>,
}

/// The connection to the host.
#[derive(Clone, Debug, Default)]
pub enum Host {
    /// Before the first event.
    #[default]
    Idle,
    /// A port is open, or being opened.
    Linked(Box<Link>),
    /// There is none.
    Gone(Failure),
}

/// One connection and what was said on it. Ends with it.
#[derive(Clone, Debug, Default)]
pub struct Link {
    pub(super) connection: ConnectionId,
    /// Requests without an answer yet.
    pub(super) asked: Vec<(u32, Asked)>,
    /// Whether the browser reaches nothing without this extension, as far as the bridge can tell.
    pub(super) floor: Option<bool>,
    pub(super) greeted: bool,
    pub(super) identity: Option<Identity>,
    /// The host takes reports back that its book has lost.
    pub(super) takes_back: bool,
    /// What was last handed back came after so many reports of the host's.
    pub(super) handed_after: Option<u64>,
    /// The host can say whether a request of ours reached the relay.
    pub(super) witnesses: bool,
    /// The last status; only on a greeted connection.
    pub(super) status: Option<Status>,
    /// What the bridge said is wrong.
    pub problem: Option<Problem>,
}

/// What a request without an answer was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Hello,
    /// Holds how many reports the host must know of by now.
    Status(u64),
    /// Holds how many reports the host had promised by then.
    Reports(u64),
    /// Reports that the host is shown or handed back.
    Restore,
    Command,
    NewIdentity,
    /// With the site's number, as the next.
    Circuit(u32),
    NewCircuit(u32),
    /// With the witness's number, as the next.
    Witness(u32),
    WitnessSeen {
        number: u32,
        /// The browser was done with it before its time was over.
        in_time: bool,
    },
    Ping,
}

/// The site in the active tab.
#[derive(Clone, Debug)]
pub struct Site {
    /// Tells the answers about this one from those about earlier ones.
    pub(super) number: u32,
    pub(super) tab: i32,
    pub(super) host: String,
    /// Its circuit was asked for.
    pub(super) asked: bool,
    /// What the host last said of its circuit.
    pub circuit: Option<SiteCircuit>,
    /// A person asked for a new circuit and got it.
    pub renewed: bool,
}

/// Why there is no connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// The browser knows no such host.
    NotInstalled,
    /// The host does not allow this extension.
    Forbidden,
    /// It could not be started, or ended.
    Stopped,
    /// It runs and gives no answer.
    Silent,
    /// What it answered to the greeting is no answer.
    Unreadable,
    /// It sent more than anybody could read.
    Flooding,
    /// It said why itself.
    Told(Problem),
}

/// The browser's proxy settings, as far as known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proxy {
    pub(super) turn: ProxyTurn,
    pub(super) in_flight: bool,
    /// The last answer.
    pub answer: Option<Result<Reading, Refusal>>,
    /// Why the settings cannot be ours, if that is so.
    pub trouble: Option<ErrorCode>,
    /// This port was set, and no read-back has shown it yet.
    pub(super) tried: Option<u16>,
    pub(super) clear_tried: bool,
    pub(super) hardened: bool,
    /// The browser refused to close a way past the proxy.
    pub privacy_refused: bool,
}

impl State {
    /// What the host says now, on a connection that stands.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match &self.host {
            Host::Linked(link) if link.greeted => link.status.as_ref(),
            Host::Idle | Host::Linked(_) | Host::Gone(_) => None,
        }
    }

    /// Why there is no host that can be understood. A host that fails every time is called again
    /// and again, and its reason stays until a call has succeeded.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match &self.host {
            Host::Gone(failure) => Some(failure),
            Host::Linked(link) if link.status.is_none() && link.problem.is_none() => {
                self.lost.as_ref()
            }
            Host::Idle | Host::Linked(_) => None,
        }
    }

    /// What may be shown of the host, which may be a little old; nothing is decided by it.
    #[must_use]
    pub fn status_to_show(&self) -> Option<&Status> {
        match &self.host {
            Host::Idle | Host::Linked(_) => self.status().or(self.glimpse.as_ref()),
            Host::Gone(_) => None,
        }
    }

    /// The port that the host holds right now, in its own words on this connection.
    #[must_use]
    pub fn relay_port(&self) -> Option<u16> {
        match self.status()?.relay {
            RelayStatus::Listening { port } if port >= RELAY_PORT_MIN => Some(port),
            RelayStatus::Listening { .. } | RelayStatus::Stopped | RelayStatus::Failed(_) => None,
        }
    }

    /// Whether the host names a port that its relay cannot have.
    #[must_use]
    pub fn is_port_refused(&self) -> bool {
        let relay = self.status().map(|status| &status.relay);
        matches!(relay, Some(RelayStatus::Listening { port }) if *port < RELAY_PORT_MIN)
    }

    /// Whether the relay is known not to hold the port of before: the host says so, or it was
    /// looked for after a loss and is not there.
    pub(super) fn relay_is_gone(&self) -> bool {
        match &self.host {
            Host::Idle => false,
            Host::Linked(link) => {
                let told = link.status.is_some() && self.relay_port().is_none();
                told || link.problem.is_some() || self.failures > 1
            }
            Host::Gone(_) => self.failures > 1,
        }
    }

    /// The port that the browser's own read-back says everything goes to.
    #[must_use]
    pub const fn browser_port(&self) -> Option<u16> {
        match self.proxy.answer {
            Some(Ok(Reading::Ours { port })) => Some(port),
            Some(_) | None => None,
        }
    }

    /// The port that the host holds and that the browser sends everything to, where they are one.
    #[must_use]
    pub fn routed_port(&self) -> Option<u16> {
        let port = self.relay_port();
        port.filter(|port| self.browser_port() == Some(*port))
    }

    /// Whether everything holds that "Protected" promises: the person wants it, the relay's port
    /// is open and the host's own, Tor is usable, the browser's read-back names exactly that port,
    /// a request of our own has arrived there, none is known to have gone past it, and no page is
    /// left from before.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.is_routed() && self.pages.are_clear()
    }

    /// As [`Self::is_protected`], for pages that load now.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        let usable = self.status().is_some_and(|status| status.tor.is_usable());
        let arrives = self.witness.verdict() == Verdict::Arrived && !self.astray;
        let set = self.routed_port().is_some();
        self.wanted && usable && set && arrives && !self.bypassed
    }

    /// Where Firefox is to send requests: like the setting, it outlives relay and host.
    #[must_use]
    pub fn route_port(&self) -> Option<u16> {
        self.applied_port.filter(|_| self.wanted)
    }

    /// Whether the relay refused other users of this machine, and the person was not told yet.
    #[must_use]
    pub fn has_strangers_to_tell(&self) -> bool {
        self.status()
            .is_some_and(|status| status.foreign.0 > self.foreign_seen)
    }

    /// Whether this browser has a floor below the extension; `None` where nobody can tell.
    #[must_use]
    pub const fn floor(&self) -> Option<bool> {
        match &self.host {
            Host::Linked(link) => link.floor,
            Host::Idle | Host::Gone(_) => None,
        }
    }

    /// The pages of this extension that are open and drawn.
    #[must_use]
    pub const fn subscribers(&self) -> &BTreeSet<SubscriberId> {
        &self.subscribers
    }

    /// How private windows stand to the rest of the browser.
    #[must_use]
    pub const fn private_windows(&self) -> Cover {
        self.private.cover(self.engine)
    }

    /// Whether the first event is still to come.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.host, Host::Idle)
    }

    /// Whether the worker has just woken up and the host had no time to answer.
    #[must_use]
    pub const fn is_waking(&self) -> bool {
        match &self.host {
            Host::Idle => true,
            Host::Linked(link) => {
                let unknown = link.status.is_none() && link.problem.is_none();
                self.failures == 0 && unknown && !self.awake
            }
            Host::Gone(_) => false,
        }
    }

    /// Whether the worker has just woken up and waits for answers, by the host, the browser or a
    /// witness, while nothing that is known so far speaks against protection.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        let is_young = self.failures == 0 && !self.awake;
        let is_wanted = self.wanted && !self.bypassed && !self.astray && self.pages.count() == 0;
        let is_ours = matches!(self.proxy.answer, None | Some(Ok(Reading::Ours { .. })));
        let may_hold = self.witness.is_untouched() && self.may_be_routed();
        is_young && is_wanted && is_ours && may_hold && !self.is_protected()
    }

    /// Whether the relay may hold the port that the browser is set to, before a usable Tor.
    fn may_be_routed(&self) -> bool {
        let Some(status) = self.status() else {
            return self.is_waking();
        };
        let meets = |port| self.browser_port().is_none_or(|set| set == port);
        status.tor.is_usable() && self.relay_port().is_some_and(meets)
    }

    /// Whether a report did not verify.
    #[must_use]
    pub const fn report_refused(&self) -> bool {
        self.book.refused
    }

    /// Whether the host's balance is not the sum of the reports verified here.
    #[must_use]
    pub const fn balance_differs(&self) -> bool {
        self.book.differs
    }
}

impl Failure {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NotInstalled => ErrorCode::HostNotInstalled,
            Self::Forbidden => ErrorCode::HostForbidden,
            Self::Stopped => ErrorCode::HostStopped,
            Self::Silent => ErrorCode::HostSilent,
            Self::Unreadable => ErrorCode::HostUnreadable,
            Self::Flooding => ErrorCode::HostFlooding,
            Self::Told(problem) => problem.code,
        }
    }
}

impl Proxy {
    /// A new connection is a new reason to try.
    pub(super) const fn allow_another_try(&mut self) {
        self.tried = None;
    }
}

/// `config.toml` takes no port below this one for the relay, and only root may listen there. So
/// what listens there is not the relay, whatever the host says; port 1, where the browser is
/// pointed at nothing, is among them.
const RELAY_PORT_MIN: u16 = 1_024;
