//! What was claimed, credited and waits, and why they differ. Shown only to who is enrolled.

use crate::update::{ReceiptRefusal, State};
use meter_core::{Amount, credits_exact, credits_short};
use meter_wire::{ErrorCode, LedgerStatus, Sending, difference};
use serde::Serialize;

/// The three numbers, each difference in a sentence, and what is wrong with the ledger, if
/// something is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LedgerNumbers {
    /// Where the ledger is.
    pub address: String,
    /// By the reports that were verified here.
    pub claimed: Number,
    /// By the receipts that were verified here; `None` while they were not.
    pub credited: Option<Number>,
    /// By the reports without a receipt.
    pub waiting: Number,
    /// Every difference between claimed and credited.
    pub differences: Vec<Difference>,
    /// What is wrong, or what a person should know.
    pub notice: Option<LedgerNotice>,
}

/// An amount of credits.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Number {
    /// With at most three decimals.
    pub credits: String,
    /// To the last nanocredit.
    pub exact: String,
}

/// A part of what was claimed and is not credited, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// The amount.
    pub amount: Number,
    /// The reason, in a sentence.
    pub reason: String,
}

/// Something about the ledger that a person should look at. Protection and counting go on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LedgerNotice {
    /// What it is.
    pub kind: NoticeKind,
    /// The sentence.
    pub sentence: String,
    /// The exact cause, in the host's words.
    pub detail: Option<String>,
    /// A command to type, if one helps.
    pub command: Option<Command>,
}

/// A command to type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Command {
    /// What it is for.
    pub purpose: &'static str,
    /// The command.
    pub line: &'static str,
}

/// What the notice is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Nothing was answered for ten minutes or longer.
    Trouble,
    /// Nothing is sent until a person has done something.
    Stopped,
    /// The ledger's number is not the sum of the receipts.
    Contradiction,
    /// Receipts could not be verified here.
    Unverified,
}

/// Writes everything that is known into one file.
const EXPORT: Command = Command {
    purpose: "To export the evidence, run",
    line: "onionmeter export FILE",
};

const LEAVE: Command = Command {
    purpose: "To enrol again, first leave the ledger:",
    line: "onionmeter ledger leave",
};

const NEW_CHAIN: Command = Command {
    purpose: "To begin a chain that is sent again, run",
    line: "onionmeter new-chain",
};

pub(super) fn ledger(state: &State) -> Option<LedgerNumbers> {
    let ledger = state.status_to_show()?.ledger.as_ref()?;
    Some(LedgerNumbers {
        address: ledger.address.clone(),
        claimed: number(state.book.claimed()),
        credited: state.receipts.credited().map(number),
        waiting: number(waiting(state, ledger)),
        differences: differences(ledger),
        notice: notice(state, ledger),
    })
}

/// From the verified reports and receipts, once there is a receipt.
fn waiting(state: &State, ledger: &LedgerStatus) -> Amount {
    let told = Amount::new(ledger.waiting.0).unwrap_or(Amount::ZERO);
    let balance = state.book.balance();
    let answered = state.receipts.claimed();
    let answered = answered.filter(|answered| *answered <= balance);
    let verified = answered.and_then(|answered| Amount::new(balance.since(answered)));
    verified.unwrap_or(told)
}

fn differences(ledger: &LedgerStatus) -> Vec<Difference> {
    let lines = difference(ledger).into_iter();
    let lines = lines.map(|(reason, amount)| Difference {
        amount: number(Amount::new(amount).unwrap_or(Amount::ZERO)),
        reason,
    });
    lines.collect()
}

fn number(amount: Amount) -> Number {
    Number {
        credits: credits_short(amount),
        exact: format!("{} credits", credits_exact(amount)),
    }
}

fn notice(state: &State, ledger: &LedgerStatus) -> Option<LedgerNotice> {
    let contradiction = contradiction(state, ledger);
    contradiction
        .or_else(|| state.receipts.refusal().map(unverified))
        .or_else(|| sending(&ledger.sending))
}

/// Both numbers are shown, and neither takes the place of the other.
fn contradiction(state: &State, ledger: &LedgerStatus) -> Option<LedgerNotice> {
    let of = |sentence, detail| LedgerNotice {
        kind: NoticeKind::Contradiction,
        sentence,
        detail,
        command: Some(EXPORT),
    };
    match &ledger.sending {
        Sending::Stopped(problem) if problem.code == ErrorCode::LedgerContradicts => {
            Some(of(problem.message.clone(), problem.detail.clone()))
        }
        _ if state.credited_differs() => {
            let told = Amount::new(ledger.credited.0).unwrap_or(Amount::ZERO);
            let verified = state.receipts.credited().unwrap_or(Amount::ZERO);
            let sentence = format!(
                "The program says that {} is credited; the receipts that were verified here sum up \
                 to {}.",
                credits_exact(told),
                credits_exact(verified)
            );
            Some(of(sentence, None))
        }
        _ => None,
    }
}

fn unverified(refusal: ReceiptRefusal) -> LedgerNotice {
    let (sentence, command) = match refusal {
        ReceiptRefusal::OtherKey => (
            "The ledger's key is not the one that this browser pinned, so nothing counts as \
             credited here.",
            Some(EXPORT),
        ),
        ReceiptRefusal::Invalid => (
            "A receipt could not be verified in this browser, so nothing counts as credited here.",
            Some(EXPORT),
        ),
        ReceiptRefusal::Withheld => (
            "The program does not hand out receipts that it says it has, so nothing counts as \
             credited here.",
            None,
        ),
    };
    LedgerNotice {
        kind: NoticeKind::Unverified,
        sentence: sentence.to_owned(),
        detail: None,
        command,
    }
}

fn sending(sending: &Sending) -> Option<LedgerNotice> {
    let (kind, command, detail) = match sending {
        Sending::Idle | Sending::Waiting { .. } | Sending::Sending | Sending::NoTor => return None,
        Sending::Trouble { .. } => (NoticeKind::Trouble, None, None),
        Sending::Stopped(problem) => {
            let command = match problem.code {
                ErrorCode::LedgerUnknownDevice => Some(LEAVE),
                ErrorCode::LedgerRefused => Some(NEW_CHAIN),
                _ => None,
            };
            (NoticeKind::Stopped, command, problem.detail.clone())
        }
    };
    Some(LedgerNotice {
        kind,
        sentence: sending.sentence(),
        detail,
        command,
    })
}
