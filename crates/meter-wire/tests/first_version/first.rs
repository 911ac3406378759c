//! What the first extension read, and what it asked (commit bd99be4b). Fields that it did not use
//! are left out; it ignored what it did not know.

use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromDaemon {
    Reply(Reply),
    Notice(Notice),
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Reply {
    pub(crate) id: Option<u32>,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Ok(Success),
    Error(Problem),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Success {
    Hello(HelloReply),
    Status(Box<Status>),
    Reports(ReportsPage),
    Done,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct HelloReply {
    pub(crate) protocol: u16,
    pub(crate) version: String,
    pub(crate) capabilities: Vec<String>,
    pub(crate) key: Option<String>,
    pub(crate) chain: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct ReportsPage {
    pub(crate) reports: Vec<WireReport>,
    pub(crate) total: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct WireReport {
    pub(crate) body: String,
    pub(crate) signature: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    Status(Box<Status>),
    Bootstrap(Bootstrap),
    Problem(Problem),
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Bootstrap {
    pub(crate) percent: u8,
    pub(crate) tag: String,
    pub(crate) summary: String,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) detail: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct Status {
    pub(crate) relay: RelayStatus,
    pub(crate) tor: TorStatus,
    pub(crate) session: Option<SessionStatus>,
    pub(crate) balance: String,
    pub(crate) reports: String,
    pub(crate) thresholds: SetThresholds,
    pub(crate) problem: Option<Problem>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RelayStatus {
    Stopped,
    Listening { port: u16 },
    Failed(Problem),
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct TorStatus {
    pub(crate) backend: Option<TorBackend>,
    pub(crate) version: Option<String>,
    pub(crate) state: TorState,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TorBackend {
    Existing,
    Managed,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TorState {
    Off,
    Starting,
    Bootstrapping {
        percent: u8,
        tag: String,
        summary: String,
        warning: Option<String>,
    },
    Ready,
    Restarting {
        attempt: u32,
        in_ms: u64,
        problem: Problem,
    },
    Stopping,
    Failed(Problem),
}

#[derive(Debug, Deserialize, PartialEq)]
pub(crate) struct SessionStatus {
    pub(crate) started_at: String,
    pub(crate) duration_ms: String,
    pub(crate) bytes_up: String,
    pub(crate) bytes_down: String,
    pub(crate) progress_permille: u16,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetThresholds {
    pub(crate) min_bytes: String,
    pub(crate) min_duration_ms: String,
    pub(crate) max_duration_ms: String,
}

/// What the first extension asked.
pub(crate) const REQUESTS: [&str; 9] = [
    r#"{"id":1,"request":{"hello":{"protocol":{"min":1,"max":1},
        "client":{"name":"extension","version":"0.1.0"},"notices":true}}}"#,
    r#"{"id":2,"request":"status"}"#,
    r#"{"id":3,"request":{"reports":{"after":"0","limit":500}}}"#,
    r#"{"id":4,"request":"tor_start"}"#,
    r#"{"id":5,"request":"tor_stop"}"#,
    r#"{"id":6,"request":"monitor_start"}"#,
    r#"{"id":7,"request":"monitor_stop"}"#,
    r#"{"id":8,"request":{"set_thresholds":{"min_bytes":"100000","min_duration_ms":"30000",
        "max_duration_ms":"600000"}}}"#,
    r#"{"id":9,"request":"ping"}"#,
];
