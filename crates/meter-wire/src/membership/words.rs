//! The sentences about a ledger that command line and popup both show.

use super::{LedgerStatus, Sending};
use crate::Problem;

/// Why a ledger credited less than claimed, by the reason's name in `docs/spec/receipt.md`.
#[must_use]
pub fn reason_sentence(name: &str) -> &'static str {
    match name {
        "time-budget" => {
            "The account claimed more time than passed on the ledger's clock; devices that run at \
             the same time count once."
        }
        "byte-budget" => {
            "The account claimed more bytes than its allowance had grown to by then; the allowance \
             grows evenly from the opening of the account."
        }
        "before-enrolment" => "A part of the session was before this device was enrolled.",
        "session-cap" => "The session was longer than the longest one that the ledger credits.",
        _ => "The ledger gives a reason that this version does not know; update it.",
    }
}

/// Why a chain of reports ended and another one began, by the name in the file of receipts.
#[must_use]
pub fn chain_end_sentence(name: &str) -> &'static str {
    match name {
        "frozen" => {
            "The ledger got two different reports with one number from this device, so it froze \
             their chain; a new chain began."
        }
        "ahead" => {
            "The ledger has later reports of this device than this computer, so an older copy was \
             put back here; a new chain began."
        }
        "split" => {
            "The ledger has another report of this device than this computer, so a copy of the \
             device signs too; a new chain began."
        }
        "forgotten" => {
            "The ledger lost the reports with which this device was enrolled; a new chain began."
        }
        "chosen" => "You began a new chain of reports.",
        _ => "A new chain of reports began.",
    }
}

impl Sending {
    /// The state in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Idle => "Every report was answered.".to_owned(),
            Self::Waiting {
                in_s,
                problem: Some(problem),
            } => format!(
                "The last try failed: {} Next try in {in_s} s.",
                exactly(problem)
            ),
            Self::Waiting {
                in_s,
                problem: None,
            } => format!(
                "Reports are sent in {in_s} s; the time is random, so that it does not follow what \
                 you do."
            ),
            Self::Sending => "Reports are being sent.".to_owned(),
            Self::NoTor => "Reports are sent as soon as Tor can be used.".to_owned(),
            Self::Trouble { since_s, problem } => format!(
                "Nothing was sent for {} minutes. {} It is tried again by itself.",
                since_s / 60,
                exactly(problem)
            ),
            Self::Stopped(problem) => problem.message.clone(),
        }
    }

    /// Whether the sentence says why something failed.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        let failed_just_now = matches!(
            self,
            Self::Waiting {
                problem: Some(_),
                ..
            }
        );
        failed_just_now || self.is_trouble()
    }

    /// Whether a person should look at it.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        matches!(self, Self::Trouble { .. } | Self::Stopped(_))
    }
}

/// The sentence of a problem, with its detail.
fn exactly(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => format!("{} ({detail})", problem.message),
        None => problem.message.clone(),
    }
}

/// Why reports wait. What is wrong has a sentence of its own and is not repeated here.
fn waits(sending: &Sending) -> String {
    match sending.is_trouble() {
        true => "These reports wait for an answer of the ledger.".to_owned(),
        false => sending.sentence(),
    }
}

/// The differences between what was claimed and what is credited: what each is, and its amount in
/// nanocredits. Only what is not 0.
#[must_use]
pub fn difference(status: &LedgerStatus) -> Vec<(String, u64)> {
    let mut lines = vec![
        (
            "Claimed before this enrolment; what an earlier one credited is not counted again."
                .to_owned(),
            status.before.0,
        ),
        (waits(&status.sending), status.waiting.0),
        (
            "Claimed in a chain that has ended; the ledger takes no more of it.".to_owned(),
            status.unanswered.0,
        ),
    ];
    for lowered in &status.lowered {
        let sentences: Vec<_> = lowered
            .reasons
            .iter()
            .map(|name| reason_sentence(name))
            .collect();
        lines.push((sentences.join(" "), lowered.amount.0));
    }
    lines.retain(|(_, amount)| *amount > 0);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, HexBytes, Lowered, U64Text};
    use meter_core::Reason;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_of_a_receipt_has_a_sentence_of_its_own() {
        let known: BTreeSet<_> = Reason::ALL
            .iter()
            .map(|reason| reason_sentence(reason.name()))
            .collect();
        assert_eq!(known.len(), Reason::ALL.len());
        assert!(!known.contains(reason_sentence("moon")));
        assert!(known.iter().all(|sentence| sentence.ends_with('.')));
    }

    #[test]
    fn every_state_of_sending_is_one_whole_sentence() {
        let problem = Problem::new(ErrorCode::LedgerSilent);
        for state in [
            Sending::Idle,
            Sending::Waiting {
                in_s: 7,
                problem: None,
            },
            Sending::Waiting {
                in_s: 7,
                problem: Some(problem.clone()),
            },
            Sending::Sending,
            Sending::NoTor,
            Sending::Trouble {
                since_s: 660,
                problem: problem.clone(),
            },
            Sending::Stopped(problem),
        ] {
            let sentence = state.sentence();
            assert!(sentence.ends_with('.'), "{sentence}");
        }
    }

    #[test]
    fn a_wait_after_a_failure_says_what_failed_and_an_older_reader_still_reads_it() {
        let problem = Problem::with_detail(ErrorCode::LedgerUnreachable, "why".to_owned());
        let waiting = Sending::Waiting {
            in_s: 30,
            problem: Some(problem),
        };
        assert_eq!(
            waiting.sentence(),
            "The last try failed: No connection to the ledger could be made. (why) Next try in \
             30 s."
        );
        let text = serde_json::to_string(&waiting).expect("JSON");
        assert!(
            text.starts_with(r#"{"waiting":{"in_s":30,"problem":{"#),
            "{text}"
        );
        let older = serde_json::from_str(r#"{"waiting":{"in_s":30}}"#).expect("without a problem");
        let quiet = Sending::Waiting {
            in_s: 30,
            problem: None,
        };
        assert_eq!(quiet, older);
        assert!(quiet.sentence().contains("the time is random"));
    }

    #[test]
    fn the_differences_are_told_one_by_one_and_only_where_there_are_some() {
        let mut status = LedgerStatus {
            address: "127.0.0.1:3443".to_owned(),
            account: HexBytes([1; 16]),
            before: U64Text(0),
            answered: U64Text(10),
            credited: U64Text(10),
            waiting: U64Text(0),
            waiting_reports: U64Text(0),
            unanswered: U64Text(0),
            lowered: Vec::new(),
            badge: crate::BadgeNumber::Claimed,
            chain_end: None,
            sending: Sending::Idle,
        };
        assert!(difference(&status).is_empty());
        status.before = U64Text(5);
        status.waiting = U64Text(6);
        status.unanswered = U64Text(7);
        status.sending = Sending::NoTor;
        status.lowered = vec![Lowered {
            reasons: vec!["time-budget".to_owned(), "byte-budget".to_owned()],
            sessions: U64Text(1),
            amount: U64Text(8),
        }];
        let told = difference(&status);
        let amounts: Vec<_> = told.iter().map(|(_, amount)| *amount).collect();
        assert_eq!(amounts, [5, 6, 7, 8]);
        assert!(told[3].0.contains("bytes") && told[3].0.contains("time"));
    }
}
