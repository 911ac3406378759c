//! What a ledger has credited: from receipts that were verified here, beside what is claimed.

mod doubt;

use crate::{ledger::Ledger, said::Words as _, scene::Scene};
use meter_core::Amount;
use meter_wire::{BadgeNumber, ErrorCode, HexBytes, Problem, Request};
use onionmeter::{
    update::{Effect, Event, Intent},
    view::{LedgerNumbers, NoticeKind},
};

fn signed(reports: u64) -> Scene {
    let mut scene = Scene::new(1);
    sign(&mut scene, reports);
    scene
}

fn sign(scene: &mut Scene, reports: u64) {
    for number in 0..reports {
        let started_at = 1_800_000_000_000 + number * 60_000;
        scene.sign(started_at, 45_000, 50_000, 100_000);
    }
}

fn asked(scene: &Scene) -> Vec<u64> {
    let after = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => match &envelope.request {
            Request::Receipts(query) => Some(query.after.0),
            _ => None,
        },
        _ => None,
    };
    scene.effects.iter().filter_map(after).collect()
}

fn view(scene: &Scene) -> LedgerNumbers {
    scene.view().ledger.expect("enrolled")
}

/// The host hands out valid receipts for all its reports.
fn mend(scene: &mut Scene) {
    let mut ledger = Ledger::enrol(&mut Scene::new(1), 0);
    ledger.awarded = Amount::ZERO;
    let answers = scene.reports.iter();
    let answers = answers.map(|report| ledger.receipt(report, |_| {}));
    let answers = answers.collect();
    scene.receipts.as_mut().expect("enrolled").receipts = answers;
}

/// Claimed, credited and waiting, as they are shown.
fn numbers(scene: &Scene) -> [String; 3] {
    let view = view(scene);
    let credited = view
        .credited
        .map_or_else(|| "?".to_owned(), |number| number.credits.en());
    [
        view.claimed.credits.en(),
        credited,
        view.waiting.credits.en(),
    ]
}

fn notice(scene: &Scene) -> Option<NoticeKind> {
    view(scene).notice.map(|notice| notice.kind)
}

#[test]
fn who_is_not_enrolled_sees_nothing_of_a_ledger_and_asks_for_nothing() {
    let scene = signed(3).started();
    assert_eq!(scene.view().ledger, None);
    assert!(asked(&scene).is_empty());
    let (_, stored) = scene.locals.last().expect("saved");
    assert!(stored.contains("\"receipts\":null"), "{stored}");
    assert_eq!(scene.view().balance.unit.en(), "credits");
}

#[test]
fn a_new_browser_verifies_every_receipt_and_shows_the_three_numbers() {
    let mut scene = signed(303);
    let mut ledger = Ledger::enrol(&mut scene, 2);
    ledger.answer(&mut scene, 300, |_| {});
    let scene = scene.started();
    assert_eq!(asked(&scene), [0, 252]);
    // Two were before the enrolment, and one waits.
    assert_eq!(numbers(&scene), ["1,386.225", "1,372.500", "4.575"]);
    let differences = view(&scene).differences;
    let amounts: Vec<_> = differences
        .iter()
        .map(|one| one.amount.credits.en())
        .collect();
    assert_eq!(amounts, ["9.150", "4.575"]);
    assert!(differences[0].reason.en().contains("before this enrolment"));
    assert_eq!(notice(&scene), None);
    assert_eq!(scene.view().problem, None);
    assert_eq!(scene.view().badge.text.en(), "1.4k", "claimed");
}

#[test]
fn the_numbers_that_are_shown_add_up() {
    let mut scene = Scene::new(1);
    for number in 0..3 {
        scene.sign(1_800_000_000_000 + number * 60_000, 45_000, 800, 0);
    }
    let mut ledger = Ledger::enrol(&mut scene, 1);
    ledger.answer(&mut scene, 1, |_| {});
    let scene = scene.started();
    // With three decimals: 13.501, of which 4.5, 4.5 and 4.5.
    let differences = view(&scene).differences;
    let parts: Vec<_> = differences
        .iter()
        .map(|one| one.amount.credits.en())
        .collect();
    assert_eq!(numbers(&scene), ["13.5012", "4.5004", "4.5004"]);
    assert_eq!(parts, ["4.5004", "4.5004"]);
}

#[test]
fn what_is_lowered_has_its_reason_in_plain_words_and_the_sum_is_whole() {
    let mut scene = signed(3);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 1, |_| {});
    ledger.answer(&mut scene, 2, Ledger::lower);
    let scene = scene.started();
    assert_eq!(numbers(&scene), ["13.725", "9.725", "0.000"]);
    let differences = view(&scene).differences;
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0].amount.credits.en(), "4.000");
    assert!(differences[0].reason.en().contains("more time than passed"));
}

#[test]
fn a_receipt_that_comes_later_is_fetched_alone_and_moves_the_numbers() {
    let mut scene = signed(2);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    let mut scene = scene.started();
    assert_eq!(numbers(&scene), ["9.150", "0.000", "9.150"]);
    ledger.answer(&mut scene, 1, |_| {});
    scene.say_status();
    assert_eq!(numbers(&scene), ["9.150", "4.575", "4.575"]);
    scene.say_status();
    ledger.answer(&mut scene, 1, |_| {});
    scene.say_status();
    assert_eq!(numbers(&scene), ["9.150", "9.150", "0.000"]);
    assert_eq!(asked(&scene), [0, 0, 1]);
}

#[test]
fn a_worker_that_died_shows_the_same_numbers_and_fetches_nothing_twice() {
    let mut scene = signed(4);
    let mut ledger = Ledger::enrol(&mut scene, 1);
    ledger.answer(&mut scene, 2, |_| {});
    let mut scene = scene.started();
    let (before, count) = (view(&scene), asked(&scene).len());
    let written = scene.locals.len();
    scene.silent = true;
    scene.wake();
    assert_eq!(view(&scene), before, "before the host said a word");
    scene.silent = false;
    scene.wake();
    scene.say_status();
    assert_eq!((view(&scene), asked(&scene).len()), (before, count));
    assert_eq!(scene.locals.len(), written, "nothing is written");
    // Storage is not evidence.
    let (_, stored) = scene.locals.last().expect("saved").clone();
    let receipts = scene.receipts.clone().expect("enrolled").receipts;
    let hex = hex::encode(receipts[1].receipt.signature.0);
    let mut other = hex.clone().into_bytes();
    other[3] = if other[3] == b'0' { b'1' } else { b'0' };
    let forged = stored.replace(&hex, &String::from_utf8(other).expect("hex"));
    assert_ne!(forged, stored);
    let mut scene = Scene::new(1);
    scene.silent = true;
    scene.happen(Event::Started(Box::new(onionmeter::update::Started {
        local: forged,
        ..Default::default()
    })));
    assert_eq!(scene.state().receipts.sequence(), 0, "fetched again");
}

#[test]
fn what_earlier_chains_were_credited_still_counts_in_every_browser() {
    let mut scene = signed(3);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 2, |_| {});
    let mut seen = scene.started();
    ledger.begin_new_chain(&mut seen, 2, "frozen");
    seen.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(numbers(&seen), ["13.725", "9.150", "0.000"]);
    let note = seen.view().note.expect("told");
    assert_eq!(note.text.en(), meter_wire::chain_end_sentence("frozen"));
    let reasons = view(&seen).differences;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].reason.en().contains("chain that has ended"));
    seen.happen(Event::Intent(Intent::Dismiss));
    assert_eq!(seen.view().note, None);
    sign(&mut seen, 1);
    ledger.answer(&mut seen, 1, |_| {});
    seen.say_status();
    assert_eq!(numbers(&seen), ["18.300", "13.725", "0.000"]);

    // Another browser of the same home has seen nothing of the first chain.
    let mut fresh = Scene::new(1);
    (fresh.status, fresh.earlier) = (seen.status.clone(), seen.earlier.clone());
    (fresh.reports, fresh.head) = (seen.reports.clone(), seen.head);
    fresh.receipts = seen.receipts.clone();
    let fresh = fresh.started();
    assert_eq!(numbers(&fresh), ["18.300", "13.725", "0.000"]);
    assert_eq!(notice(&fresh), None);
}

#[test]
fn the_badge_shows_what_is_credited_if_the_settings_say_so() {
    let mut scene = signed(2);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 1, |_| {});
    let mut scene = scene.started();
    let shown = |scene: &Scene| {
        let view = scene.view();
        (
            view.badge.text.en(),
            view.balance.credits.en(),
            view.balance.unit.en(),
        )
    };
    let of = |badge: &str, credits: &str, unit: &str| {
        (badge.to_owned(), credits.to_owned(), unit.to_owned())
    };
    assert_eq!(shown(&scene), of("9.2", "9.15", "credits claimed"));
    ledger.told(&mut scene).badge = BadgeNumber::Credited;
    scene.say_status();
    assert_eq!(shown(&scene), of("4.6", "4.575", "credits credited"));
    // A number that nobody verified is none.
    sign(&mut scene, 1);
    ledger.answer(&mut scene, 1, |_| {});
    let page = scene.receipts.as_mut().expect("enrolled");
    page.receipts[1].receipt.signature.0[0] ^= 1;
    scene.say_status();
    assert_eq!(shown(&scene), of("?", "?", "credits credited"));
}

#[test]
fn who_leaves_a_ledger_is_shown_nothing_more_of_it() {
    let mut scene = signed(2);
    let mut ledger = Ledger::enrol(&mut scene, 0);
    ledger.answer(&mut scene, 2, |_| {});
    let mut scene = scene.started();
    assert!(scene.view().ledger.is_some());
    let told = scene.status.ledger.take();
    // A host that cannot open its book does not know whether it is enrolled.
    let damaged = Problem::new(ErrorCode::BookDamaged);
    (scene.status.chain, scene.status.problem) = (None, Some(damaged));
    scene.say_status();
    (scene.status.ledger, scene.status.problem) = (told, None);
    scene.status.chain = Some(HexBytes(scene.head.chain.0));
    let count = asked(&scene).len();
    scene.say_status();
    assert_eq!(asked(&scene).len(), count, "the receipts were kept");
    scene.status.ledger = None;
    scene.receipts = None;
    scene.say_status();
    assert_eq!(scene.view().ledger, None);
    let (_, stored) = scene.locals.last().expect("saved");
    assert!(stored.contains("\"receipts\":null"));
}
