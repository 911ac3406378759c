//! What the daemon sends: replies and notices.

use crate::{
    EarlierPage, HexBytes, LedgerDevices, LedgerEnrolled, LedgerLogin, LedgerOffer, LedgerOpened,
    LedgerSecret, Problem, ReceiptsPage, SettingChanged, Settings, SiteCircuit, Status, Traffic,
    U64Text, WireReport, Witness, WitnessSeen,
};
use serde::{Deserialize, Serialize};

/// One message to a client.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FromDaemon {
    /// The answer to one request.
    Reply(Reply),
    /// Something happened.
    Notice(Notice),
}

/// The answer to one request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "RawReply")]
pub struct Reply {
    /// The request's number; `None` when it could not be read from the request.
    pub id: Option<u32>,
    /// Success or error.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A reply as it is written. Reading a flattened field would first keep a copy of the whole
/// message.
#[derive(Deserialize)]
struct RawReply {
    id: Option<u32>,
    #[serde(default)]
    ok: Option<Success>,
    #[serde(default)]
    error: Option<Problem>,
}

impl TryFrom<RawReply> for Reply {
    type Error = &'static str;

    fn try_from(RawReply { id, ok, error }: RawReply) -> Result<Self, Self::Error> {
        let outcome = match (ok, error) {
            (Some(success), None) => Outcome::Ok(success),
            (None, Some(problem)) => Outcome::Error(problem),
            (None, None) | (Some(_), Some(_)) => return Err("either `ok` or `error`"),
        };
        Ok(Self { id, outcome })
    }
}

/// The result of a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The request was done.
    Ok(Success),
    /// The request was not done.
    Error(Problem),
}

/// What a successful request returns.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Success {
    /// Answer to `hello`.
    Hello(HelloReply),
    /// Answer to `status`.
    Status(Box<Status>),
    /// Answer to `reports`.
    Reports(ReportsPage),
    /// Answer to `circuit`.
    Circuit(SiteCircuit),
    /// Answer to `settings`.
    Settings(Settings),
    /// Answer to `change_setting`.
    SettingChanged(SettingChanged),
    /// Answer to `witness`.
    Witness(Witness),
    /// Answer to `witness_seen`.
    WitnessSeen(WitnessSeen),
    /// Answer to `traffic`.
    Traffic(Traffic),
    /// Answer to `ledger_look`.
    LedgerOffer(LedgerOffer),
    /// Answer to `ledger_enrol`.
    LedgerEnrolled(LedgerEnrolled),
    /// Answer to `ledger_policy`: what the ledger signed, body and signature as one text in
    /// hexadecimal.
    LedgerPolicy(String),
    /// Answer to `ledger_invite` and `ledger_recovery`.
    LedgerSecret(LedgerSecret),
    /// Answer to `ledger_devices`.
    LedgerDevices(LedgerDevices),
    /// Answer to `ledger_login`, and to the `take_page` of the extension that gets the page.
    LedgerLogin(LedgerLogin),
    /// Answer to `ledger_open`.
    LedgerOpened(LedgerOpened),
    /// Answer to `receipts`.
    Receipts(ReceiptsPage),
    /// Answer to `earlier_chains`.
    EarlierChains(EarlierPage),
    /// Answer to each request that returns no data.
    Done,
}

/// The daemon's answer to a client's hello.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HelloReply {
    /// The protocol version that both sides use.
    pub protocol: u16,
    /// The daemon's version.
    #[serde(deserialize_with = "crate::plain::line")]
    pub version: String,
    /// The requests that this daemon knows, by name: those of [`crate::Request::NAMES`].
    pub capabilities: Vec<String>,
    /// The public key that signs the reports; absent while the key cannot be used.
    pub key: Option<HexBytes<32>>,
    /// The chain of the reports; absent while the key cannot be used.
    pub chain: Option<HexBytes<16>>,
    /// Details of the daemon. Sent to commands only; older daemons do not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<DaemonParts>,
}

/// Details of a daemon: its program, its Tor and its users.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DaemonParts {
    /// Path of the daemon's program file at the daemon's start. It may be opened; it is not for
    /// display.
    pub program: String,
    /// Whether another file is at that path now.
    pub replaced: bool,
    /// Version of the Tor that is built into the program.
    #[serde(default, deserialize_with = "crate::plain::some_line")]
    pub embedded_tor: Option<String>,
    /// Versions of the connected extensions.
    #[serde(deserialize_with = "crate::plain::lines")]
    pub extensions: Vec<String>,
    /// Connections that the relay serves now.
    pub connections: U64Text,
}

/// Some reports of the chain, in ascending order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportsPage {
    /// The reports.
    pub reports: Vec<WireReport>,
    /// Number of all reports in the book, whether they are in this page or not.
    pub total: U64Text,
}

/// A message that the daemon sends without a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The state changed. Only the latest status matters; earlier ones may be skipped. It carries
    /// the number of reports: a client that has fewer asks for them with `reports`.
    Status(Box<Status>),
    /// Tor's bootstrap made progress.
    Bootstrap(Bootstrap),
    /// The bridge cannot reach the daemon, or the daemon cannot work at all.
    Problem(Problem),
    /// The bridge tells whether the browser that started it has protection below the extension. It
    /// sends nothing when it cannot tell.
    Floor {
        /// Whether the browser reaches nothing when the extension is missing.
        present: bool,
    },
    /// A page of the ledger waits for a browser to open it; `take_page` gives it to the first one
    /// that asks. Sent only to extensions that have said `opens_pages`.
    PageOffered,
}

/// A step of Tor's bootstrap.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bootstrap {
    /// 0 to 100.
    pub percent: u8,
    /// Tor's name for the phase.
    #[serde(deserialize_with = "crate::plain::line")]
    pub tag: String,
    /// Tor's sentence for the phase.
    #[serde(deserialize_with = "crate::plain::line")]
    pub summary: String,
}
