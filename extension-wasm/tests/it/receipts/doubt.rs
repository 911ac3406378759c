//! Receipts that do not count, contradict, fail to come or name what was refused.

use super::{asked, mend, notice, numbers, signed, view};
use crate::{ledger::Ledger, said::Words as _, scene::Scene};
use meter_core::LedgerSigner;
use meter_wire::{ErrorCode, HexBytes, Problem, Restored, RestoredState, Sending, U64Text};
use onionmeter::{
    update::{Event, Intent, ReceiptRefusal},
    view::NoticeKind,
};

#[test]
fn a_receipt_that_does_not_verify_is_a_sentence_and_no_number() {
    for spoil in [0, 1, 2] {
        let mut scene = signed(3);
        let mut ledger = Ledger::enrol(&mut scene, 0);
        ledger.answer(&mut scene, 3, |_| {});
        let page = scene.receipts.as_mut().expect("enrolled");
        match spoil {
            0 => page.receipts[1].receipt.body.0[150] ^= 1,
            1 => page.receipts[1].report.signature.0[9] ^= 1,
            // Each is valid alone, but they answer each other's reports.
            _ => {
                let other = page.receipts[2].receipt.clone();
                page.receipts[1].receipt = other;
            }
        }
        let mut scene = scene.started();
        assert_eq!(numbers(&scene), ["13.725", "?", "9.150"], "{spoil}");
        assert_eq!(notice(&scene), Some(NoticeKind::Unverified));
        let refusal = scene.state().receipts.refusal();
        assert_eq!(refusal, Some(ReceiptRefusal::Invalid));
        let count = asked(&scene).len();
        scene.say_status();
        assert_eq!(asked(&scene).len(), count, "it is not asked in a loop");
        mend(&mut scene);
        scene.happen(Event::Intent(Intent::CheckReports));
        assert_eq!(numbers(&scene)[1], "13.725");
    }
}

#[test]
fn receipts_of_another_ledger_and_receipts_that_are_withheld_do_not_count() {
    let mut scene = signed(3);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 1, |_| {});
    let mut scene = scene.started();
    let pinned = scene.receipts.as_ref().expect("enrolled").key;
    let signer = LedgerSigner::from_seed(&[77; 32]);
    let mut other = Ledger { signer, ..ledger };
    other.answer(&mut scene, 1, |_| {});
    scene.say_status();
    let refusal = |scene: &Scene| scene.state().receipts.refusal();
    assert_eq!(refusal(&scene), Some(ReceiptRefusal::Invalid));
    scene.receipts.as_mut().expect("enrolled").key = HexBytes(other.signer.key().0);
    scene.happen(Event::Intent(Intent::CheckReports));
    assert_eq!(refusal(&scene), Some(ReceiptRefusal::OtherKey));
    assert!(
        view(&scene)
            .notice
            .expect("told")
            .sentence
            .en()
            .contains("pinned")
    );

    let page = scene.receipts.as_mut().expect("enrolled");
    page.key = pinned;
    page.receipts.truncate(1);
    scene.happen(Event::Intent(Intent::CheckReports));
    assert_eq!(refusal(&scene), Some(ReceiptRefusal::Withheld));
    assert_eq!(numbers(&scene)[1], "?");
}

#[test]
fn another_number_than_the_sum_of_the_receipts_is_a_contradiction_with_both() {
    let mut scene = signed(2);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 2, |_| {});
    let mut scene = scene.started();
    assert_eq!(notice(&scene), None);
    ledger.told(&mut scene).credited = U64Text(8_000_000_000);
    scene.say_status();
    assert_eq!(numbers(&scene)[1], "9.150", "what was verified stays");
    let told = view(&scene).notice.expect("told");
    assert_eq!(told.kind, NoticeKind::Contradiction);
    assert!(told.sentence.en().contains(" 8.0 ") && told.sentence.en().contains("9.15"));
    assert_eq!(
        told.command.map(|command| command.line),
        Some("onionmeter export FILE")
    );
    ledger.told(&mut scene).credited = U64Text(9_150_000_000);
    let problem = Problem::with_detail(ErrorCode::LedgerContradicts, "kind: total");
    for (problem, detail) in [
        (problem.clone(), "kind: total"),
        (problem.clone().caused_by("of_tomorrow"), "kind: total"),
        (
            problem.caused_by("total"),
            "The sum that the ledger signed is not the sum of its receipts.",
        ),
    ] {
        ledger.told(&mut scene).sending = Sending::Stopped(problem);
        scene.say_status();
        let told = view(&scene).notice.expect("told");
        assert_eq!(told.kind, NoticeKind::Contradiction);
        assert_eq!(told.detail.map(|told| told.en()).as_deref(), Some(detail));
    }
    assert_eq!(scene.view().problem, None, "protection has no part in it");
}

#[test]
fn ten_minutes_without_success_are_told_with_the_reason_and_less_is_not() {
    let mut scene = signed(2);
    let ledger = Ledger::enrol(&mut scene, 0);
    let mut scene = scene.started();
    let problem = Problem::new(ErrorCode::LedgerNotFound);
    for calm in [
        Sending::Waiting {
            in_s: 20,
            problem: None,
        },
        Sending::Sending,
        Sending::NoTor,
    ] {
        ledger.told(&mut scene).sending = calm;
        scene.say_status();
        assert_eq!(notice(&scene), None);
        assert_eq!(view(&scene).differences.len(), 1, "it says why they wait");
    }
    ledger.told(&mut scene).sending = Sending::Trouble {
        since_s: 660,
        problem,
    };
    scene.say_status();
    let told = view(&scene).notice.expect("told");
    assert_eq!(told.kind, NoticeKind::Trouble);
    assert!(
        told.sentence
            .en()
            .starts_with("Nothing was sent for 11 minutes. Tor does not find")
    );
    assert!(
        !view(&scene).differences[0]
            .reason
            .en()
            .contains("11 minutes")
    );
    let unknown = Problem::new(ErrorCode::LedgerUnknownDevice);
    ledger.told(&mut scene).sending = Sending::Stopped(unknown);
    scene.say_status();
    assert_eq!(notice(&scene), Some(NoticeKind::Stopped));
}

#[test]
fn while_a_restored_home_waits_for_the_ledger_its_person_is_told_why() {
    let mut scene = signed(3);
    Ledger::enrol(&mut scene, 0);
    let restored = |state| Restored {
        made_at_ms: U64Text(1_800_000_000_000),
        state,
    };
    scene.status.restored = Some(restored(RestoredState::Asking));
    let mut scene = scene.started();
    let told = view(&scene).notice.expect("a sentence");
    assert_eq!(told.kind, NoticeKind::Restored);
    assert!(told.sentence.en().starts_with("A backup was restored."));
    let state = Some(restored(RestoredState::NewChain));
    scene.status.restored = state;
    scene.say_status();
    assert_eq!(notice(&scene), None);
}

#[test]
fn a_report_that_is_refused_is_named_with_the_word_of_the_ledger() {
    let mut scene = signed(2);
    let ledger = Ledger::enrol(&mut scene, 0);
    let mut scene = scene.started();
    for (cause, expected) in [
        ("7 chain-totals", "Report 7: chain-totals"),
        ("of_tomorrow", "the host's words"),
        ("seven chain-totals", "the host's words"),
    ] {
        let problem = Problem::with_detail(ErrorCode::LedgerRefused, "the host's words");
        ledger.told(&mut scene).sending = Sending::Stopped(problem.caused_by(cause));
        scene.say_status();
        let told = view(&scene).notice.expect("told");
        assert_eq!(told.kind, NoticeKind::Stopped);
        assert_eq!(told.detail.map(|told| told.en()).as_deref(), Some(expected));
    }
}
