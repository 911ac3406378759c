//! `/metrics` for Prometheus: totals and states. Nothing about sites, addresses or keys.

use crate::{refusal::Refusal, state::State as Shared};
use axum::{extract::State, http::header, response::IntoResponse};
use meter_wire::{RelayStatus, Status, Traffic};
use std::{fmt::Write as _, sync::Arc};

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) async fn metrics(
    State(state): State<Arc<Shared>>,
) -> Result<impl IntoResponse, Refusal> {
    let (status, traffic) = (state.status().await?, state.traffic().await?);
    Ok((
        [(header::CONTENT_TYPE, TEXT_FORMAT)],
        text(&status, &traffic),
    ))
}

/// Name, kind, help and value.
type Row = (&'static str, &'static str, &'static str, u64);

fn text(status: &Status, traffic: &Traffic) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in of_relay(status, traffic).into_iter().chain(of_book(status)) {
        writeln!(
            text,
            "# HELP onionmeter_{name} {help}.\n# TYPE onionmeter_{name} {kind}\n\
             onionmeter_{name} {value}"
        )
        .expect("a string takes everything");
    }
    text
}

fn of_relay(status: &Status, traffic: &Traffic) -> [Row; 6] {
    let counter = |name, help, value| (name, "counter", help, value);
    let gauge = |name, help, value| (name, "gauge", help, value);
    let is_listening = matches!(status.relay, RelayStatus::Listening { .. });
    let (bytes_in, bytes_out) = (traffic.bytes_down.0, traffic.bytes_up.0);
    let usable = u64::from(status.tor.is_usable());
    [
        counter(
            "relay_bytes_in_total",
            "Bytes from Tor since the start",
            bytes_in,
        ),
        counter(
            "relay_bytes_out_total",
            "Bytes to Tor since the start",
            bytes_out,
        ),
        counter(
            "relay_connections_total",
            "Accepted connections",
            traffic.connections.0,
        ),
        gauge("relay_connections", "Open connections", traffic.active.0),
        gauge(
            "relay_listening",
            "Whether the relay is open",
            u64::from(is_listening),
        ),
        gauge("tor_usable", "Whether Tor can be used", usable),
    ]
}

fn of_book(status: &Status) -> [Row; 4] {
    let gauge = |name, help, value| (name, "gauge", help, value);
    let session = status.session.as_ref();
    let bytes = session.map_or(0, |session| {
        session.bytes_up.0.saturating_add(session.bytes_down.0)
    });
    let ms = session.map_or(0, |session| session.duration_ms.0);
    [
        gauge("session_bytes", "Bytes of the session in progress", bytes),
        gauge(
            "session_milliseconds",
            "Time of the session in progress",
            ms,
        ),
        gauge("reports", "Signed reports of the chain", status.reports.0),
        gauge("claimed_nanocredits", "What they claim", status.balance.0),
    ]
}
