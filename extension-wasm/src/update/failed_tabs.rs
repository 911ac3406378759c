//! What is known about tabs whose page did not load.

use crate::proxy_value::is_loopback;
use meter_wire::{TorReply, Unreached};

/// Most tabs that are remembered. More would be of nobody who looks.
pub(super) const TABS_MAX: usize = 64;

/// Why the page of a tab did not load.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LoadError {
    /// Nothing answers at the relay's port, so nothing left.
    NoRelay,
    /// The relay was there, and no connection was made. Tor's reason follows with a later status,
    /// if it is certain.
    Unreached(Option<TorReply>),
}

/// A tab that began to load a page.
#[derive(Clone, Debug)]
pub(super) struct LoadingTab {
    pub(super) tab: i32,
    /// What Tor had refused by then; `None` if that is not known.
    pub(super) before: Option<Vec<Unreached>>,
    pub(super) failure: Option<LoadError>,
    /// The tab shows the browser's error.
    pub(super) settled: bool,
}

/// The tabs that load a page or failed to, the latest last. A list, because there are few.
#[derive(Clone, Debug, Default)]
pub struct FailedTabs {
    pub(super) tabs: Vec<LoadingTab>,
}

impl FailedTabs {
    /// Why the page of this tab did not load.
    #[must_use]
    pub fn of(&self, tab: i32) -> Option<LoadError> {
        let mut tabs = self.tabs.iter();
        tabs.find(|found| found.tab == tab)?.failure
    }
}

/// How a page failed, as far as it matters here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NetError {
    /// Nothing answers at the proxy's port.
    NoProxy,
    /// The proxy made no connection, or lost it.
    NoConnection,
}

impl NetError {
    /// Reads a browser's name of an error (`net_error_list.h` of Chromium, `xpc.msg` of Firefox).
    /// `None` for errors in which no proxy has a part, such as a load that a person stopped, or a
    /// `host` that is this computer.
    #[must_use]
    pub fn of(name: &str, host: &str) -> Option<Self> {
        match name {
            _ if is_loopback(host) => None,
            "net::ERR_PROXY_CONNECTION_FAILED" | "NS_ERROR_PROXY_CONNECTION_REFUSED" => {
                Some(Self::NoProxy)
            }
            "net::ERR_SOCKS_CONNECTION_FAILED"
            | "net::ERR_SOCKS_CONNECTION_HOST_UNREACHABLE"
            | "net::ERR_EMPTY_RESPONSE"
            | "net::ERR_CONNECTION_CLOSED"
            | "net::ERR_CONNECTION_RESET"
            | "net::ERR_TIMED_OUT"
            | "net::ERR_CONNECTION_TIMED_OUT"
            | "NS_ERROR_CONNECTION_REFUSED"
            | "NS_ERROR_UNKNOWN_HOST"
            | "NS_ERROR_NET_RESET"
            | "NS_ERROR_NET_INTERRUPT"
            | "NS_ERROR_NET_TIMEOUT" => Some(Self::NoConnection),
            _ => None,
        }
    }
}
