//! The ledger: whether reports are answered, and what helps where they are not.

use super::Finding::{self, Bad, Good, Note};
use crate::cli::print;
use meter_wire::{ErrorCode, LedgerStatus, Problem, Sending, Status};

/// `None` for a device that is not enrolled.
pub(super) fn finding(status: &Status) -> Option<Finding> {
    let ledger = status.ledger.as_ref()?;
    Some(match &ledger.sending {
        Sending::Waiting {
            problem: Some(_), ..
        } => Note(format!(
            "{}. {}",
            enrolled(ledger),
            ledger.sending.sentence()
        )),
        Sending::Idle
        | Sending::Waiting { problem: None, .. }
        | Sending::Sending
        | Sending::NoTor => Good(enrolled(ledger)),
        Sending::Trouble { problem, .. } => Bad {
            what: ledger.sending.sentence(),
            remedy: against_trouble(problem.code, &ledger.address),
        },
        Sending::Stopped(problem) => Bad {
            what: with_detail(problem),
            remedy: after_a_stop(problem.code).to_owned(),
        },
    })
}

fn enrolled(ledger: &LedgerStatus) -> String {
    format!(
        "enrolled with the ledger at {}: {} credited, {} waiting",
        ledger.address,
        print::credits(ledger.credited),
        print::credits(ledger.waiting)
    )
}

fn with_detail(problem: &Problem) -> String {
    match &problem.detail {
        Some(detail) => format!("{} ({detail})", problem.message),
        None => problem.message.clone(),
    }
}

fn against_trouble(code: ErrorCode, address: &str) -> String {
    match code {
        ErrorCode::LedgerNoTor => {
            "`onionmeter tor start`; the reports are sent as soon as Tor can be used".to_owned()
        }
        ErrorCode::LedgerChanged => format!(
            "compare its key with what the operator of {address} publishes; if the ledger has \
             begun anew, `onionmeter ledger leave`, then `onionmeter enroll LEDGER`"
        ),
        _ => format!(
            "nothing is lost, the reports wait; `onionmeter ledger send` tries at once, and the \
             operator of {address} knows whether the ledger runs"
        ),
    }
}

const fn after_a_stop(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::LedgerContradicts => {
            "`onionmeter export FILE` writes reports, receipts and the evidence into one file; \
             show it to the ledger's operator, or `onionmeter ledger leave`"
        }
        ErrorCode::LedgerUnknownDevice => {
            "`onionmeter ledger leave`, where the device was removed from its account \
             `onionmeter new-chain --new-key`, then `onionmeter enroll LEDGER`; what waits stays \
             here"
        }
        ErrorCode::LedgerRefused => {
            "`onionmeter new-chain` begins a chain that is sent again; please report it with the \
             log"
        }
        _ => "what waits is kept, and sent once that is mended; it is tried again by itself",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter_wire::{BadgeNumber, HexBytes, U64Text};

    fn ledger(sending: Sending) -> LedgerStatus {
        LedgerStatus {
            address: "127.0.0.1:3443".to_owned(),
            account: HexBytes([1; 16]),
            before: U64Text(0),
            answered: U64Text(4_575_000_000),
            credited: U64Text(4_575_000_000),
            waiting: U64Text(1_000_000_000),
            waiting_reports: U64Text(1),
            unanswered: U64Text(0),
            lowered: Vec::new(),
            badge: BadgeNumber::Claimed,
            chain_end: None,
            sending,
        }
    }

    fn told(sending: Sending) -> String {
        let json = format!("{{{}}}", STATUS);
        let mut status: Status = serde_json::from_str(&json).expect("a status");
        assert!(finding(&status).is_none(), "not enrolled");
        status.ledger = Some(ledger(sending));
        finding(&status).expect("enrolled").to_string()
    }

    const STATUS: &str = r#""relay":"stopped","tor":{"backend":null,"version":null,"state":"off"},
        "session":null,"balance":"0","reports":"0","problem":null,"thresholds":{
        "min_bytes":"100000","min_duration_ms":"30000","max_duration_ms":"600000"}"#;

    #[test]
    fn what_is_in_order_is_said_with_its_numbers() {
        let said = told(Sending::NoTor);
        assert!(said.starts_with("  ok "), "{said}");
        assert!(said.contains("4.575 credited, 1.0 waiting"), "{said}");
        let said = told(Sending::Waiting {
            in_s: 30,
            problem: Some(Problem::new(ErrorCode::LedgerUnreachable)),
        });
        let why = "1.0 waiting. The last try failed: No connection to the ledger could be made.";
        assert!(said.contains(why), "{said}");
    }

    #[test]
    fn trouble_contradiction_and_an_unknown_device_each_come_with_what_to_do() {
        let trouble = |code| Sending::Trouble {
            since_s: 660,
            problem: Problem::new(code),
        };
        let stopped = |code| Sending::Stopped(Problem::new(code));
        for (sending, needed) in [
            (trouble(ErrorCode::LedgerNotFound), "onionmeter ledger send"),
            (trouble(ErrorCode::LedgerNoTor), "onionmeter tor start"),
            (
                trouble(ErrorCode::LedgerChanged),
                "onionmeter enroll LEDGER",
            ),
            (
                stopped(ErrorCode::LedgerContradicts),
                "onionmeter export FILE",
            ),
            (
                stopped(ErrorCode::LedgerUnknownDevice),
                "onionmeter enroll LEDGER",
            ),
            (stopped(ErrorCode::LedgerRefused), "onionmeter new-chain"),
            (stopped(ErrorCode::ReceiptsUnwritable), "what waits is kept"),
        ] {
            let said = told(sending);
            assert!(said.starts_with("  BAD "), "{said}");
            assert!(said.contains(needed), "{said}");
        }
    }
}
