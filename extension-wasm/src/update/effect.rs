//! What is to be done, as plain values.

use super::event::{ConnectionId, ProxyTurn, Timer};
use super::tabs::PagesTurn;
use meter_wire::{RequestEnvelope, WitnessText};

/// One thing to do. The runtime does them in order and decides nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Open a connection to the native host.
    Connect(ConnectionId),
    /// Close a connection.
    Disconnect(ConnectionId),
    /// Send a request.
    Send(ConnectionId, RequestEnvelope),
    /// Say [`super::event::Event::Timer`] after this many milliseconds.
    After(Timer, u32),
    /// Write the proxy settings for this port, read them back and answer.
    ApplyProxy {
        /// Number of the order.
        turn: ProxyTurn,
        /// The relay's port.
        port: u16,
    },
    /// Give the proxy settings back, read them and answer.
    ClearProxy {
        /// Number of the order.
        turn: ProxyTurn,
    },
    /// Read the proxy settings and answer.
    ReadProxy {
        /// Number of the order.
        turn: ProxyTurn,
    },
    /// Ask for this name as for any page, and say [`super::event::Event::Knocked`] after this many
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
    /// Give them back.
    RestorePrivacy,
    /// Mark every page that is open, and answer.
    MarkPages {
        /// Number of the look.
        turn: PagesTurn,
    },
    /// Look which pages are marked, and answer.
    FindPages {
        /// Number of the look.
        turn: PagesTurn,
        /// Tabs without a mark to look for, too.
        unmarked: Vec<i32>,
    },
    /// Load these tabs anew, those in the background when they are looked at; then look which pages
    /// are marked, and answer.
    ReloadPages {
        /// Number of the look.
        turn: PagesTurn,
        /// The tabs.
        tabs: Vec<i32>,
    },
    /// Read which page the active tab shows, and answer.
    ReadTab,
    /// Load the page of the tab with this number anew.
    ReloadTab(i32),
    /// Open the browser's list of extensions.
    OpenExtensions,
    /// Open what the browser shows of this extension, where a person can let it into private
    /// windows.
    OpenDetails,
}
