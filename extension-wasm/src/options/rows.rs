//! Which settings the options' page has, and how each is changed.

use crate::text::{Key, key};
use serde::Serialize;

/// How a setting is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// On or off.
    Switch,
    /// One of some values.
    Choice,
    /// One of the countries, by their names in the person's language.
    Country,
    /// A line of text.
    Line,
    /// Bridges, pasted.
    Bridges,
    /// A Shadowsocks server, pasted.
    Server,
    /// By a command only; the page shows which.
    Command,
    /// The page has a form of its own for it.
    Elsewhere,
}

/// What the page knows of one setting.
pub(super) struct Row {
    pub(super) key: &'static str,
    pub(super) group: &'static str,
    pub(super) kind: Kind,
    pub(super) label: Key,
    pub(super) about: Key,
}

const fn row(key: &'static str, group: &'static str, kind: Kind, label: Key, about: Key) -> Row {
    Row {
        key,
        group,
        kind,
        label,
        about,
    }
}

/// Every setting, in the order of the page. A test compares it with `config.example.toml`.
pub(super) const ROWS: [Row; 21] = [
    row(
        "tor.bridges",
        "way",
        Kind::Bridges,
        key("set_bridges"),
        key("set_bridges_about"),
    ),
    row(
        "tor.shadowsocks",
        "way",
        Kind::Server,
        key("set_server"),
        key("set_server_about"),
    ),
    row(
        "tor.exit_country",
        "exit",
        Kind::Country,
        key("set_exit"),
        key("set_exit_about"),
    ),
    row(
        "ledger.badge",
        "badge",
        Kind::Choice,
        key("set_badge"),
        key("set_badge_about"),
    ),
    row(
        "daemon.desktop_notice",
        "notices",
        Kind::Switch,
        key("set_desktop"),
        key("set_desktop_about"),
    ),
    row(
        "ledger.delay_max_s",
        "ledger",
        Kind::Line,
        key("set_delay"),
        key("set_delay_about"),
    ),
    row(
        "tor.socks_port",
        "more",
        Kind::Line,
        key("set_socks"),
        key("set_socks_about"),
    ),
    row(
        "tor.control_port",
        "more",
        Kind::Line,
        key("set_control"),
        key("set_control_about"),
    ),
    row(
        "relay.port",
        "more",
        Kind::Line,
        key("set_port"),
        key("set_port_about"),
    ),
    row(
        "relay.connections_max",
        "more",
        Kind::Line,
        key("set_connections"),
        key("set_connections_about"),
    ),
    row(
        "relay.optimistic",
        "more",
        Kind::Switch,
        key("set_optimistic"),
        key("set_optimistic_about"),
    ),
    row(
        "daemon.idle_exit_s",
        "more",
        Kind::Line,
        key("set_idle"),
        key("set_idle_about"),
    ),
    row(
        "log.level",
        "more",
        Kind::Choice,
        key("set_log"),
        key("set_log_about"),
    ),
    row(
        "tor.program",
        "more",
        Kind::Command,
        key("set_program"),
        key("set_program_about"),
    ),
    row(
        "tor.extra_torrc",
        "more",
        Kind::Command,
        key("set_torrc"),
        key("set_torrc_about"),
    ),
    row(
        "tor.arti",
        "more",
        Kind::Command,
        key("set_arti"),
        key("set_arti_about"),
    ),
    row(
        "relay.serve_unidentified",
        "more",
        Kind::Command,
        key("set_serve"),
        key("set_serve_about"),
    ),
    row(
        "tor.backend",
        "tor",
        Kind::Elsewhere,
        key("tor_to_use"),
        key("tor_to_use"),
    ),
    row(
        "session.min_bytes",
        "session",
        Kind::Elsewhere,
        key("thresholds_bytes"),
        key("thresholds_title"),
    ),
    row(
        "session.min_duration_ms",
        "session",
        Kind::Elsewhere,
        key("thresholds_min"),
        key("thresholds_title"),
    ),
    row(
        "session.max_duration_ms",
        "session",
        Kind::Elsewhere,
        key("thresholds_max"),
        key("thresholds_title"),
    ),
];
