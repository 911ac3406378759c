//! The operator's page in every state, from invented values.

use super::{MINUTE, NOW, VKEY, at, frame};
use meter_core::{Amount, ByteCount, DurationMs};
use onionmeter_ledger::pages::{Audited, OperatorPage, Pulse, Refusal, Tab, Who, html};

fn refusals() -> Vec<Refusal> {
    let refusal = |what, reason: &str, meaning: &str, count| Refusal {
        what,
        reason: reason.to_owned(),
        meaning: meaning.to_owned(),
        count,
    };
    vec![
        refusal(
            "Request",
            "not_found",
            "There is nothing here that you may see.",
            12_044,
        ),
        refusal(
            "Report",
            "conflict",
            "It does not follow its chain; its device is told where that stands.",
            31,
        ),
        refusal(
            "Report",
            "signature",
            "Its bytes break this rule of a session report. No device that works makes one.",
            1,
        ),
    ]
}

pub(crate) fn operator() -> OperatorPage {
    OperatorPage {
        frame: frame(Who::Operator, Some(Tab::Operator)),
        commits: true,
        held: None,
        pulse: Pulse {
            taken_in_one_minute: 1_204,
            taken_in_five_minutes: 5_917,
            waiting: 0,
            oldest_wait: DurationMs::ZERO,
            audit: Some(Audited {
                ended: at(NOW - 200 * MINUTE),
                reports: 3_428_551,
                findings: 0,
            }),
            audit_every_hours: Some(24),
            store: Some(ByteCount::from_u32(2_731_204_608)),
            free: ByteCount::new(41_870_000_000),
        },
        refusals: refusals(),
        accounts: 1_204,
        devices: 1_871,
        reports: 3_430_912,
        awarded: Amount::new(411_202_557_118_500).expect("fits"),
        most_day: Amount::new(1_204 * 9_640_000_000_000),
        frozen: 2,
        vkey: VKEY.to_owned(),
    }
}

pub(super) fn all() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut add = |name: &str, text| pages.push((name.to_owned(), text));
    add("operator", html(&operator()));
    let failing = OperatorPage {
        commits: false,
        most_day: None,
        pulse: Pulse {
            waiting: 311,
            oldest_wait: DurationMs::from_u32(42_000),
            audit: None,
            free: Some(ByteCount::from_u32(12_288)),
            store: None,
            ..operator().pulse
        },
        refusals: Vec::new(),
        ..operator()
    };
    add("operator-failing", html(&failing));
    let held = OperatorPage {
        commits: false,
        held: Some(
            "a row of the database is not as it was written: reports (chain_no 7, seq 12): award \
             is not what the receipt says, and 2 more. See all with: onionmeter-ledger audit. Then \
             restore a sound copy"
                .to_owned(),
        ),
        pulse: Pulse {
            audit: Some(Audited {
                ended: at(NOW - MINUTE),
                reports: 3_428_551,
                findings: 3,
            }),
            ..operator().pulse
        },
        ..operator()
    };
    add("operator-under-audit", html(&held));
    pages
}
