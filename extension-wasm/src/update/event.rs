//! Events: everything that can happen, as plain values.

use super::failed_tabs::NetError;
use super::private::PrivateWindows;
use super::question::Question;
use super::tabs::{OldTabs, PagesTurn};
use crate::proxy_value::{BrowserFamily, ProxyRefusal, Reading};
use meter_wire::{parse, read_value};
use serde::{Deserialize, Serialize};

/// Numbers the connections to the host, so that late messages of an earlier one are ignored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ConnectionId(pub u32);

/// Numbers the orders about the browser's proxy settings. Only the answer to the latest counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ProxyTurn(pub u32);

/// Numbers the pages of this extension that receive a view: popups and pages of their own.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct SubscriberId(pub u32);

/// What a page of this extension shows. It says so when it opens, and receives that view alone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Shows {
    /// Credits, traffic and sessions.
    Dashboard,
    /// What a person can set.
    Options,
    /// The steps until everything works.
    Welcome,
}

impl Shows {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Dashboard, Self::Options, Self::Welcome];

    /// The name of its port, of its folder and of its file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Options => "options",
            Self::Welcome => "welcome",
        }
    }
}

/// The active tab, as the browser shows it to a popup that a person opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tab {
    /// The browser's number for it.
    pub id: i32,
    /// The address of its page.
    pub url: String,
    /// Whether it is in a private window.
    pub private: bool,
}

/// An event.
#[derive(Clone, Debug)]
pub enum Event {
    /// The worker started. This is the first event and comes only once.
    Started(Box<Started>),
    /// The host sent a message.
    Frame {
        /// The connection.
        connection: ConnectionId,
        /// The message as JSON. It may contain anything.
        json: String,
    },
    /// A connection ended without our request.
    Closed {
        /// The connection.
        connection: ConnectionId,
        /// The browser's text, if there was one.
        reason: Option<String>,
    },
    /// The host sent more than can be processed. Nothing of it was read.
    Flooded {
        /// The connection.
        connection: ConnectionId,
    },
    /// A time from [`super::effect::Effect::After`] has passed.
    Timer(Timer),
    /// The browser's alarm, every 30 s.
    Alarm,
    /// A popup opened and wants its view.
    Subscribed(SubscriberId),
    /// A page of its own opened and says what it shows.
    Opened {
        /// The page.
        page: SubscriberId,
        /// The view that it wants.
        shows: Shows,
    },
    /// A page asks the host something.
    Asks {
        /// The page.
        page: SubscriberId,
        /// What it asks.
        question: Question,
    },
    /// The active tab, if the browser shows it; answers [`super::effect::Effect::ReadTab`].
    Tab(Option<Tab>),
    /// A popup or a page has closed.
    Unsubscribed(SubscriberId),
    /// A person clicked.
    Intent(Intent),
    /// The browser could not load the page of a tab.
    PageFailed {
        /// The browser's number of the tab.
        tab: i32,
        /// How it failed.
        error: NetError,
        /// Whether the tab is in a private window.
        private: bool,
    },
    /// A tab begins to load another page.
    PageBegun {
        /// The browser's number of the tab.
        tab: i32,
    },
    /// A tab loads: another page, or the browser's error in place of one.
    TabLoading {
        /// The browser's number of the tab.
        tab: i32,
    },
    /// A tab has closed.
    TabClosed {
        /// The browser's number of the tab.
        tab: i32,
    },
    /// A tab shows its page, which may be the browser's error.
    PageSettled {
        /// The browser's number of the tab.
        tab: i32,
    },
    /// The browser has just started.
    BrowserStarted,
    /// The browser loaded the extension, for the first time or again.
    Loaded,
    /// Whether the button is on the toolbar, if the browser tells; answers
    /// [`super::effect::Effect::ReadToolbar`].
    Toolbar(Option<bool>),
    /// The welcome page tried to make a WebRTC connection, to nobody.
    WebRtc {
        /// How many ways for packets it gathered.
        candidates: u32,
    },
    /// The result of a look at the open pages.
    PagesFound {
        /// Number of the look.
        turn: PagesTurn,
        /// The result.
        found: OldTabs,
    },
    /// The browser's proxy settings changed, by us or by another party.
    ProxyChanged,
    /// An order about the proxy settings was done or refused.
    ProxyAnswered {
        /// Number of the order.
        turn: ProxyTurn,
        /// The settings now, or the reason of the refusal.
        answer: Result<Reading, ProxyRefusal>,
    },
    /// The browser closed the ways past the proxy or refused to, or another extension opened one
    /// again; answers [`super::effect::Effect::HardenPrivacy`] and
    /// [`super::effect::Effect::ReadPrivacy`].
    Hardened {
        /// Whether all of them are closed.
        complete: bool,
    },
    /// What the browser tells about its private windows; answers
    /// [`super::effect::Effect::ReadPrivate`].
    PrivateWindows(PrivateWindows),
    /// The browser's request for a witness ended, with or without an answer.
    Knocked {
        /// Number of the witness.
        number: u32,
        /// Whether it ended for another reason than its time limit.
        in_time: bool,
    },
    /// A request was about to bypass the relay, and was stopped.
    Astray,
    /// Chromium had an error with the proxy.
    ProxyError {
        /// `false` means that a request was sent directly instead.
        fatal: bool,
    },
}

/// What a worker knows when it starts.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// The browser's family.
    pub family: BrowserFamily,
    /// The extension's version, as in its manifest.
    pub version: String,
    /// All of `storage.local`, as JSON.
    pub local: String,
    /// All of `storage.session`, as JSON.
    pub session: String,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Timer {
    /// Connect again, if this many connections have failed in a row and none was begun since.
    Reconnect(u32),
    /// The host must have answered hello by now.
    HelloDue(ConnectionId),
    /// Send the next ping. The last one must have been answered by now.
    Ping(ConnectionId),
    /// What the previous worker knew is no longer shown as current.
    Awake,
    /// Look again for pages that were open before, if this was the last look.
    Pages(PagesTurn),
    /// Send another witness, if this was the last one.
    Witness(u32),
    /// This witness must have ended by now.
    WitnessOver(u32),
    /// The welcome page is open and looks again.
    Welcome,
    /// The badge has shown this addition long enough.
    Flash(u32),
}

/// A request of a person.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Turn protection on.
    TurnOn,
    /// Turn protection off. This is the only reason to clear the proxy settings of all windows.
    TurnOff,
    /// Protect all windows.
    ProtectAll,
    /// Protect private windows only; the others go out directly.
    ProtectPrivateOnly,
    /// Connect to the host again.
    Reconnect,
    /// Read the proxy settings again, and set them again.
    CheckProxy,
    /// Fetch the reports again.
    CheckReports,
    /// Start Tor.
    TorStart,
    /// Ask whether the embedded Tor is to start without its damaged state.
    TorAnew,
    /// Yes: set that state aside and start.
    TorAnewSure,
    /// No, leave it as it is; what was asked back is over.
    Cancel,
    /// Stop Tor.
    TorStop,
    /// Let the host choose a Tor.
    TorAuto,
    /// Use a Tor that already runs.
    TorExisting,
    /// Use the installed Tor.
    TorManaged,
    /// Use the built-in Tor.
    TorEmbedded,
    /// Start relay and Tor.
    RelayStart,
    /// Close the relay.
    RelayStop,
    /// Show the browser's list of extensions.
    OpenExtensions,
    /// Show the browser's page about this extension.
    OpenDetails,
    /// Show the dashboard, in its tab if it has one.
    OpenDashboard,
    /// Show the options, in their tab if they have one.
    OpenOptions,
    /// Show the welcome page, in its tab if it has one.
    OpenWelcome,
    /// Open the Tor Project's page that says whether it was reached through Tor.
    OpenCheck,
    /// The note was seen; remove it.
    Dismiss,
    /// Make new circuits for every site.
    NewIdentity,
    /// Make new circuits for the site in the active tab.
    NewCircuit,
    /// Reload the pages that were open before protection began.
    ReloadPages,
    /// The note about other users was seen; show it again only after their next attempt.
    StrangersSeen,
    /// The note about the missing floor was seen; do not show it again.
    FloorSeen,
    /// Show credits on the badge.
    BadgeCredits,
    /// Show the speed on the badge.
    BadgeSpeed,
    /// Show nothing on the badge while all is well.
    BadgeNothing,
    /// Show what a session brought on the badge, for a moment.
    BadgeFlashes,
    /// Do not.
    BadgeStays,
    /// Say by a notification what was credited.
    TellCredited,
    /// Say nothing about it.
    TellNoCredited,
    /// Say by a notification that Tor is in trouble.
    TellTrouble,
    /// Say nothing about it.
    TellNoTrouble,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 39] = [
        Self::TurnOn,
        Self::TurnOff,
        Self::ProtectAll,
        Self::ProtectPrivateOnly,
        Self::Reconnect,
        Self::CheckProxy,
        Self::CheckReports,
        Self::TorStart,
        Self::TorAnew,
        Self::TorAnewSure,
        Self::Cancel,
        Self::TorStop,
        Self::TorAuto,
        Self::TorExisting,
        Self::TorManaged,
        Self::TorEmbedded,
        Self::RelayStart,
        Self::RelayStop,
        Self::OpenExtensions,
        Self::OpenDetails,
        Self::OpenDashboard,
        Self::OpenOptions,
        Self::OpenWelcome,
        Self::OpenCheck,
        Self::Dismiss,
        Self::NewIdentity,
        Self::NewCircuit,
        Self::ReloadPages,
        Self::StrangersSeen,
        Self::FloorSeen,
        Self::BadgeCredits,
        Self::BadgeSpeed,
        Self::BadgeNothing,
        Self::BadgeFlashes,
        Self::BadgeStays,
        Self::TellCredited,
        Self::TellNoCredited,
        Self::TellTrouble,
        Self::TellNoTrouble,
    ];

    /// Parses a popup's message, `{"intent":"turn_on"}`, strictly.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        let message = parse(json)?;
        let fields = message.as_object().filter(|fields| fields.len() == 1)?;
        let intent = fields.get("intent").filter(|intent| intent.is_string())?;
        read_value(intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intent_has_one_form() {
        assert_eq!(
            Intent::parse(r#"{"intent":"turn_off"}"#),
            Some(Intent::TurnOff)
        );
        for intent in Intent::ALL {
            let name = serde_json::to_string(&intent).expect("a name");
            let json = format!("{{\"intent\":{name}}}");
            assert_eq!(Intent::parse(&json), Some(intent));
        }
        for bad in [
            "",
            "null",
            "\"turn_off\"",
            r#"["turn_off"]"#,
            r#"{"intent":"turn_off","port":1}"#,
            r#"{"intent":"TurnOff"}"#,
            r#"{"intent":"clear"}"#,
            r#"{"intent":["turn_off"]}"#,
            r#"{"intent":"turn_off"}{}"#,
            r#"{}"#,
        ] {
            assert_eq!(Intent::parse(bad), None, "{bad}");
        }
    }
}
