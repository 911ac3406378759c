//! What a client asks of the daemon. Strict: anything that is not listed here is an error.

use crate::{
    ChangeSetting, EarlierQuery, LedgerEnrol, LedgerLook, LedgerRemove, PROTOCOL, ReceiptsQuery,
    SetThresholds, SiteQuery, U64Text, WireReport, WitnessQuery,
};
use meter_core::Backend;
use serde::{Deserialize, Serialize};

/// A request with its number. The reply repeats the number.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestEnvelope {
    /// Chosen by the client. Replies may come in another order than requests.
    pub id: u32,
    /// The request itself.
    pub request: Request,
}

/// All requests.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Introduces the client. It must be the first request on every connection.
    Hello(Hello),
    /// Asks for the status.
    Status,
    /// Asks for a page of signed reports, in ascending order.
    Reports(ReportsQuery),
    /// Starts Tor, or looks for one that runs.
    TorStart,
    /// Stops a Tor that the daemon started, or stops using one that it found.
    TorStop,
    /// Moves the damaged state of the embedded Tor aside and starts Tor. Refused unless that state
    /// is what keeps Tor from running.
    TorAnew,
    /// Uses this Tor from now on and stores the choice in the settings.
    TorUse(TorUse),
    /// Starts relay and Tor.
    MonitorStart,
    /// Stops the relay. The open session stays open.
    MonitorStop,
    /// Changes the thresholds at which sessions close, until the daemon ends.
    SetThresholds(SetThresholds),
    /// Gives every site new circuits from now on. They cannot be linked with the circuits before.
    NewIdentity,
    /// Asks for the circuit of one site.
    Circuit(SiteQuery),
    /// Gives one site new circuits and cuts its open connections.
    NewCircuit(SiteQuery),
    /// Hands signed reports to the daemon, so that it can check whether its book still contains
    /// them.
    RestoreReports(RestoreReports),
    /// Ends the chain of reports and begins another chain with a new book.
    NewChain,
    /// The same, with a new key. The old one is kept, and signs nothing any more. Refused while an
    /// enrolment is in force.
    NewKey,
    /// Asks for the settings in force.
    Settings,
    /// Changes one setting of `config.toml`, or only checks its value.
    ChangeSetting(ChangeSetting),
    /// Asks for the name that the browser will request, to show that its requests reach the relay.
    Witness,
    /// Asks whether that request arrived. The daemon then forgets the name.
    WitnessSeen(WitnessQuery),
    /// Asks what the relay has passed on since the daemon's start.
    Traffic,
    /// Asks a ledger about its key and its policy.
    LedgerLook(LedgerLook),
    /// Enrols this device with a ledger, whose key the person has seen.
    LedgerEnrol(LedgerEnrol),
    /// Leaves the ledger: nothing more is sent. The receipts stay.
    LedgerLeave,
    /// Sends what waits now.
    LedgerSend,
    /// Asks for the newest policy of the ledger that is stored.
    LedgerPolicy,
    /// Asks the ledger for an invitation that lets another device into the account.
    LedgerInvite,
    /// Asks the ledger for the devices of the account.
    LedgerDevices,
    /// Removes a device from the account.
    LedgerRemove(LedgerRemove),
    /// Asks the ledger for a new recovery code. The one before is worth nothing then.
    LedgerRecovery,
    /// Asks the ledger for a link that signs a browser in.
    LedgerLogin,
    /// The same, and lets a browser open the link by itself, if one can.
    LedgerOpen,
    /// Asks for a page of receipts of the chain in use, in ascending order.
    Receipts(ReceiptsQuery),
    /// Asks for the last reports of the earlier chains of this home.
    EarlierChains(EarlierQuery),
    /// Says that this extension opens pages of the ledger when they are offered.
    OpensPages,
    /// Takes the page that is offered now.
    TakePage,
    /// Does nothing. The daemon only answers.
    Ping,
}

impl Request {
    /// Names of all requests, as they are written in JSON.
    pub const NAMES: [&str; 37] = [
        "hello",
        "status",
        "reports",
        "tor_start",
        "tor_stop",
        "tor_anew",
        "tor_use",
        "monitor_start",
        "monitor_stop",
        "set_thresholds",
        "new_identity",
        "circuit",
        "new_circuit",
        "restore_reports",
        "new_chain",
        "new_key",
        "settings",
        "change_setting",
        "witness",
        "witness_seen",
        "traffic",
        "ledger_look",
        "ledger_enrol",
        "ledger_leave",
        "ledger_send",
        "ledger_policy",
        "ledger_invite",
        "ledger_devices",
        "ledger_remove",
        "ledger_recovery",
        "ledger_login",
        "ledger_open",
        "receipts",
        "earlier_chains",
        "opens_pages",
        "take_page",
        "ping",
    ];
}

/// Introduces a client and the protocol versions it speaks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Protocol versions that the client speaks.
    pub protocol: ProtocolRange,
    /// The client's name and version, only for the log and for hints about updates.
    pub client: Client,
    /// Whether this connection wants notices.
    pub notices: bool,
}

/// Lowest and highest protocol version.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolRange {
    /// Lowest.
    pub min: u16,
    /// Highest.
    pub max: u16,
}

impl ProtocolRange {
    /// The range that this version speaks.
    pub const OURS: Self = Self {
        min: 1,
        max: PROTOCOL,
    };

    /// The highest version in both ranges; `None` if there is no common version.
    #[must_use]
    pub fn common(self, other: Self) -> Option<u16> {
        let highest = self.max.min(other.max);
        (highest >= self.min && highest >= other.min).then_some(highest)
    }

    /// The older side of two that have no version in common.
    #[must_use]
    pub const fn older(program: Self, client: Self) -> &'static str {
        match program.max < client.min {
            true => "program",
            false => "extension",
        }
    }

    /// Names that side in a sentence, and what to do.
    #[must_use]
    pub fn nothing_in_common(program: Self, client: Self) -> String {
        let older = match Self::older(program, client) {
            "program" => "Onionmeter's program",
            _ => "the extension",
        };
        let (program, client) = (program.words(), client.words());
        format!("the program speaks {program} and the extension {client}: update {older}")
    }

    fn words(self) -> String {
        format!("{} to {}", self.min, self.max)
    }
}

/// Name and version of a program.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `extension` or `cli`.
    pub name: String,
    /// Version, as in the program's manifest.
    pub version: String,
}

/// Selects reports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportsQuery {
    /// Only reports with a sequence number above this one.
    pub after: U64Text,
    /// Most reports to return; not above [`crate::REPORTS_PAGE_MAX`].
    pub limit: u16,
}

/// Most reports in one [`RestoreReports`]. That many fit one frame towards the daemon.
pub const RESTORE_MAX: usize = 100;

/// Signed reports of the daemon's own chain that a client has stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RestoreReports {
    /// In ascending order, at most [`RESTORE_MAX`]. An empty list says that the client has no
    /// reports.
    pub reports: Vec<WireReport>,
}

/// Selects the Tor to use.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TorUse {
    /// The only backend to use; `None`: the daemon chooses.
    #[serde(with = "crate::backend::choice")]
    pub backend: Option<Backend>,
}
