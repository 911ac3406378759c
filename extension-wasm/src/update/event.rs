//! What can happen, as plain values.

use super::private::PrivateWindows;
use super::tabs::{OldTabs, PagesTurn};
use crate::proxy_value::{Engine, Reading, Refusal};
use serde::{Deserialize, Serialize};

/// Numbers the connections to the host, so that what an earlier one still says is not believed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ConnectionId(pub u32);

/// Numbers the orders to the browser's proxy settings; only the answer to the latest one counts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ProxyTurn(pub u32);

/// Numbers the pages of this extension that are subscribed to its view: popups.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct SubscriberId(pub u32);

/// The active tab, as the browser shows it to a popup that a person has opened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tab {
    /// The browser's number for it.
    pub id: i32,
    /// The address of its page.
    pub url: String,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The worker woke up; the first event, and only once.
    Started(Box<Started>),
    /// The host said something on a connection.
    Frame {
        /// On which connection.
        connection: ConnectionId,
        /// The message as JSON; anything at all may stand here.
        json: String,
    },
    /// A connection ended, not by our wish.
    Closed {
        /// Which.
        connection: ConnectionId,
        /// The browser's words, if it had any.
        reason: Option<String>,
    },
    /// The host sent more on a connection than anybody could read; nothing of it was read.
    Flooded {
        /// Which.
        connection: ConnectionId,
    },
    /// A time asked for with [`super::effect::Effect::After`] is over.
    Timer(Timer),
    /// The browser's alarm, every 30 s.
    Alarm,
    /// A page of this extension opened and wants to be drawn.
    Subscribed(SubscriberId),
    /// The active tab, as far as the browser shows it; answers [`super::effect::Effect::ReadTab`].
    Tab(Option<Tab>),
    /// Such a page is gone.
    Unsubscribed(SubscriberId),
    /// A person clicked.
    Intent(Intent),
    /// The browser has just started.
    BrowserStarted,
    /// Answers a look at the open pages.
    PagesFound {
        /// Which look.
        turn: PagesTurn,
        /// What it found.
        found: OldTabs,
    },
    /// The browser's proxy settings changed, by us or by anybody.
    ProxyChanged,
    /// An order to the proxy settings was carried out, or was not.
    ProxyAnswered {
        /// Which order.
        turn: ProxyTurn,
        /// What the settings are now, or why the order was refused.
        answer: Result<Reading, Refusal>,
    },
    /// The browser closed the ways past the proxy, or refused to; answers
    /// [`super::effect::Effect::HardenPrivacy`].
    Hardened {
        /// All of them are closed.
        complete: bool,
    },
    /// What the browser says of its private windows; answers
    /// [`super::effect::Effect::ReadPrivate`].
    PrivateWindows(PrivateWindows),
    /// The browser is done with a witness, whether an answer came or not.
    Knocked {
        /// Which.
        number: u32,
        /// Not merely because its time was over.
        in_time: bool,
    },
    /// A request was to go another way than through the relay, and was stopped.
    Astray,
    /// Chromium had trouble with the proxy.
    ProxyError {
        /// `false` means that a request went out directly instead.
        fatal: bool,
    },
}

/// What a waking worker knows.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// The browser's family.
    pub engine: Engine,
    /// The extension's version, as in its manifest.
    pub version: String,
    /// All of `storage.local`, as JSON.
    pub local: String,
    /// All of `storage.session`, as JSON.
    pub session: String,
}

/// What a time was asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Timer {
    /// Connect again, if this many connections have failed in a row and none was begun since.
    Reconnect(u32),
    /// The host must have answered to hello by now.
    HelloDue(ConnectionId),
    /// Send the next ping; the last one must have been answered by now.
    Ping(ConnectionId),
    /// What the worker before this one knew is no longer shown as if it were known now.
    Awake,
    /// Look again whether pages of before are open, if this was the last look.
    Pages(PagesTurn),
    /// Send another witness, if this was the last one.
    Witness(u32),
    /// This witness must have come to its end by now.
    WitnessOver(u32),
}

/// What a person can ask for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Protection on.
    TurnOn,
    /// Protection off; the only reason for which the proxy is cleared.
    TurnOff,
    /// Connect to the host again.
    Reconnect,
    /// Look at the proxy settings again, and set them again.
    CheckProxy,
    /// Fetch the reports again.
    CheckReports,
    /// Start Tor.
    TorStart,
    /// Stop Tor.
    TorStop,
    /// Let the host choose a Tor.
    TorAuto,
    /// Use a Tor that runs.
    TorExisting,
    /// Use the installed one.
    TorManaged,
    /// Use the one that is built in.
    TorEmbedded,
    /// Start relay and Tor.
    MonitorStart,
    /// Show the browser's list of extensions.
    OpenExtensions,
    /// Show what the browser knows of this extension.
    OpenDetails,
    /// Seen; do not show it any longer.
    Dismiss,
    /// New circuits for every site.
    NewIdentity,
    /// New circuits for the site in the active tab.
    NewCircuit,
    /// Load the pages anew that were open before protection began.
    ReloadPages,
    /// Seen that others tried the relay; say it again only when they try again.
    StrangersSeen,
    /// Seen that this browser has no floor; say it no more.
    FloorSeen,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 20] = [
        Self::TurnOn,
        Self::TurnOff,
        Self::Reconnect,
        Self::CheckProxy,
        Self::CheckReports,
        Self::TorStart,
        Self::TorStop,
        Self::TorAuto,
        Self::TorExisting,
        Self::TorManaged,
        Self::TorEmbedded,
        Self::MonitorStart,
        Self::OpenExtensions,
        Self::OpenDetails,
        Self::Dismiss,
        Self::NewIdentity,
        Self::NewCircuit,
        Self::ReloadPages,
        Self::StrangersSeen,
        Self::FloorSeen,
    ];

    /// Parses what a popup sends, `{"intent":"turn_on"}`, strictly.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Message {
            intent: Intent,
        }
        // serde also takes a struct as a bare list; a popup of ours never writes one.
        let is_object = json.trim_start().starts_with('{');
        let message: Option<Message> = serde_json::from_str(json).ok();
        message.filter(|_| is_object).map(|message| message.intent)
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
