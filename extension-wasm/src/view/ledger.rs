//! What was claimed, credited and waits, and why they differ. Shown only to who is enrolled.

use super::cause::exactly;
use super::problem::said;
use crate::text::{Key, Text, Value, key};
use crate::update::{ReceiptRefusal, State};
use meter_core::{Amount, Decimals, Reason};
use meter_wire::{ErrorCode, LedgerStatus, Lowered, RestoredState, Sending};
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
    /// With three decimals, or with so many that credited and all differences add up to claimed.
    pub credits: Value,
    /// To the last nanocredit.
    pub exact: Text,
}

/// A part of what was claimed and is not credited, and why.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Difference {
    /// The amount.
    pub amount: Number,
    /// The reason, in a sentence.
    pub reason: Text,
}

/// Something about the ledger that a person should look at. Protection and counting go on.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LedgerNotice {
    /// What it is.
    pub kind: NoticeKind,
    /// The sentence.
    pub sentence: Text,
    /// The exact cause, in the host's words.
    pub detail: Option<Text>,
    /// A command to type, if one helps.
    pub command: Option<Command>,
}

/// A command to type.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Command {
    /// What it is for.
    pub purpose: Key,
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
    /// A backup was restored, and the ledger is asked what it has seen since.
    Restored,
}

/// Writes everything that is known into one file.
const EXPORT: Command = Command {
    purpose: key("ledger_export"),
    line: "onionmeter export FILE",
};

const LEAVE: Command = Command {
    purpose: key("ledger_leave_first"),
    line: "onionmeter ledger leave",
};

const NEW_CHAIN: Command = Command {
    purpose: key("ledger_new_chain"),
    line: "onionmeter new-chain",
};

const NEW_CHAIN_AT_ONCE: Command = Command {
    purpose: key("ledger_new_chain_at_once"),
    line: "onionmeter new-chain",
};

pub(super) fn ledger(state: &State) -> Option<LedgerNumbers> {
    let ledger = state.status_to_show()?.ledger.as_ref()?;
    let (claimed, credited) = (state.reports.claimed(), state.receipts.credited());
    let differences = differences(ledger);
    let mut parts: Vec<_> = differences.iter().map(|(_, amount)| *amount).collect();
    parts.extend(credited);
    let decimals = Decimals::adding_up(claimed, &parts);
    let number = |amount| Number {
        credits: Value::credits_to(amount, decimals),
        exact: Text::credits(amount),
    };
    let differences = differences.into_iter().map(|(reason, amount)| Difference {
        amount: number(amount),
        reason,
    });
    Some(LedgerNumbers {
        address: ledger.address.clone(),
        claimed: number(claimed),
        credited: credited.map(number),
        waiting: number(waiting(state, ledger)),
        differences: differences.collect(),
        notice: notice(state, ledger),
    })
}

/// From the verified reports and receipts, once there is a receipt.
fn waiting(state: &State, ledger: &LedgerStatus) -> Amount {
    let reported = Amount::new(ledger.waiting.0).unwrap_or(Amount::ZERO);
    let balance = state.reports.balance();
    let answered = state.receipts.claimed();
    let answered = answered.filter(|answered| *answered <= balance);
    let verified = answered.and_then(|answered| Amount::new(balance.since(answered)));
    verified.unwrap_or(reported)
}

/// The amounts that are claimed and not credited, with the reason. Only what is not 0.
fn differences(ledger: &LedgerStatus) -> Vec<(Text, Amount)> {
    let own = [
        (key("difference_before").text(), ledger.before),
        (waits(&ledger.sending), ledger.waiting),
        (key("difference_unanswered").text(), ledger.unanswered),
    ];
    let lowered = ledger.lowered.iter();
    let lowered = lowered.map(|lowered| (reasons(lowered), lowered.amount));
    let lines = own.into_iter().chain(lowered);
    let lines = lines.filter(|(_, amount)| amount.0 > 0);
    let lines =
        lines.map(|(reason, amount)| (reason, Amount::new(amount.0).unwrap_or(Amount::ZERO)));
    lines.collect()
}

/// Why reports wait. What is wrong has a sentence of its own and is not repeated here.
fn waits(sending: &Sending) -> Text {
    match sending.is_trouble() {
        true => key("difference_waiting").text(),
        false => of_sending(sending),
    }
}

/// Why a ledger credited less than claimed.
fn reasons(lowered: &Lowered) -> Text {
    let mut reasons = lowered.reasons.iter().map(|name| {
        let is_known = Reason::ALL.iter().any(|reason| reason.name() == name);
        match is_known {
            true => Text::of_family("reason", name),
            false => key("reason_other").text(),
        }
    });
    let first = reasons.next().unwrap_or(key("reason_other").text());
    reasons.fold(first, Text::and)
}

/// What is being done about the reports that wait.
pub(super) fn of_sending(sending: &Sending) -> Text {
    match sending {
        Sending::Idle => key("sending_idle").text(),
        Sending::Waiting { in_s, problem } => {
            let time = Value::duration(u64::from(*in_s).saturating_mul(1_000));
            match problem {
                None => key("sending_waiting").with("time", time),
                Some(problem) => said(problem).and(key("sending_again").with("time", time)),
            }
        }
        Sending::Sending => key("sending_sending").text(),
        Sending::NoTor => key("sending_no_tor").text(),
        Sending::Trouble { since_s, problem } => key("sending_trouble")
            .with("minutes", Value::count((since_s / 60).into()))
            .with("problem", said(problem)),
        Sending::Stopped(problem) => said(problem),
    }
}

fn notice(state: &State, ledger: &LedgerStatus) -> Option<LedgerNotice> {
    let contradiction = contradiction(state, ledger);
    contradiction
        .or_else(|| state.receipts.refusal().map(unverified))
        .or_else(|| sending(&ledger.sending))
        .or_else(|| restored(state))
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
            Some(of(said(problem), exactly(problem)))
        }
        _ if state.credited_differs() => {
            let reported = Amount::new(ledger.credited.0).unwrap_or(Amount::ZERO);
            let verified = state.receipts.credited().unwrap_or(Amount::ZERO);
            let sentence = key("ledger_sum_differs")
                .with("told", Value::exact(reported))
                .with("verified", Value::exact(verified));
            Some(of(sentence, None))
        }
        _ => None,
    }
}

fn unverified(refusal: ReceiptRefusal) -> LedgerNotice {
    let (sentence, command) = match refusal {
        ReceiptRefusal::OtherKey => (key("ledger_other_key"), Some(EXPORT)),
        ReceiptRefusal::Invalid => (key("ledger_invalid"), Some(EXPORT)),
        ReceiptRefusal::Withheld => (key("ledger_withheld"), None),
    };
    LedgerNotice {
        kind: NoticeKind::Unverified,
        sentence: sentence.text(),
        detail: None,
        command,
    }
}

/// Until the ledger has answered nothing is signed, and a person would wonder why.
fn restored(state: &State) -> Option<LedgerNotice> {
    let restored = state.status_to_show()?.restored.as_ref()?;
    (restored.state == RestoredState::Asking).then(|| LedgerNotice {
        kind: NoticeKind::Restored,
        sentence: key("ledger_restored").text(),
        detail: None,
        command: Some(NEW_CHAIN_AT_ONCE),
    })
}

fn sending(sending: &Sending) -> Option<LedgerNotice> {
    let (kind, command, detail) = match sending {
        Sending::Idle | Sending::Waiting { .. } | Sending::Sending | Sending::NoTor => return None,
        Sending::Trouble { problem, .. } => (NoticeKind::Trouble, None, exactly(problem)),
        Sending::Stopped(problem) => {
            let command = match problem.code {
                ErrorCode::LedgerUnknownDevice => Some(LEAVE),
                ErrorCode::LedgerRefused => Some(NEW_CHAIN),
                _ => None,
            };
            (NoticeKind::Stopped, command, exactly(problem))
        }
    };
    Some(LedgerNotice {
        kind,
        sentence: of_sending(sending),
        detail,
        command,
    })
}
