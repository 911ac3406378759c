//! Questions to a ledger on their way: at most one at a time, on a connection that ends with it.

use super::{EngineHandle, LedgerSigner};
use crate::{
    accounting::{Errand, Found, What},
    ledger_link::{Client, ClientError, failure, has_key, retry_after_s},
};
use meter_core::{DeviceKey, LedgerKey, Policy, PolicyNumber, Receipt, Signable as _, Signed};
use meter_outbox::{Answer, Batch, SendError};
use meter_wire::ledger::{self, LedgerCode, Outcome, Submitted};

/// Does an errand, and tells what came of it.
pub(super) async fn run(engine: EngineHandle, errand: Errand, device: DeviceKey) -> Found {
    let Errand { ledger, what } = errand;
    let mut client = engine.ledger_link().client(ledger.address.clone());
    let found = match what {
        What::AskChain(chain) => {
            let signer = LedgerSigner::new(&engine, ledger.key, device);
            let state = client.chain(&signer, chain).await;
            state.map(|state| Found::Chain(Box::new(state)))
        }
        What::AskKeys => keys(&mut client, ledger.key).await,
        What::Send(batch) => send(&mut client, batch, ledger.policy).await,
    };
    found.unwrap_or_else(|error| match error.code() {
        Some(LedgerCode::UnknownDevice) => Found::UnknownDevice,
        Some(LedgerCode::Signature) => Found::SignatureRefused,
        _ => Found::Failed {
            failure: failure(&error),
            retry_after_s: retry_after_s(&error),
        },
    })
}

/// The changes of the ledger's key, in the order of their numbers.
async fn keys(client: &mut Client, known: LedgerKey) -> Result<Found, ClientError> {
    let info = client.info().await?;
    if !has_key(&info, known) {
        return Ok(Found::Failed {
            failure: SendError::OtherLedger,
            retry_after_s: None,
        });
    }
    let changes = info.keys.iter().filter_map(|entry| entry.change.as_ref());
    Ok(Found::Keys(changes.map(Signed::from).collect()))
}

async fn send(
    client: &mut Client,
    batch: Batch,
    stored: PolicyNumber,
) -> Result<Found, ClientError> {
    let mut receipts = batch.receipts().iter();
    let mut reports = Vec::with_capacity(batch.reports().len());
    for report in batch.reports() {
        let signed = report.signed();
        let body = signed.body().try_into();
        let receipt = receipts.next().map(TryInto::try_into).transpose();
        let (Ok(body), Ok(receipt)) = (body, receipt) else {
            return Err(ClientError::NotSigned);
        };
        reports.push(Submitted {
            body: meter_wire::HexBytes(body),
            signature: meter_wire::HexBytes(*signed.signature()),
            receipt,
        });
    }
    let answers = client.submit(&reports).await?;
    let policy = match answers.iter().filter_map(policy_of).max() {
        Some(named) if named > stored => policy(client).await,
        _ => None,
    };
    let answers = answers.into_iter().map(answer).collect();
    Ok(Found::Answered(batch, answers, policy))
}

/// The policy that a receipt names. Nothing is verified yet.
fn policy_of(answer: &ledger::Answer) -> Option<PolicyNumber> {
    let receipt = Receipt::from_body(&answer.receipt.as_ref()?.body.0);
    Some(receipt.ok()?.policy)
}

/// `None` if it does not come: the next receipt names it again.
async fn policy(client: &mut Client) -> Option<Box<Signed<Policy>>> {
    let info = client.policy().await.ok()?;
    Some(Box::new(Signed::from(&info.policy)))
}

fn answer(answer: ledger::Answer) -> Answer {
    match answer.outcome {
        Outcome::Accepted | Outcome::Replay => match &answer.receipt {
            Some(receipt) => Answer::Receipt(Signed::from(receipt)),
            None => Answer::Unreadable,
        },
        Outcome::Conflict => match &answer.head {
            Some(head) => Answer::Conflict(Box::new(Signed::from(head))),
            None => Answer::Unreadable,
        },
        Outcome::Refused => Answer::Refused(answer.code.unwrap_or_default()),
        Outcome::Busy => Answer::Busy,
        Outcome::UnknownDevice => Answer::UnknownDevice,
        Outcome::Unknown => Answer::Unreadable,
    }
}

/// What a task that did not end by itself found: nothing.
pub(super) const fn lost() -> Found {
    Found::Failed {
        failure: SendError::Unreachable,
        retry_after_s: None,
    }
}
