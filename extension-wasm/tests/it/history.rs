//! All sessions, as the dashboard lists, draws, proves and exports them.

use crate::ledger::Ledger;
use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::{SessionReport, Signed};
use meter_wire::{Outcome, ReportsFile, ReportsPage, Request, Success, U64Text, WireReport};
use onionmeter::history::{
    Filter, History, Measure, ReceiptView, ask_receipt, picture, proof, receipt, to_csv, to_json,
};
use onionmeter::text::Value;

const DAY: u64 = 86_400_000;

/// A host with so many sessions, one each hour.
fn host(sessions: u64) -> Scene {
    let mut host = Scene::new(5);
    for number in 0..sessions {
        host.sign(number * DAY / 24, 45_000 + number, 50_000, 100_000 * number);
    }
    host
}

fn history(host: &Scene) -> History {
    History::of(
        &hex::encode(host.head.key.0),
        &hex::encode(host.head.chain.0),
    )
    .expect("hex")
}

fn page(reports: &[WireReport]) -> Outcome {
    Outcome::Ok(Success::Reports(ReportsPage {
        reports: reports.to_vec(),
        total: U64Text(0),
    }))
}

/// Fetches as the page does, until nothing new comes.
fn fetched(host: &Scene) -> History {
    let mut history = history(host);
    loop {
        let Request::Reports(query) = history.next() else {
            panic!("sessions are asked for");
        };
        let after = usize::try_from(query.after.0).expect("few");
        let rest = host.reports.iter().skip(after).take(query.limit.into());
        if !history.take(&page(&rest.cloned().collect::<Vec<_>>())) {
            return history;
        }
    }
}

#[test]
fn every_session_is_verified_and_listed_the_newest_first() {
    let host = host(250);
    let history = fetched(&host);
    let progress = history.progress();
    assert_eq!((&*progress.verified, progress.listed), ("250", 250));
    assert_eq!(progress.trouble, None);
    let numbers = |from, count| -> Vec<String> {
        let rows = history.rows(from, count).into_iter();
        rows.map(|row| row.sequence).collect()
    };
    assert_eq!(numbers(0, 3), ["250", "249", "248"]);
    assert_eq!(numbers(248, 10), ["2", "1"]);
    assert_eq!(numbers(250, 10), [""; 0]);
}

#[test]
fn a_session_that_was_changed_is_not_listed_nor_any_after_it() {
    let mut host = host(5);
    host.reports[2].body.0[100] ^= 1;
    let history = fetched(&host);
    let progress = history.progress();
    assert_eq!(progress.listed, 2);
    let trouble = progress.trouble.expect("told").en();
    assert!(
        trouble.starts_with("Session 3 does not verify"),
        "{trouble}"
    );
}

#[test]
fn a_session_of_another_place_is_not_taken() {
    let host = host(5);
    let mut history = history(&host);
    assert!(
        !history.take(&page(&host.reports[1..])),
        "the first is missing"
    );
    assert!(history.take(&page(&host.reports[..1])));
    assert!(!history.take(&page(&host.reports[..1])), "twice");
    assert!(!history.take(&Outcome::Ok(Success::Done)));
    assert_eq!(history.progress().listed, 1);
}

fn nano(credits: &Value) -> u128 {
    let credits = credits.en().replace(',', "");
    let (whole, part) = credits.split_once('.').expect("a decimal");
    let digits = format!("{whole}{part:0<9}");
    digits.parse().expect("digits")
}

#[test]
fn bars_and_what_came_before_them_sum_to_the_balance() {
    let host = host(100);
    let history = fetched(&host);
    let edges: Vec<u64> = (1..=4).map(|day| day * DAY).collect();
    let view = picture(&history, Measure::Credits, &edges);
    let bars: u128 = view.bars.iter().map(|bar| nano(&bar.credits)).sum();
    assert_eq!(bars, nano(&view.total));
    let rest = [&view.before, &view.after];
    let rest: u128 = rest.map(|part| part.as_ref().map_or(0, nano)).iter().sum();
    assert_eq!(bars + rest, nano(&view.all));
    assert_eq!(nano(&view.all), u128::from(host.head.totals.amount.get()));
    assert_eq!(view.bars.len(), 3);
    assert_eq!(view.bars[0].sessions, 24);
    for bar in &view.bars {
        assert_eq!(bar.y + bar.height, 200, "it stands on the ground");
        assert!(bar.x + bar.width <= 720 && bar.height > 0);
    }
}

#[test]
fn of_traffic_up_stands_on_top_of_down() {
    let history = fetched(&host(30));
    let view = picture(&history, Measure::Traffic, &[0, DAY, 2 * DAY]);
    for bar in &view.bars {
        assert_eq!(bar.top_y + bar.top_height, bar.y);
        assert!(bar.top_height > 0 && bar.height > 0);
    }
    assert_eq!(view.before, None);
}

#[test]
fn no_edges_draw_no_bars() {
    let history = fetched(&host(3));
    for edges in [&[][..], &[DAY], &[DAY, DAY]] {
        let view = picture(&history, Measure::Credits, edges);
        assert!(view.bars.len() <= 1, "{edges:?}");
    }
}

#[test]
fn a_filter_finds_a_number_an_identifier_and_a_time() {
    let mut history = fetched(&host(48));
    let first = history.rows(47, 1).remove(0);
    let mut listed = |text: &str, from_ms, until_ms| {
        let text = text.to_owned();
        history.set_filter(Filter {
            text,
            from_ms,
            until_ms,
        });
        history.progress().listed
    };
    assert_eq!(listed("#17", None, None), 1);
    assert_eq!(listed(&first.id, None, None), 1);
    assert_eq!(listed("", Some(DAY), None), 24);
    assert_eq!(listed("", Some(DAY), Some(DAY)), 0);
    assert_eq!(listed("no such", None, None), 0);
    assert_eq!(listed(" ", None, None), 48);
}

#[test]
fn an_opened_session_shows_every_field_and_passes_each_check() {
    let host = host(3);
    let history = fetched(&host);
    for listed in 0..3 {
        let proof = proof(&history, listed).expect("listed");
        assert_eq!(proof.checks.len(), 3);
        assert!(proof.checks.iter().all(|check| check.passed));
        let has = |name: &str, value: &str| {
            let fields = proof.fields.iter();
            fields
                .filter(|field| field.name.en() == name && field.value.en() == value)
                .count()
                == 1
        };
        let signed = Signed::<SessionReport>::from(&host.reports[2 - listed]);
        assert!(has("Signature", &hex::encode(signed.signature())));
        assert!(has("Number in the chain", &proof.row.sequence));
    }
    assert_eq!(proof(&history, 3), None);
}

#[test]
fn files_hold_what_is_listed_and_what_verifies() {
    let host = host(4);
    let mut history = fetched(&host);
    let file: ReportsFile = serde_json::from_str(&to_json(&history)).expect("a file");
    assert_eq!(file.reports, host.reports);
    assert_eq!(file.key.0, host.head.key.0);
    history.set_filter(Filter {
        text: "2".to_owned(),
        ..Filter::default()
    });
    let csv = to_csv(&history);
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[0].starts_with("number,report,started_utc"));
    assert!(lines[1].starts_with("2,"), "{csv}");
    let columns = |line: &str| line.split(',').count();
    assert_eq!(columns(lines[0]), columns(lines[1]));
}

/// The receipt of the session with this number, as the page asks for it.
fn receipt_of(host: &Scene, number: u64, pinned: &str) -> ReceiptView {
    let mut history = fetched(host);
    let listed = usize::try_from(host.head.sequence - number).expect("few");
    let Some(Request::Receipts(query)) = ask_receipt(&history, listed) else {
        panic!("receipts are asked for");
    };
    assert_eq!((query.after.0, query.limit), (number - 1, 1));
    let mut page = host.receipts.clone().expect("enrolled");
    page.receipts.retain(|answer| {
        let report: Signed<SessionReport> = (&answer.report).into();
        let report = report.verify(host.head.key).expect("ours");
        report.value().sequence == number
    });
    let outcome = Outcome::Ok(Success::Receipts(page));
    // Meanwhile the list may change.
    history.set_filter(Filter {
        text: "no session".to_owned(),
        ..Filter::default()
    });
    receipt(&history, &number.to_string(), pinned, &outcome).expect("it is one of the chain's")
}

/// Three sessions: before the enrolment, credited in part, and waiting.
fn enrolled() -> (Scene, String) {
    let mut host = host(3);
    let mut ledger = Ledger::enrol(&mut host, 1);
    ledger.answer(&mut host, 1, Ledger::lower);
    let pinned = hex::encode(ledger.signer.key().0);
    (host, pinned)
}

fn words(view: &ReceiptView) -> Vec<String> {
    view.sentences.iter().map(|text| text.en()).collect()
}

#[test]
fn a_receipt_is_verified_and_says_why_less_was_credited() {
    let (host, pinned) = enrolled();
    let view = receipt_of(&host, 2, &pinned);
    assert!(view.checks.iter().all(|check| check.passed) && view.checks.len() == 2);
    assert_eq!(view.fields.len(), 8);
    let words = words(&view);
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(words[0].starts_with("The ledger credited "), "{words:?}");
}

#[test]
fn a_session_without_a_receipt_says_why() {
    let (host, pinned) = enrolled();
    for (number, begins) in [
        (1, "It was signed before"),
        (3, "The ledger has not answered"),
    ] {
        let view = receipt_of(&host, number, &pinned);
        assert!(words(&view)[0].starts_with(begins), "{:?}", words(&view));
        assert!(view.checks.is_empty() && view.fields.is_empty());
    }
}

#[test]
fn a_receipt_that_does_not_verify_shows_no_number() {
    let (host, pinned) = enrolled();
    let other_key = receipt_of(&host, 2, &hex::encode([7; 32]));
    let mut forged = host;
    let page = forged.receipts.as_mut().expect("enrolled");
    // The receipt of another report.
    let mut ledger = Ledger {
        signer: meter_core::LedgerSigner::from_seed(&[9; 32]),
        awarded: meter_core::Amount::ZERO,
        past: (0, 0),
    };
    let other = ledger.receipt(&forged.reports[2], |_| {});
    page.receipts[0].receipt = other.receipt;
    let other_report = receipt_of(&forged, 2, &pinned);
    for (view, passed) in [(other_key, [false, false]), (other_report, [true, false])] {
        let found: Vec<bool> = view.checks.iter().map(|check| check.passed).collect();
        assert_eq!(found, passed);
        assert!(view.fields.is_empty());
        assert!(
            words(&view)[0].contains("does not verify"),
            "{:?}",
            words(&view)
        );
    }
}
