//! Tor, the relay, and what goes through it.

use crate::{activity::MINUTES_MAX, body::number, refusal::Refusal, state::State as Shared};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use meter_wire::{
    Problem, RelayStatus, Request, Status, Success, TorState,
    face::{
        Activity, ActivityQuery, Done, FaceCode, PlainNumber, RelayNow, TorNow, TrafficConfig,
        TrafficStats,
    },
};
use std::sync::Arc;

type Answer<T> = Result<Json<T>, Refusal>;

/// How many minutes of activity are shown unless the query says otherwise.
const MINUTES: u64 = 60;

pub(crate) async fn status(State(state): State<Arc<Shared>>) -> Answer<TorNow> {
    let answered = state.ask(Request::Status).await?;
    let Success::Status(status) = answered.success else {
        return Err(Refusal::unexpected());
    };
    let (percent, summary) = progress(&status);
    Ok(Json(TorNow {
        state: word(&status.tor.state),
        is_usable: status.tor.is_usable(),
        percent,
        summary,
        backend: status.tor.backend,
        problem: problem(&status.tor.state),
        relay: relay(&status),
        chain: status.chain,
        key: answered.key,
        version: status.tor.version,
        trouble: status.tor.trouble,
    }))
}

const fn word(state: &TorState) -> &'static str {
    match state {
        TorState::Off => "off",
        TorState::Starting => "starting",
        TorState::Bootstrapping { .. } => "bootstrapping",
        TorState::Ready => "ready",
        TorState::Restarting { .. } => "restarting",
        TorState::Stopping => "stopping",
        TorState::Failed(_) => "failed",
    }
}

fn progress(status: &Status) -> (u8, Option<String>) {
    match &status.tor.state {
        TorState::Bootstrapping {
            percent, summary, ..
        } => ((*percent).min(100), Some(summary.clone())),
        TorState::Ready => (100, None),
        TorState::Off
        | TorState::Starting
        | TorState::Restarting { .. }
        | TorState::Stopping
        | TorState::Failed(_) => (0, None),
    }
}

fn problem(state: &TorState) -> Option<Problem> {
    match state {
        TorState::Failed(problem) | TorState::Restarting { problem, .. } => Some(problem.clone()),
        TorState::Off
        | TorState::Starting
        | TorState::Bootstrapping { .. }
        | TorState::Ready
        | TorState::Stopping => None,
    }
}

fn relay(status: &Status) -> RelayNow {
    let (port, problem) = match &status.relay {
        RelayStatus::Listening { port } => (Some(*port), None),
        RelayStatus::Stopped => (None, None),
        RelayStatus::Failed(problem) => (None, Some(problem.clone())),
    };
    RelayNow {
        is_listening: port.is_some(),
        port,
        problem,
    }
}

pub(crate) async fn start(State(state): State<Arc<Shared>>) -> Answer<Done> {
    done(&state, Request::TorStart).await
}

pub(crate) async fn stop(State(state): State<Arc<Shared>>) -> Answer<Done> {
    done(&state, Request::TorStop).await
}

/// Sends a command.
pub(crate) async fn done(state: &Shared, request: Request) -> Answer<Done> {
    match state.ask(request).await?.success {
        Success::Done => Ok(Json(Done { done: true })),
        _ => Err(Refusal::unexpected()),
    }
}

/// A closed relay has no address: a program that got its last one could meet another program there.
pub(crate) async fn traffic_config(State(state): State<Arc<Shared>>) -> Answer<TrafficConfig> {
    let Some(port) = relay(&state.status().await?).port else {
        return Err(FaceCode::RelayStopped.into());
    };
    Ok(Json(TrafficConfig {
        proxy_server: format!("socks5h://127.0.0.1:{port}"),
        proxy_port: port,
        host: "127.0.0.1".to_owned(),
        bypass_list: ["localhost", "127.0.0.1", "[::1]"]
            .map(str::to_owned)
            .to_vec(),
    }))
}

pub(crate) async fn traffic_stats(State(state): State<Arc<Shared>>) -> Answer<TrafficStats> {
    let totals = state.traffic().await?;
    Ok(Json(TrafficStats {
        total_bytes_in: PlainNumber(totals.bytes_down.0),
        total_bytes_in_text: totals.bytes_down,
        total_bytes_out: PlainNumber(totals.bytes_up.0),
        total_bytes_out_text: totals.bytes_up,
        total_connections: PlainNumber(totals.connections.0),
        total_connections_text: totals.connections,
        active_connections: PlainNumber(totals.active.0),
    }))
}

pub(crate) async fn activity(
    State(state): State<Arc<Shared>>,
    query: Result<Query<ActivityQuery>, QueryRejection>,
) -> Answer<Activity> {
    let Query(query) = query.map_err(|_| Refusal::field("minutes", "only minutes can be given"))?;
    let most = u64::try_from(MINUTES_MAX).unwrap_or(MINUTES);
    let minutes = number("minutes", query.minutes.as_deref(), MINUTES, 1..=most)?;
    let minutes = usize::try_from(minutes).unwrap_or(MINUTES_MAX);
    let now = state.daemon.now();
    Ok(Json(state.activity(|activity| activity.last(now, minutes))))
}
