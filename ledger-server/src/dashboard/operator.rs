//! The operator's view: numbers over all accounts, how the server runs, and whether commits
//! succeed.

use super::{
    member::Operator,
    reply::{Problem, page_of},
    site::Site,
};
use crate::{
    http::{Reading, Refused},
    pages::{Audited, OperatorPage, Pulse, Refusal, Tab, Who},
    store::StoreError,
};
use axum::{extract::State, response::Response};
use meter_core::{Amount, ByteCount, DurationMs};
use meter_wire::ledger::LedgerCode;
use serde::{
    Deserialize as _,
    de::{IntoDeserializer as _, value},
};
use std::sync::Arc;

pub(super) async fn operator(
    State(site): State<Arc<Site>>,
    _operator: Operator,
) -> Result<Response, Problem> {
    // The health first: it is a commit, so the counts are read after one.
    let commits = site.watch.commits().await;
    let reading = site.watch.read().await;
    let asked = site.ask::<_, StoreError>(|ledger| {
        let held = ledger.held().map(str::to_owned);
        Ok((held, ledger.counts()?, *ledger.policy().value()))
    });
    let (held, counts, policy) = asked.await?;
    let most = policy.most_per_day().total.get();
    let most_day = most.checked_mul(counts.accounts).and_then(Amount::new);
    Ok(page_of(&OperatorPage {
        frame: site.frame(counts.now, Who::Operator, Some(Tab::Operator)),
        commits,
        held,
        pulse: pulse(&reading, site.facts.audit_every_hours),
        refusals: reading.refused.into_iter().map(refusal).collect(),
        accounts: counts.accounts,
        devices: counts.devices,
        reports: counts.reports,
        awarded: counts.awarded,
        most_day,
        frozen: counts.frozen,
        vkey: site.facts.vkey.clone(),
    }))
}

fn pulse(reading: &Reading, audit_every_hours: Option<u32>) -> Pulse {
    let ledger = &reading.ledger;
    let oldest = u64::try_from(ledger.wait.oldest.as_millis()).unwrap_or(u64::MAX);
    Pulse {
        taken_in_one_minute: reading.taken_in_one_minute,
        taken_in_five_minutes: reading.taken_in_five_minutes,
        waiting: u64::try_from(ledger.wait.reports).unwrap_or(u64::MAX),
        oldest_wait: DurationMs::new(oldest).unwrap_or_default(),
        audit: ledger.audit.as_ref().map(|audit| Audited {
            ended: audit.ended,
            reports: audit.reports,
            findings: audit.findings,
        }),
        audit_every_hours,
        store: ledger.store_bytes.and_then(ByteCount::new),
        free: ledger.free_bytes.and_then(ByteCount::new),
    }
}

fn refusal(refused: Refused) -> Refusal {
    let meaning = match refused.is_report {
        true => of_report(&refused.reason).to_owned(),
        false => of_request(&refused.reason),
    };
    Refusal {
        what: if refused.is_report {
            "Report"
        } else {
            "Request"
        },
        reason: refused.reason,
        meaning,
        count: refused.count,
    }
}

fn of_report(reason: &str) -> &'static str {
    match reason {
        "busy" => "The database did not take it in time; its device sends it again.",
        "too_many" => "Its device sends more than the policy allows, and tries again later.",
        "conflict" => "It does not follow its chain; its device is told where that stands.",
        "unknown_device" => "Its device is not enrolled here, or was removed.",
        _ => "Its bytes break this rule of a session report. No device that works makes one.",
    }
}

fn of_request(reason: &str) -> String {
    let code: Result<_, value::Error> = LedgerCode::deserialize(reason.into_deserializer());
    code.unwrap_or(LedgerCode::Unknown).sentence().to_owned()
}
