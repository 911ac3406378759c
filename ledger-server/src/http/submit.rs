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
struct ClientAnswer {
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
    let answers = found.iter().map(answer_of).collect::<Result<Vec<_>, _>>()?;
    for one in &answers {
        let outcome = name(one.answer.outcome);
        api.guard.metrics.reported(outcome, refusal(one, outcome));
    }
    let mut mistakes = answers.iter().filter(|one| one.is_mistake);
    if mistakes.any(|_| api.guard.mistake(&place)) {
        return Ok(closing(LedgerCode::TooMany));
    }
    if is_alone {
        let one = answers.into_iter().next().ok_or(LedgerCode::Internal)?;
        return Ok(with_retry((one.status, Json(one.answer)).into_response()));
    }
    let outcomes = answers.into_iter().map(|one| one.answer).collect();
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

fn answer_of(found: &Found) -> Result<ClientAnswer, Refusal> {
    Ok(match found {
        Found::Answered(decided) => decided_answer(decided)?,
        Found::NotAReport(error) => {
            let is_mistake = matches!(error, VerifyError::Key | VerifyError::Signature);
            ClientAnswer {
                is_mistake,
                ..refused(reason(error))
            }
        }
        Found::TooOften => answer_with(Outcome::Busy, StatusCode::TOO_MANY_REQUESTS),
    })
}

fn decided_answer(decided: &Decided) -> Result<ClientAnswer, Refusal> {
    Ok(match decided {
        Decided::Accepted(receipt) => {
            with_receipt(Outcome::Accepted, StatusCode::CREATED, receipt)?
        }
        Decided::Replay(receipt) => with_receipt(Outcome::Replay, StatusCode::OK, receipt)?,
        Decided::Conflict(head) => {
            let mut conflict = answer_with(Outcome::Conflict, StatusCode::CONFLICT);
            conflict.answer.head = Some(wire(head.signed())?);
            conflict
        }
        Decided::Refused(apply::Refusal::ChainTotals) => refused("chain-totals"),
        Decided::UnknownDevice => ClientAnswer {
            is_mistake: true,
            ..answer_with(Outcome::UnknownDevice, StatusCode::FORBIDDEN)
        },
        Decided::TooManyChains => answer_with(Outcome::Busy, StatusCode::TOO_MANY_REQUESTS),
        Decided::Busy => answer_with(Outcome::Busy, StatusCode::SERVICE_UNAVAILABLE),
    })
}

fn answer_with(outcome: Outcome, status: StatusCode) -> ClientAnswer {
    let answer = Answer {
        outcome,
        receipt: None,
        head: None,
        code: None,
    };
    ClientAnswer {
        answer,
        status,
        is_mistake: false,
    }
}

fn with_receipt(
    outcome: Outcome,
    status: StatusCode,
    receipt: &[u8; RECORD_BYTES],
) -> Result<ClientAnswer, Refusal> {
    let mut accepted = answer_with(outcome, status);
    accepted.answer.receipt = Some(wire_stored(receipt)?);
    Ok(accepted)
}

fn refused(reason: &str) -> ClientAnswer {
    let mut refused = answer_with(Outcome::Refused, StatusCode::UNPROCESSABLE_ENTITY);
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
fn refusal<'a>(answer: &'a ClientAnswer, outcome: &'static str) -> Option<&'a str> {
    match answer.answer.outcome {
        Outcome::Accepted | Outcome::Replay => None,
        // What the device can change, and what only the operator can.
        Outcome::Busy if answer.status == StatusCode::TOO_MANY_REQUESTS => Some("too_many"),
        _ => Some(answer.answer.code.as_deref().unwrap_or(outcome)),
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
