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

fn text(status: &Status, traffic: &Traffic) -> String {
    let session = status.session.as_ref();
    let session_bytes = session.map_or(0, |session| {
        session.bytes_up.0.saturating_add(session.bytes_down.0)
    });
    let is_listening = matches!(status.relay, RelayStatus::Listening { .. });
    written(&[
        (
            "relay_bytes_in_total",
            "counter",
            "Bytes from Tor since the start",
            traffic.bytes_down.0,
        ),
        (
            "relay_bytes_out_total",
            "counter",
            "Bytes to Tor since the start",
            traffic.bytes_up.0,
        ),
        (
            "relay_connections_total",
            "counter",
            "Accepted connections",
            traffic.connections.0,
        ),
        (
            "relay_connections",
            "gauge",
            "Open connections",
            traffic.active.0,
        ),
        (
            "relay_listening",
            "gauge",
            "Whether the relay is open",
            u64::from(is_listening),
        ),
        (
            "tor_usable",
            "gauge",
            "Whether Tor can be used",
            u64::from(status.tor.is_usable()),
        ),
        (
            "session_bytes",
            "gauge",
            "Bytes of the session in progress",
            session_bytes,
        ),
        (
            "session_milliseconds",
            "gauge",
            "Time of the session in progress",
            session.map_or(0, |session| session.duration_ms.0),
        ),
        (
            "reports",
            "gauge",
            "Signed reports of the chain",
            status.reports.0,
        ),
        (
            "claimed_nanocredits",
            "gauge",
            "What they claim",
            status.balance.0,
        ),
    ])
}

/// Rows of name, kind, help and value in the text format of Prometheus.
fn written(rows: &[(&str, &str, &str, u64)]) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        writeln!(
            text,
            "# HELP onionmeter_{name} {help}.\n# TYPE onionmeter_{name} {kind}\n\
             onionmeter_{name} {value}"
        )
        .expect("a string takes everything");
    }
    text
}
