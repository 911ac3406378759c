//! `ledger send`: sends what waits, and says what came of it.

use super::{
    super::{
        ask::{self, Patience},
        outcome::{CommandError, Outcome},
        output::{Answer, Format},
    },
    asking::or_say,
};
use crate::{home::Home, ipc};
use meter_ledger_client::ON_LOOPBACK_MAX;
use meter_wire::{ErrorCode, LedgerStatus, Problem, Request, Sending};
use std::time::Duration;
use tokio::time::sleep;

/// How long the outcome is waited for: longer than a ledger on this computer is.
const OUTCOME_MAX: Duration = Duration::from_secs(12);
/// Pause between two looks.
const AGAIN: Duration = Duration::from_millis(200);

const _: () = assert!(OUTCOME_MAX.as_secs() > ON_LOOPBACK_MAX.as_secs());

/// What came of a try.
#[derive(Debug, Eq, PartialEq)]
enum Came {
    /// Nothing yet.
    Nothing,
    /// Every report was answered.
    Answered,
    /// Nothing is sent, or the try failed.
    Failed(Box<Problem>),
}

pub(super) fn run(patience: Patience, home: &Home, format: Format) -> Outcome {
    let ledger = patience.wait(or_say(format, outcome(home)))?;
    match came(ledger.as_ref()) {
        Came::Answered => Answer::new("sent", "Every report was answered.").print(format),
        Came::Failed(problem) => Err(CommandError::Problem(*problem)),
        Came::Nothing if ledger.is_some_and(|ledger| ledger.sending == Sending::NoTor) => {
            Err(Problem::new(ErrorCode::LedgerNoTor).into())
        }
        Came::Nothing => {
            let text = "What waits is being sent; `onionmeter ledger` shows what comes of it.";
            Answer::new("sending", text).print(format)
        }
    }
}

/// Where the ledger stands once something came of the try, or after [`OUTCOME_MAX`].
async fn outcome(home: &Home) -> Result<Option<LedgerStatus>, Problem> {
    let mut daemon = ipc::Connection::attach_or_start(home).await?;
    daemon.ask(Request::LedgerSend).await?;
    let looks = OUTCOME_MAX.as_millis() / AGAIN.as_millis();
    let mut ledger = None;
    for _ in 0..looks {
        // The state before the try must not be taken for its outcome.
        sleep(AGAIN).await;
        ledger = ask::status(&mut daemon).await?.ledger;
        if came(ledger.as_ref()) != Came::Nothing {
            break;
        }
    }
    Ok(ledger)
}

fn came(ledger: Option<&LedgerStatus>) -> Came {
    let Some(ledger) = ledger else {
        return Came::Nothing;
    };
    let failed = |problem: &Problem| Came::Failed(Box::new(problem.clone()));
    match &ledger.sending {
        Sending::Idle if ledger.waiting_reports.0 == 0 => Came::Answered,
        Sending::Trouble { problem, .. } | Sending::Stopped(problem) => failed(problem),
        Sending::Waiting {
            problem: Some(problem),
            ..
        } => failed(problem),
        Sending::Idle
        | Sending::Waiting { problem: None, .. }
        | Sending::Sending
        | Sending::NoTor => Came::Nothing,
    }
}
