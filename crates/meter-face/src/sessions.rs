//! Signed sessions as people and programs read them, and their sum.

use crate::{refusal::Refusal, state::State as Shared};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
};
use meter_core::{
    Amount, ByteCount, DurationMs, Policy, SessionReport, Signable as _, Tariff, credits_exact,
};
use meter_wire::{
    ErrorCode, HexBytes, Request, Status, Success, U64Text, WireReport,
    face::{
        Balance, EitherCode, FaceCode, LedgerBalance, PlainNumber, PolicyOfLedger, SignedSession,
    },
    ledger::WireSigned,
};
use std::sync::Arc;

/// The claimed balance of a chain. Another chain's answer is that of one which never existed.
pub(crate) async fn balance(
    State(state): State<Arc<Shared>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Balance>, Refusal> {
    let Path(id) = id.map_err(|_| FaceCode::NotFound)?;
    let status = state.status().await?;
    let chain = status.chain.filter(|chain| hex::encode(chain.0) == id);
    let chain = chain.ok_or(FaceCode::NotFound)?;
    Ok(Json(Balance {
        id: chain,
        claimed: credits_exact(amount(status.balance)?),
        claimed_nanocredits: status.balance,
        reports: PlainNumber(status.reports.0),
        reports_text: status.reports,
        ledger: ledger(&status)?,
    }))
}

/// Claimed, credited and waiting, while this device is enrolled.
fn ledger(status: &Status) -> Result<Option<LedgerBalance>, Refusal> {
    let Some(ledger) = &status.ledger else {
        return Ok(None);
    };
    let exact = |nanocredits| amount(nanocredits).map(credits_exact);
    Ok(Some(LedgerBalance {
        claimed: exact(status.claimed())?,
        claimed_nanocredits: status.claimed(),
        credited: exact(ledger.credited)?,
        credited_nanocredits: ledger.credited,
        waiting: exact(ledger.waiting)?,
        waiting_nanocredits: ledger.waiting,
    }))
}

/// The policy of this device's ledger.
pub(crate) async fn policy(
    State(state): State<Arc<Shared>>,
) -> Result<Json<PolicyOfLedger>, Refusal> {
    let answered = state.ask(Request::LedgerPolicy).await;
    let answered = answered.map_err(|refusal| match refusal.error().code {
        EitherCode::Daemon(ErrorCode::LedgerNone) => FaceCode::NotEnrolled.into(),
        _ => refusal,
    })?;
    let Success::LedgerPolicy(signed) = answered.success else {
        return Err(Refusal::unexpected());
    };
    let signed = signed_policy(&signed).ok_or_else(Refusal::unexpected)?;
    let policy = Policy::from_body(&signed.body.0).map_err(|_| Refusal::unexpected())?;
    let (most, idle) = (policy.most_per_day().total, policy.idle_per_day());
    Ok(Json(PolicyOfLedger {
        number: policy.number.0,
        most_per_day: credits_exact(most),
        most_per_day_nanocredits: U64Text(most.get()),
        idle_per_day: credits_exact(idle),
        idle_per_day_nanocredits: U64Text(idle.get()),
        policy: signed,
    }))
}

fn signed_policy(text: &str) -> Option<WireSigned<128>> {
    let mut bytes = [0; 192];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    let (body, signature) = bytes.split_first_chunk()?;
    Some(WireSigned {
        body: HexBytes(*body),
        signature: HexBytes(*signature.first_chunk()?),
    })
}

/// An amount of the daemon.
pub(crate) fn amount(nanocredits: U64Text) -> Result<Amount, Refusal> {
    Amount::new(nanocredits.0).ok_or_else(Refusal::unexpected)
}

/// A report with its inputs and its formula. `None` if its body is not valid, which the daemon's
/// own reports never are.
pub(crate) fn signed_session(report: WireReport) -> Option<SignedSession> {
    let content = SessionReport::from_body(&report.body.0).ok()?;
    let (ms, bytes_in, bytes_out) = (
        content.duration.get(),
        content.bytes_down.get(),
        content.bytes_up.get(),
    );
    Some(SignedSession {
        id: HexBytes(content.id().0),
        sequence: PlainNumber(content.sequence),
        sequence_text: U64Text(content.sequence),
        started_at: PlainNumber(content.started_at.get()),
        ended_at: PlainNumber(content.ended_at.get()),
        duration_ms: PlainNumber(ms),
        duration_ms_text: U64Text(ms),
        bytes_in: PlainNumber(bytes_in),
        bytes_in_text: U64Text(bytes_in),
        bytes_out: PlainNumber(bytes_out),
        bytes_out_text: U64Text(bytes_out),
        formula: formula(&content)?,
        credits: credits_exact(content.amount),
        nanocredits: U64Text(content.amount.get()),
        report,
    })
}

/// Both addends with the tariff's own prices.
fn formula(content: &SessionReport) -> Option<String> {
    let tariff = Tariff::by_id(content.tariff)?;
    let award = tariff.award(content.duration, content.bytes()).ok()?;
    let price = |ms, bytes| tariff.award(DurationMs::from_u32(ms), ByteCount::from_u32(bytes));
    Some(format!(
        "{} s × {} + {} MB × {} = {} + {}",
        exact(content.duration.get(), 3),
        credits_exact(price(1_000, 0).ok()?.total),
        exact(content.bytes().get(), 6),
        credits_exact(price(0, 1_000_000).ok()?.total),
        credits_exact(award.time),
        credits_exact(award.bytes),
    ))
}

/// `value` with its last `digits` behind the point, without trailing zeros: `45`, `0.15`.
fn exact(value: u64, digits: usize) -> String {
    let padded = format!("{value:0width$}", width = digits.saturating_add(1));
    let (whole, rest) = padded.split_at(padded.len().saturating_sub(digits));
    let text = format!("{whole}.{rest}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_keep_what_they_need() {
        assert_eq!(exact(45_000, 3), "45");
        assert_eq!(exact(45_250, 3), "45.25");
        assert_eq!(exact(150_000, 6), "0.15");
        assert_eq!(exact(1, 6), "0.000001");
        assert_eq!(exact(0, 3), "0");
        assert_eq!(exact(10_000_000, 6), "10");
    }
}
