//! Everything that the extension knows between two events.

use super::event::{ConnectionId, ProxyTurn, Shows, SubscriberId};
use super::failed_tabs::FailedTabs;
use super::flash_state::Flash;
use super::host_error::HostError;
use super::preferences::{Preferences, Speed};
use super::private::PrivateWindows;
use super::receipts::Receipts;
use super::tabs::Pages;
use super::verdict::Witness;
use super::verified_reports::{HostChain, VerifiedReports};
use super::welcome_state::Welcome;
use crate::proxy_value::{BrowserFamily, ProxyRefusal, Reading, Windows};
use litemap::LiteMap;
use meter_wire::{EarlierSum, ErrorCode, HexBytes, Problem, RelayStatus, SiteCircuit, Status};

/// Everything that the extension knows. A plain value without ports, timers or promises.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The browser's family.
    pub family: BrowserFamily,
    pub(super) version: String,
    /// Whether the person wants protection.
    pub wanted: bool,
    /// Which windows the person wants to be protected.
    pub windows: Windows,
    /// The port to which the browser sent everything when that was last checked.
    pub applied_port: Option<u16>,
    /// A request went past Tor.
    pub bypassed: bool,
    /// Another extension sent requests past the relay, and the person has not asked for a new check
    /// since.
    pub astray: bool,
    /// The chain of reports was replaced by another one.
    pub chain_changed: bool,
    /// The verified reports.
    pub reports: VerifiedReports,
    /// The verified receipts, while the host is enrolled with a ledger.
    pub receipts: Receipts,
    /// The connection to the host.
    pub host: Host,
    /// The browser's proxy settings.
    pub proxy: Proxy,
    /// The reason why the last connection ended, until a later connection brings a status.
    pub(super) lost: Option<HostError>,
    /// Tabs that were open before protection.
    pub pages: Pages,
    /// Whether requests reach the relay.
    pub witness: Witness,
    /// What the browser tells about its private windows.
    pub(super) private: PrivateWindows,
    /// The tabs whose page did not load.
    pub failed: FailedTabs,
    /// What the welcome page shows besides the rest.
    pub welcome: Welcome,
    /// The host's refusal of a person's last request.
    pub refusal: Option<Problem>,
    /// A person asked for a new start without Tor's damaged state, and has not confirmed it yet.
    pub anew_asked: bool,
    /// The last status that the previous worker knew. Shown until the host sends one.
    pub last_known: Option<Status>,
    /// A person asked for a new identity and got it; shown while a popup is open.
    pub renewed: bool,
    /// The site in the active tab, while a popup is open. Never stored.
    pub site: Option<Site>,
    /// How many connections of other users the person has seen in the note.
    pub foreign_seen: u64,
    /// Whether the browser reaches nothing without this extension, as far as a bridge has told. It
    /// stays true until the browser ends.
    pub(super) floor: Option<bool>,
    /// The person has seen the note that this browser has no floor.
    pub floor_seen: bool,
    /// What the person chose about badge and notifications.
    pub preferences: Preferences,
    /// How fast bytes move.
    pub speed: Speed,
    /// What a session has just brought.
    pub flash: Flash,

    /// Relay and Tor must be started as soon as the host is there, if they do not run.
    pub(super) start_due: bool,
    pub(super) last_connection: ConnectionId,
    pub(super) last_request: u32,
    pub(super) last_site: u32,
    /// This worker has run long enough to have its own knowledge.
    pub(super) awake: bool,
    /// A host with a repaired key was greeted again since the last ping.
    pub(super) greeted_again: bool,
    /// A page of the ledger was taken since the last ping.
    pub(super) page_taken: bool,
    /// Connections that failed in a row.
    pub(super) failures: u32,
    /// The open popups.
    pub(super) subscribers: LiteMap<SubscriberId, ()>,
    /// The open pages of their own, with what they show.
    pub(super) pages_of_ours: LiteMap<SubscriberId, Shows>,
    /// The questions that wait for an answer: by the request's number, the page and its own number.
    pub(super) questions: LiteMap<u32, (SubscriberId, u32)>,
}

/// The connection to the host.
#[derive(Clone, Debug, Default)]
pub enum Host {
    /// Before the first event.
    #[default]
    Idle,
    /// A port is open, or being opened.
    Linked(Box<Link>),
    /// There is no connection.
    Gone(HostError),
}

/// One connection and what was learned on it. It ends with the connection.
#[derive(Clone, Debug, Default)]
pub struct Link {
    pub(super) connection: ConnectionId,
    /// Requests that wait for their answer.
    pub(super) asked: Vec<(u32, Asked)>,
    pub(super) greeted: bool,
    pub(super) host_chain: Option<HostChain>,
    /// Whether the host accepts reports that its book has lost.
    pub(super) takes_back: bool,
    /// The number of the host's reports after which something was last handed back.
    pub(super) handed_after: Option<u64>,
    /// What the host said about earlier chains, and with which account, when it was asked for them.
    pub(super) earlier_asked: Option<(EarlierSum, Option<HexBytes<16>>)>,
    /// Whether the host moves the damaged state of the embedded Tor aside when asked.
    pub(super) sets_aside: bool,
    /// Whether the host can tell if a request of ours reached the relay.
    pub(super) witnesses: bool,
    /// The last status. Only after hello was answered.
    pub(super) status: Option<Status>,
    /// The problem that the bridge reported.
    pub problem: Option<Problem>,
}

/// The type of a request that waits for its answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Hello,
    /// Holds how many reports the host must know by now.
    Status(u64),
    /// Holds how many reports the host had promised by then.
    Reports(u64),
    Receipts,
    /// Holds how many earlier chains were skipped.
    Earlier(u32),
    /// Reports that were shown or handed back to the host.
    Restore,
    Command,
    NewIdentity,
    /// With the number of the site; so has the next one.
    Circuit(u32),
    NewCircuit(u32),
    /// With the number of the witness; so has the next one.
    Witness(u32),
    /// A page's own request.
    Question,
    /// About pages of the ledger that this browser opens.
    LedgerPage,
    WitnessSeen {
        number: u32,
        /// Whether the browser's request ended before its time limit.
        in_time: bool,
    },
    Ping,
}

/// The site in the active tab.
#[derive(Clone, Debug)]
pub struct Site {
    /// Tells answers about this site from those about earlier ones.
    pub(super) number: u32,
    pub(super) tab: i32,
    pub(super) private: bool,
    pub(super) host: String,
    /// Whether its circuit was asked for.
    pub(super) asked: bool,
    /// The circuit that the host last reported.
    pub circuit: Option<SiteCircuit>,
    /// A person asked for a new circuit and got it.
    pub renewed: bool,
}

impl Site {
    /// The browser's number of the tab.
    #[must_use]
    pub const fn tab(&self) -> i32 {
        self.tab
    }
}

/// The browser's proxy settings, as far as they are known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proxy {
    pub(super) turn: ProxyTurn,
    pub(super) in_flight: bool,
    /// The last answer.
    pub answer: Option<Result<Reading, ProxyRefusal>>,
    /// The reason why the settings cannot be ours, if there is one.
    pub trouble: Option<ErrorCode>,
    /// A port that was set and that the browser has not confirmed yet.
    pub(super) tried: Option<u16>,
    pub(super) clear_tried: bool,
    pub(super) hardened: bool,
    /// Whether the browser has not answered yet.
    pub(super) hardening: bool,
    /// Whether the browser refused to close a way past the proxy.
    pub privacy_refused: bool,
}

impl State {
    /// The host's current status, on an open connection.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        match &self.host {
            Host::Linked(link) if link.greeted => link.status.as_ref(),
            Host::Idle | Host::Linked(_) | Host::Gone(_) => None,
        }
    }

    /// The reason why there is no usable host. If the host fails every time, it is called again and
    /// again; the reason stays until a call succeeds.
    #[must_use]
    pub fn host_error(&self) -> Option<&HostError> {
        match &self.host {
            Host::Gone(error) => Some(error),
            Host::Linked(link) if link.status.is_none() && link.problem.is_none() => {
                self.lost.as_ref()
            }
            Host::Idle | Host::Linked(_) => None,
        }
    }

    /// The status to show, which may be slightly old. No decision uses it.
    #[must_use]
    pub fn status_to_show(&self) -> Option<&Status> {
        match &self.host {
            Host::Idle | Host::Linked(_) => self.status().or(self.last_known.as_ref()),
            Host::Gone(_) => None,
        }
    }

    /// The port that the host holds now, as it reports on this connection.
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

    /// Whether the relay is known not to hold the earlier port: the host says so, or the host was
    /// not found after a loss.
    pub(super) fn relay_is_gone(&self) -> bool {
        match &self.host {
            Host::Idle => false,
            Host::Linked(link) => {
                let is_closed = link.status.is_some() && self.relay_port().is_none();
                is_closed || link.problem.is_some() || self.failures > 1
            }
            Host::Gone(_) => self.failures > 1,
        }
    }

    /// The port to which everything goes according to the browser.
    #[must_use]
    pub const fn browser_port(&self) -> Option<u16> {
        match self.proxy.answer {
            Some(Ok(Reading::Ours { port })) => Some(port),
            Some(_) | None => None,
        }
    }

    /// The port that the host holds and to which the browser sends everything; `None` if they
    /// differ.
    #[must_use]
    pub fn routed_port(&self) -> Option<u16> {
        let port = self.relay_port();
        port.filter(|port| self.browser_port() == Some(*port))
    }

    /// Whether the relay refused other users of this machine and the person has not seen that yet.
    #[must_use]
    pub fn has_strangers_to_tell(&self) -> bool {
        self.status()
            .is_some_and(|status| status.foreign.0 > self.foreign_seen)
    }

    /// Whether this browser has a floor below the extension; `None` if that is not known.
    #[must_use]
    pub const fn floor(&self) -> Option<bool> {
        self.floor
    }

    /// Whether this browser is known to have a floor.
    pub(crate) fn has_floor(&self) -> bool {
        self.floor == Some(true)
    }

    /// The open pages of their own, with what they show.
    #[must_use]
    pub const fn pages_of_ours(&self) -> &LiteMap<SubscriberId, Shows> {
        &self.pages_of_ours
    }

    /// The chain that the host signs, and its key.
    #[must_use]
    pub const fn host_chain(&self) -> Option<&HostChain> {
        match &self.host {
            Host::Linked(link) => link.host_chain.as_ref(),
            Host::Idle | Host::Gone(_) => None,
        }
    }

    /// The open popups.
    #[must_use]
    pub const fn subscribers(&self) -> &LiteMap<SubscriberId, ()> {
        &self.subscribers
    }

    /// Whether the host can move the damaged state of the embedded Tor aside.
    #[must_use]
    pub const fn host_sets_state_aside(&self) -> bool {
        matches!(&self.host, Host::Linked(link) if link.sets_aside)
    }

    /// Whether the first event has not come yet.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.host, Host::Idle)
    }

    /// Whether the worker has just started and the host had no time to answer.
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

    /// Whether the worker has just started and waits for host, browser or witness, while nothing
    /// known so far contradicts protection.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        let is_young = self.failures == 0 && !self.awake;
        let is_wanted = self.wanted && !self.bypassed && !self.astray && self.pages.count() == 0;
        let is_ours = matches!(self.proxy.answer, None | Some(Ok(Reading::Ours { .. })));
        let may_hold = self.witness.is_untouched() && self.may_be_routed();
        is_young && is_wanted && is_ours && may_hold && !self.is_protected()
    }

    /// Whether the relay may hold the port that the browser is set to, in front of a usable Tor.
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
        self.reports.refused
    }

    /// Whether the host's balance differs from the sum of the reports verified here.
    #[must_use]
    pub const fn balance_differs(&self) -> bool {
        self.reports.differs
    }
}

impl Proxy {
    /// Allows one more try, because there is a new connection.
    pub(super) const fn allow_another_try(&mut self) {
        self.tried = None;
    }
}

/// `config.toml` accepts no lower port for the relay, and only root may listen there. So a program
/// that listens there is not the relay, whatever the host says. Port 1, to which the browser is set
/// when nothing must be reached, is one of them.
const RELAY_PORT_MIN: u16 = 1_024;
