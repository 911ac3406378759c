//! `POST /api/sessions/submit`.

use super::{
    api::Api,
    body::{JsonBody, records},
    guard::closing,
    metrics::ACCEPTED,
    places::ConnectionPlace,
    refusal::{Refusal, with_retry},
    signed::{wire, wire_stored},
};
use crate::{
    apply,
    committer::Answer as Decided,
    ledger::{Claimed, Outcome as Found},
    shelf,
};
use axum::{
    Extension, Json,
    extract::{FromRequestParts as _, Request, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse as _, Response},
};
use meter_core::{BodyError, Signed, VerifyError};
use meter_wire::ledger::{
    Answer, Answers, BATCH_MAX, Batch, LedgerCode, Outcome, RECORD_BYTES, Submit, Submitted,
};
use std::sync::Arc;

/// One answer, and what it means for the limits of its client.
struct Told {
    answer: Answer,
    /// The status if the report came alone.
    status: StatusCode,
    is_mistake: bool,
}

/// Takes one report or a batch.
pub(crate) async fn submit(
    State(api): State<Arc<Api>>,
    Extension(place): Extension<Arc<ConnectionPlace>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let (claims, is_alone) = claims(&mut parts).await?;
    let asked = api.clone();
    let per_minute = api.ledger.policy().value().reports_per_minute;
    let allow = move |device| asked.reports.allows(device, per_minute);
    let found = api.ledger.submit(claims, allow).await;
    let told = found.iter().map(tell).collect::<Result<Vec<_>, _>>()?;
    for one in &told {
        let outcome = name(one.answer.outcome);
        api.guard.metrics.reported(outcome, refusal(one, outcome));
    }
    let mut mistakes = told.iter().filter(|one| one.is_mistake);
    if mistakes.any(|_| api.guard.mistake(&place)) {
        return Ok(closing(LedgerCode::TooMany));
    }
    if is_alone {
        let one = told.into_iter().next().ok_or(LedgerCode::Internal)?;
        return Ok(with_retry((one.status, Json(one.answer)).into_response()));
    }
    let outcomes = told.into_iter().map(|one| one.answer).collect();
    Ok(Json(Answers { outcomes }).into_response())
}

/// The reports of the body, and whether there is one alone.
async fn claims(parts: &mut Parts) -> Result<(Vec<Claimed>, bool), Refusal> {
    if let Some(bytes) = records(parts)? {
        let count = bytes.len() / RECORD_BYTES;
        within(count)?;
        let (records, rest) = bytes.as_chunks::<RECORD_BYTES>();
        if !rest.is_empty() {
            return Err(Refusal(LedgerCode::BadField));
        }
        return Ok((records.iter().filter_map(record).collect(), false));
    }
    let JsonBody(submit) = JsonBody::<Submit>::from_request_parts(parts, &()).await?;
    match submit {
        Submit::One(one) => Ok((vec![claimed(&one)], true)),
        Submit::Batch(Batch { reports }) => {
            within(reports.len())?;
            Ok((reports.iter().map(claimed).collect(), false))
        }
    }
}

fn within(count: usize) -> Result<(), LedgerCode> {
    match count {
        0 => Err(LedgerCode::BadField),
        1..=BATCH_MAX => Ok(()),
        _ => Err(LedgerCode::TooLarge),
    }
}

fn record(record: &[u8; RECORD_BYTES]) -> Option<Claimed> {
    Some(Claimed {
        report: shelf::split(record)?,
        receipt: None,
    })
}

fn claimed(submitted: &Submitted) -> Claimed {
    Claimed {
        report: Signed::new(submitted.body.0.to_vec(), submitted.signature.0),
        receipt: submitted.receipt.as_ref().map(Signed::from),
    }
}

fn tell(found: &Found) -> Result<Told, Refusal> {
    Ok(match found {
        Found::Answered(decided) => decided_answer(decided)?,
        Found::NotAReport(error) => {
            let is_mistake = matches!(error, VerifyError::Key | VerifyError::Signature);
            Told {
                is_mistake,
                ..refused(reason(error))
            }
        }
        Found::TooOften => told(Outcome::Busy, StatusCode::TOO_MANY_REQUESTS),
    })
}

fn decided_answer(decided: &Decided) -> Result<Told, Refusal> {
    Ok(match decided {
        Decided::Accepted(receipt) => {
            with_receipt(Outcome::Accepted, StatusCode::CREATED, receipt)?
        }
        Decided::Replay(receipt) => with_receipt(Outcome::Replay, StatusCode::OK, receipt)?,
        Decided::Conflict(head) => {
            let mut conflict = told(Outcome::Conflict, StatusCode::CONFLICT);
            conflict.answer.head = Some(wire(head.signed())?);
            conflict
        }
        Decided::Refused(apply::Refusal::ChainTotals) => refused("chain-totals"),
        Decided::UnknownDevice => Told {
            is_mistake: true,
            ..told(Outcome::UnknownDevice, StatusCode::FORBIDDEN)
        },
        Decided::TooManyChains => told(Outcome::Busy, StatusCode::TOO_MANY_REQUESTS),
        Decided::Busy => told(Outcome::Busy, StatusCode::SERVICE_UNAVAILABLE),
    })
}

fn told(outcome: Outcome, status: StatusCode) -> Told {
    let answer = Answer {
        outcome,
        receipt: None,
        head: None,
        code: None,
    };
    Told {
        answer,
        status,
        is_mistake: false,
    }
}

fn with_receipt(
    outcome: Outcome,
    status: StatusCode,
    receipt: &[u8; RECORD_BYTES],
) -> Result<Told, Refusal> {
    let mut told = told(outcome, status);
    told.answer.receipt = Some(wire_stored(receipt)?);
    Ok(told)
}

fn refused(reason: &str) -> Told {
    let mut refused = told(Outcome::Refused, StatusCode::UNPROCESSABLE_ENTITY);
    refused.answer.code = Some(reason.to_owned());
    refused
}

/// The reason in the words of `docs/spec/session-report.md`.
const fn reason(error: &VerifyError<BodyError>) -> &'static str {
    match error {
        VerifyError::Key => "key",
        VerifyError::Signature => "signature",
        VerifyError::Signer => "signer",
        VerifyError::Body(body) => match body {
            BodyError::Length(_) => "length",
            BodyError::Magic => "magic",
            BodyError::Version(_) => "version",
            BodyError::Kind(_) => "kind",
            BodyError::Reserved => "reserved",
            BodyError::Range(_) => "range",
            BodyError::SequenceZero => "sequence-zero",
            BodyError::EndBeforeStart => "end-before-start",
            BodyError::Tariff(_) => "tariff",
            BodyError::Amount => "amount",
            BodyError::Totals => "totals",
        },
    }
}

/// Why a report was not taken, as a label of the metrics.
fn refusal<'a>(told: &'a Told, outcome: &'static str) -> Option<&'a str> {
    match told.answer.outcome {
        Outcome::Accepted | Outcome::Replay => None,
        // What the device can change, and what only the operator can.
        Outcome::Busy if told.status == StatusCode::TOO_MANY_REQUESTS => Some("too_many"),
        _ => Some(told.answer.code.as_deref().unwrap_or(outcome)),
    }
}

/// The outcome as a label of the metrics: the same name as in JSON.
const fn name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => ACCEPTED,
        Outcome::Replay => "replay",
        Outcome::Conflict => "conflict",
        Outcome::Refused => "refused",
        Outcome::Busy => "busy",
        Outcome::UnknownDevice => "unknown_device",
        Outcome::Unknown => "unknown",
    }
}
