//! Effects: what the runtime must do, as plain values.

use super::event::{ConnectionId, ProxyTurn, Shows, SubscriberId, Timer};
use super::tabs::PagesTurn;
use crate::proxy_value::Windows;
use meter_wire::{RequestEnvelope, WitnessText};

/// One effect. The runtime runs effects in order and decides nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Open a connection to the native host.
    Connect(ConnectionId),
    /// Close a connection.
    Disconnect(ConnectionId),
    /// Send a request.
    Send(ConnectionId, RequestEnvelope),
    /// Send [`super::event::Event::Timer`] after this many milliseconds.
    After(Timer, u32),
    /// Write the proxy settings for this port, read them back and answer. In Chromium, what is set
    /// for the other choice of windows is cleared as soon as these are in force, and not before.
    ApplyProxy {
        /// Number of the order.
        turn: ProxyTurn,
        /// The relay's port.
        port: u16,
        /// The windows that are to be protected.
        windows: Windows,
    },
    /// Return control of the proxy settings in all windows, read them and answer.
    ClearProxy {
        /// Number of the order.
        turn: ProxyTurn,
        /// The windows about which to answer.
        windows: Windows,
    },
    /// Read the proxy settings and answer.
    ReadProxy {
        /// Number of the order.
        turn: ProxyTurn,
        /// The windows about which to answer.
        windows: Windows,
    },
    /// Request this name like any page, and send [`super::event::Event::Knocked`] after this many
    /// milliseconds at the latest.
    Knock {
        /// Number of the witness.
        number: u32,
        /// The name.
        name: WitnessText,
        /// Milliseconds.
        max_ms: u32,
    },
    /// Read whether private windows are covered, and answer.
    ReadPrivate,
    /// Close the ways past the proxy: WebRTC and DNS prefetching.
    HardenPrivacy,
    /// Read whether they are still closed, and answer.
    ReadPrivacy,
    /// Return control of these settings.
    RestorePrivacy,
    /// Mark every page that is open, and answer.
    MarkPages {
        /// Number of this look at the pages.
        turn: PagesTurn,
    },
    /// Find out which pages are marked, and answer.
    FindPages {
        /// Number of this look at the pages.
        turn: PagesTurn,
        /// Tabs without a mark that must be looked for, too.
        unmarked: Vec<i32>,
    },
    /// Reload these tabs; those in the background load when they are opened. Then find out which
    /// pages are marked, and answer.
    ReloadPages {
        /// Number of this look at the pages.
        turn: PagesTurn,
        /// The tabs.
        tabs: Vec<i32>,
    },
    /// Mark the button for a tab whose page did not load, or take that mark away.
    MarkTab {
        /// The browser's number of the tab.
        tab: i32,
        /// Whether its page did not load.
        failed: bool,
    },
    /// Read which page the active tab shows, and answer.
    ReadTab,
    /// Reload the page in the tab with this number.
    ReloadTab(i32),
    /// Read whether the button is on the toolbar, and answer.
    ReadToolbar,
    /// Open the Tor Project's page that says whether it was reached through Tor.
    OpenCheck,
    /// Open the browser's list of extensions.
    OpenExtensions,
    /// Open the browser's page about this extension, where a person can allow it in private
    /// windows.
    OpenDetails,
    /// Show a page of ours: in front the tab that it has, or a new one.
    OpenPage(Shows),
    /// Open a page of the ledger in a new tab, in front.
    OpenLink {
        /// Its address.
        url: String,
        /// Whether only private windows are protected, so that it opens in one.
        in_private: bool,
    },
    /// Give a page the answer to its question.
    Answer {
        /// The page.
        to: SubscriberId,
        /// Its number for the question.
        number: u32,
        /// The host's answer as it came, `{"reply":{"id":1,"ok":…}}`, or an error of ours in that
        /// form.
        frame: String,
    },
}
