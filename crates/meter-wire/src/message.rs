//! What the daemon says: replies and notices.

use crate::{
    HexBytes, Problem, Settings, SiteCircuit, Status, U64Text, WireReport, Witness, WitnessSeen,
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
pub struct Reply {
    /// The request's number; absent when the request was too broken to have one.
    pub id: Option<u32>,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a request went.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Ok(Success),
    /// Not done.
    Error(Problem),
}

/// What a request that went well returns.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Success {
    /// To `hello`.
    Hello(HelloReply),
    /// To `status`.
    Status(Box<Status>),
    /// To `reports`.
    Reports(ReportsPage),
    /// To `circuit`.
    Circuit(SiteCircuit),
    /// To `settings`.
    Settings(Settings),
    /// To `witness`.
    Witness(Witness),
    /// To `witness_seen`.
    WitnessSeen(WitnessSeen),
    /// To everything that only has to be done.
    Done,
}

/// The daemon introduces itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HelloReply {
    /// The protocol version both speak.
    pub protocol: u16,
    /// The daemon's version.
    #[serde(deserialize_with = "crate::plain::line")]
    pub version: String,
    /// What it can do, by name: the requests of [`crate::Request::NAMES`].
    pub capabilities: Vec<String>,
    /// The public key that signs its reports; absent while the key cannot be used.
    pub key: Option<HexBytes<32>>,
    /// The chain its reports belong to; absent as above.
    pub chain: Option<HexBytes<16>>,
    /// What it is made of; told to commands alone, and by no older daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<DaemonParts>,
}

/// What a daemon is made of, and who uses it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DaemonParts {
    /// The file of its program, as it was when the daemon started. To be opened, not to be shown.
    pub program: String,
    /// Whether that file is another one by now.
    pub replaced: bool,
    /// Version of the Tor that is built into it.
    #[serde(default, deserialize_with = "crate::plain::some_line")]
    pub embedded_tor: Option<String>,
    /// Versions of the extensions that are attached.
    #[serde(deserialize_with = "crate::plain::lines")]
    pub extensions: Vec<String>,
    /// Connections that the relay serves.
    pub connections: U64Text,
}

/// Some reports of the chain, in ascending order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportsPage {
    /// The reports.
    pub reports: Vec<WireReport>,
    /// Reports in the book, whether in this page or not.
    pub total: U64Text,
}

/// Something happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The state changed. Only the latest matters; earlier ones may be skipped. It holds the number
    /// of reports: a client that has fewer asks for `reports`.
    Status(Box<Status>),
    /// Tor's bootstrap went on.
    Bootstrap(Bootstrap),
    /// The bridge cannot reach the daemon, or the daemon cannot work at all.
    Problem(Problem),
    /// The bridge says of the browser that started it whether something stands below the
    /// extension; nothing where it cannot tell.
    Floor {
        /// Whether the browser reaches nothing without the extension.
        present: bool,
    },
}

/// A step of Tor's bootstrap.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bootstrap {
    /// 0 to 100.
    pub percent: u8,
    /// Tor's word for the phase.
    #[serde(deserialize_with = "crate::plain::line")]
    pub tag: String,
    /// Tor's sentence for the phase.
    #[serde(deserialize_with = "crate::plain::line")]
    pub summary: String,
}
