//! The session in progress, its thresholds, and the sessions that were signed.

use crate::{
    body::number,
    refusal::Refusal,
    sessions::{amount, signed_session},
    state::State as Shared,
    tor::done,
};
use axum::{
    Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
};
use meter_core::{ThresholdError, Thresholds, credits_exact};
use meter_wire::{
    REPORTS_PAGE_MAX, RelayStatus, ReportsQuery, Request, Success, U64Text,
    face::{
        Done, FaceCode, MonitoringStats, PlainNumber, Sessions, SessionsQuery, ThresholdsChange,
        ThresholdsNow,
    },
};
use std::sync::Arc;

type Answer<T> = Result<Json<T>, Refusal>;

/// How many sessions a page has unless the query says otherwise.
const SESSIONS: u64 = 100;

pub(crate) async fn start(State(state): State<Arc<Shared>>) -> Answer<Done> {
    done(&state, Request::MonitorStart).await
}

pub(crate) async fn stop(State(state): State<Arc<Shared>>) -> Answer<Done> {
    done(&state, Request::MonitorStop).await
}

pub(crate) async fn stats(State(state): State<Arc<Shared>>) -> Answer<MonitoringStats> {
    let status = state.status().await?;
    let session = status.session.as_ref();
    let bytes = session.map_or(0, |session| {
        session.bytes_up.0.saturating_add(session.bytes_down.0)
    });
    let duration_ms = session.map_or(0, |session| session.duration_ms.0);
    Ok(Json(MonitoringStats {
        is_monitoring: matches!(status.relay, RelayStatus::Listening { .. }),
        accumulated_bytes: PlainNumber(bytes),
        accumulated_bytes_text: U64Text(bytes),
        accumulated_seconds: PlainNumber(duration_ms / 1_000),
        progress_permille: session.map_or(0, |session| session.progress_permille.min(1_000)),
        submitted_sessions: PlainNumber(status.reports.0),
        submitted_sessions_text: status.reports,
        credits: credits_exact(amount(status.claimed())?),
        nanocredits: status.claimed(),
        thresholds: ThresholdsNow::from(&status.thresholds),
        problem: status.problem,
    }))
}

pub(crate) async fn sessions(
    State(state): State<Arc<Shared>>,
    query: Result<Query<SessionsQuery>, QueryRejection>,
) -> Answer<Sessions> {
    let only = "only after and limit can be given";
    let Query(query) = query.map_err(|_| Refusal::field("after", only))?;
    let after_max = i64::MAX.unsigned_abs();
    let after = number("after", query.after.as_deref(), 0, 0..=after_max)?;
    let most = u64::from(REPORTS_PAGE_MAX);
    let limit = number("limit", query.limit.as_deref(), SESSIONS, 1..=most)?;
    let request = Request::Reports(ReportsQuery {
        after: U64Text(after),
        limit: u16::try_from(limit).unwrap_or(REPORTS_PAGE_MAX),
    });
    let Success::Reports(page) = state.ask(request).await?.success else {
        return Err(Refusal::unexpected());
    };
    let sessions: Option<_> = page.reports.into_iter().map(signed_session).collect();
    Ok(Json(Sessions {
        sessions: sessions.ok_or_else(Refusal::unexpected)?,
        total: PlainNumber(page.total.0),
        total_text: page.total,
    }))
}

pub(crate) async fn thresholds(
    State(state): State<Arc<Shared>>,
    body: Bytes,
) -> Answer<ThresholdsNow> {
    let change = ThresholdsChange::parse(&body).ok_or(FaceCode::BadJson)??;
    let wanted = change.on(&state.status().await?.thresholds);
    Thresholds::try_from(wanted).map_err(|error| refused(&error))?;
    let Json(Done { done: _ }) = done(&state, Request::SetThresholds(wanted)).await?;
    Ok(Json(ThresholdsNow::from(&wanted)))
}

/// The limits in the units of this server.
fn refused(error: &ThresholdError) -> Refusal {
    let (field, why) = match error {
        ThresholdError::MinBytes { .. } => {
            ("minBytes", "minBytes must be from 10000 bytes to 2^63 - 1")
        }
        ThresholdError::MinDuration { .. } => {
            ("minDuration", "minDuration must be from 10 to 3600 seconds")
        }
        ThresholdError::MaxDuration { .. } => {
            ("maxDuration", "maxDuration must be from 10 to 3600 seconds")
        }
        ThresholdError::MinAboveMax { .. } => {
            ("minDuration", "minDuration must not be above maxDuration")
        }
    };
    Refusal::field(field, why)
}
