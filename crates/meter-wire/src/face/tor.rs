//! Tor, the relay and the session in progress.

use super::{PlainNumber, ThresholdsNow};
use crate::{HexBytes, Problem, TorTrouble, U64Text, WireBackend};
use serde::{Deserialize, Serialize};

/// `GET /api/tor/status`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TorNow {
    /// `off`, `starting`, `bootstrapping`, `ready`, `restarting`, `stopping` or `failed`.
    pub state: &'static str,
    /// Whether pages can be loaded through Tor, as far as is known.
    pub is_usable: bool,
    /// The progress of the bootstrap, 0 to 100.
    pub percent: u8,
    /// Tor's sentence about it; `null` unless it is connecting.
    pub summary: Option<String>,
    /// The Tor in use.
    pub backend: Option<WireBackend>,
    /// Its version.
    pub version: Option<String>,
    /// Why it failed or restarts.
    pub problem: Option<Problem>,
    /// Why a running Tor cannot be used.
    pub trouble: Option<TorTrouble>,
    /// The relay.
    pub relay: RelayNow,
    /// The key that signs the reports; `null` while it cannot be used.
    pub key: Option<HexBytes<32>>,
    /// The chain of the reports: the id for `/api/sessions/balance/{id}`.
    pub chain: Option<HexBytes<16>>,
}

/// The relay that counts.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelayNow {
    /// Whether its port is open.
    pub is_listening: bool,
    /// The port on 127.0.0.1.
    pub port: Option<u16>,
    /// Why it could not start.
    pub problem: Option<Problem>,
}

/// `GET /api/tor/traffic-config`: what to enter as a proxy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficConfig {
    /// As a URL: names are resolved by Tor, not by the program.
    pub proxy_server: String,
    /// The port.
    pub proxy_port: u16,
    /// The address.
    pub host: String,
    /// What a program may reach directly: this computer only.
    pub bypass_list: Vec<String>,
}

/// `GET /api/tor/traffic-stats`: totals since the daemon's start. "In" is from Tor to programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrafficStats {
    /// Payload bytes from Tor to programs.
    pub total_bytes_in: PlainNumber,
    /// The same as text.
    pub total_bytes_in_text: U64Text,
    /// Payload bytes from programs to Tor.
    pub total_bytes_out: PlainNumber,
    /// The same as text.
    pub total_bytes_out_text: U64Text,
    /// Connections that the relay accepted.
    pub total_connections: PlainNumber,
    /// The same as text.
    pub total_connections_text: U64Text,
    /// Connections that are open now.
    pub active_connections: PlainNumber,
}

/// `GET /api/tor/monitoring/stats`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringStats {
    /// Whether the relay is open and counts.
    pub is_monitoring: bool,
    /// Bytes of the session in progress, both directions together.
    pub accumulated_bytes: PlainNumber,
    /// The same as text.
    pub accumulated_bytes_text: U64Text,
    /// Seconds of the session in progress, rounded down.
    pub accumulated_seconds: PlainNumber,
    /// Progress of that session towards its report, in thousandths.
    pub progress_permille: u16,
    /// Signed reports.
    pub submitted_sessions: PlainNumber,
    /// The same as text.
    pub submitted_sessions_text: U64Text,
    /// Credits of the signed reports, exactly, for people: `4.575`.
    pub credits: String,
    /// The same in nanocredits.
    pub nanocredits: U64Text,
    /// When a session closes.
    pub thresholds: ThresholdsNow,
    /// What keeps the daemon from its work, if anything does.
    pub problem: Option<Problem>,
}

/// `?minutes=N`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// How many minutes, the current one included; not parsed yet.
    pub minutes: Option<String>,
}

/// `GET /api/tor/activity`: bytes by the minute, as far as this server has seen them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// One entry for each minute, the oldest first; minutes without traffic have zeros.
    pub minutes: Vec<ActivityMinute>,
    /// Since when this server counts, in milliseconds since 1970. Earlier minutes are zero because
    /// nothing is known about them.
    pub since: PlainNumber,
}

/// One minute.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivityMinute {
    /// Its beginning, in milliseconds since 1970.
    pub start: PlainNumber,
    /// Bytes from Tor to programs.
    pub bytes_in: PlainNumber,
    /// The same as text.
    pub bytes_in_text: U64Text,
    /// Bytes from programs to Tor.
    pub bytes_out: PlainNumber,
    /// The same as text.
    pub bytes_out_text: U64Text,
}

/// The answer to a command: it was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Done {
    /// Always `true`.
    pub done: bool,
}
