//! Verifying, catching up, and never counting what does not hold.

use crate::scene::Scene;
use meter_core::Amount;
use meter_wire::{ErrorCode, Notice, Request, U64Text, WireReport};
use onionmeter::update::{Effect, Event, Intent, Stored};
use onionmeter::view::{Name, Own};
use std::rc::Rc;

fn closes(scene: &mut Scene, report: WireReport) {
    scene.notice(Notice::SessionClosed {
        report: Box::new(report),
    });
}

fn fetches(scene: &Scene) -> Vec<u64> {
    let fetch = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => match &envelope.request {
            Request::Reports(query) => Some(query.after.0),
            _ => None,
        },
        _ => None,
    };
    scene.effects.iter().filter_map(fetch).collect()
}

fn signed(reports: u64) -> Scene {
    let mut scene = Scene::new(1);
    for number in 0..reports {
        scene.sign(
            1_800_000_000_000 + number * 60_000,
            30_000,
            40_000,
            60_000 + number,
        );
    }
    scene
}

#[track_caller]
fn problem(scene: &Scene, name: Option<Name>) {
    assert_eq!(scene.view().problem.map(|problem| problem.name), name);
}

const REFUSED: Option<Name> = Some(Name::Code(ErrorCode::ReportRefused));
const DIFFERS: Option<Name> = Some(Name::Own(Own::BalanceDiffers));

#[test]
fn a_new_browser_fetches_the_whole_chain_in_pages() {
    let scene = signed(1_203).started();
    assert_eq!(fetches(&scene), [0, 500, 1_000]);
    assert_eq!(scene.state().book.sequence(), 1_203);
    assert_eq!(scene.state().book.balance(), scene.head.totals.amount);
    assert_eq!(scene.view().reports.len(), 5);
    assert_eq!(scene.view().reports[0].sequence, "1203");
    problem(&scene, None);
}

#[test]
fn a_closed_session_counts_once_however_often_it_is_told() {
    let mut scene = signed(2).started();
    let third = scene.sign(1_800_000_200_000, 45_000, 50_000, 100_000);
    closes(&mut scene, third.clone());
    let balance = scene.head.totals.amount;
    assert_eq!(scene.state().book.balance(), balance);
    for report in [third, scene.reports[0].clone(), scene.reports[1].clone()] {
        closes(&mut scene, report);
        assert_eq!(scene.state().book.balance(), balance);
    }
    problem(&scene, None);
    let row = scene.view().reports.remove(0);
    assert_eq!(row.amount, "+4.575");
    assert_eq!(row.addends, "45 s × 0.1 + 0.15 MB × 0.5");
    assert_eq!(row.sums, "= 4.5 + 0.075 = 4.575 credits");
}

#[test]
fn a_gap_is_filled_by_fetching() {
    let mut scene = signed(2).started();
    scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    let fourth = scene.sign(1_800_000_300_000, 30_000, 1, 99_999);
    closes(&mut scene, fourth);
    assert_eq!(fetches(&scene).last(), Some(&2));
    assert_eq!(scene.state().book.sequence(), 4);
    assert_eq!(scene.state().book.balance(), scene.head.totals.amount);
}

#[test]
fn a_status_that_knows_more_reports_is_followed_by_fetching() {
    let mut scene = signed(2).started();
    scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    scene.say_status();
    assert_eq!(scene.state().book.sequence(), 3);
}

#[test]
fn a_report_with_one_wrong_bit_is_refused_and_not_counted() {
    let mut scene = signed(2).started();
    let balance = scene.state().book.balance();
    let good = scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    let mut bad = good.clone();
    bad.body.0[100] ^= 1;
    closes(&mut scene, bad);
    problem(&scene, REFUSED);
    assert_eq!(scene.state().book.balance(), balance);
    assert_eq!(scene.view().badge.text, "!");
    assert_eq!(
        scene.view().action.map(|button| button.intent),
        Some(Intent::CheckReports)
    );
    // Nothing is taken on top of it, and the host is not asked in a loop.
    let before = fetches(&scene).len();
    closes(&mut scene, good);
    scene.say_status();
    assert_eq!(scene.state().book.balance(), balance);
    assert_eq!(fetches(&scene).len(), before);
    scene.happen(Event::Intent(Intent::CheckReports));
    problem(&scene, None);
    assert_eq!(scene.state().book.sequence(), 3);
}

#[test]
fn a_report_of_another_key_is_refused() {
    let mut scene = signed(2).started();
    let mut other = Scene::new(2);
    for _ in 0..3 {
        other.sign(1_800_000_000_000, 30_000, 1, 99_999);
    }
    closes(&mut scene, other.reports[2].clone());
    problem(&scene, REFUSED);
    assert_eq!(scene.state().book.sequence(), 2);
}

#[test]
fn a_rewritten_past_is_refused() {
    let mut scene = signed(2).started();
    // The same key signs another second report.
    let mut fork = Scene::new(1);
    fork.sign(1_800_000_000_000, 30_000, 40_000, 60_000);
    let second = fork.sign(1_800_000_060_000, 600_000, 1, 1);
    closes(&mut scene, second);
    problem(&scene, REFUSED);
    assert_eq!(scene.state().book.sequence(), 2);
}

#[test]
fn a_host_that_withholds_reports_is_noticed() {
    let mut scene = signed(2);
    let hidden = scene.reports.pop();
    assert!(hidden.is_some());
    let scene = scene.started();
    problem(&scene, REFUSED);
    assert_eq!(scene.state().book.sequence(), 1);
}

#[test]
fn another_balance_than_the_verified_sum_is_a_problem() {
    let mut scene = signed(2).started();
    scene.status.balance = U64Text(scene.status.balance.0 + 1);
    scene.say_status();
    problem(&scene, DIFFERS);
    assert_eq!(
        scene.state().book.balance(),
        scene.head.totals.amount,
        "shown: what was signed"
    );
    scene.status.balance = U64Text(scene.status.balance.0 - 1);
    scene.say_status();
    problem(&scene, None);
}

#[test]
fn a_status_written_before_the_report_that_overtook_it_is_no_contradiction() {
    let mut scene = signed(2).started();
    let stale = Notice::Status(Box::new(scene.status.clone()));
    let third = scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    closes(&mut scene, third);
    scene.notice(stale);
    problem(&scene, None);
    assert_eq!(scene.state().book.sequence(), 3);
}

#[test]
fn a_host_that_forgot_reports_is_noticed() {
    let mut scene = signed(3).started();
    let amount = scene.state().book.balance();
    scene.reports.truncate(2);
    scene.status = signed(2).status;
    scene.say_status();
    problem(&scene, DIFFERS);
    assert_eq!(
        scene.state().book.balance(),
        amount,
        "what was verified stays"
    );
}

#[test]
fn another_chain_starts_again_and_says_so_once() {
    let mut scene = signed(3).started();
    let other = {
        let mut other = Scene::new(2);
        other.sign(1_800_000_000_000, 30_000, 1, 99_999);
        other
    };
    (scene.head, scene.signer, scene.reports) = (other.head, other.signer, other.reports);
    scene.status = other.status;
    scene.happen(Event::Intent(Intent::Reconnect));
    assert_eq!(scene.state().book.sequence(), 1);
    assert_eq!(scene.state().book.balance(), scene.head.totals.amount);
    assert_eq!(fetches(&scene).last(), Some(&0));
    assert!(scene.view().note.is_some());
    scene.wake();
    assert!(scene.view().note.is_some(), "still unseen");
    scene.happen(Event::Intent(Intent::Dismiss));
    assert_eq!(scene.view().note, None);
    scene.wake();
    assert_eq!(scene.view().note, None);
    problem(&scene, None);
}

#[test]
fn a_worker_that_died_comes_back_with_the_same_sum_and_fetches_only_what_is_new() {
    let mut scene = signed(23).started();
    let (balance, rows) = (scene.view().balance, scene.view().reports);
    let asked = fetches(&scene).len();
    scene.silent = true;
    scene.wake();
    assert_eq!(scene.view().balance, balance, "before the host said a word");
    assert_eq!(scene.view().reports, rows);
    scene.silent = false;
    scene.sign(1_800_009_000_000, 30_000, 1, 99_999);
    scene.wake();
    assert_eq!(fetches(&scene).get(asked..), Some(&[23][..]));
    assert_eq!(scene.state().book.sequence(), 24);
    assert_eq!(scene.state().book.balance(), scene.head.totals.amount);
}

#[test]
fn what_was_stored_is_verified_again() {
    let scene = signed(3).started();
    let (_, stored) = scene.locals.last().expect("saved").clone();
    let wake = |local: &str| {
        let mut scene = Scene::new(1);
        scene.silent = true;
        scene.happen(Event::Started(Box::new(onionmeter::update::Started {
            local: local.to_owned(),
            ..Default::default()
        })));
        scene.state().book.balance()
    };
    assert_eq!(wake(&stored), scene.head.totals.amount);
    let mut other = scene.reports[2].clone();
    other.body.0[100] ^= 1;
    let hex = |report: &WireReport| serde_json::to_string(&report.body).expect("hex");
    let forged = stored.replace(&hex(&scene.reports[2]), &hex(&other));
    assert_ne!(forged, stored);
    assert_eq!(wake(&forged), Amount::ZERO);
    for garbage in ["", "null", "{}", "[1]", r#"{"book":7,"applied_port":"x"}"#] {
        assert_eq!(wake(garbage), Amount::ZERO);
    }
}

#[test]
fn a_wake_up_with_nothing_new_writes_nothing() {
    let mut scene = signed(30).started();
    let written = |scene: &Scene| (scene.locals.len(), scene.sessions.len());
    let (locals, _) = written(&scene);
    assert!(locals <= 4, "{locals} for two pages of reports");
    let before = written(&scene);
    for _ in 0..5 {
        scene.wake();
        scene.say_status();
    }
    let (locals, sessions) = written(&scene);
    assert_eq!(locals, before.0);
    assert_eq!(sessions, before.1);
    scene.sign(1_800_009_000_000, 45_000, 50_000, 100_000);
    scene.say_status();
    assert_eq!(scene.locals.len(), before.0 + 1);
}

#[test]
fn an_event_without_a_report_copies_no_report() {
    let mut scene = signed(30).started();
    let kept = Stored::of(scene.state()).kept;
    scene.tor(meter_wire::TorState::Starting);
    scene.happen(Event::Intent(Intent::TurnOff));
    assert!(Rc::ptr_eq(&kept, &Stored::of(scene.state()).kept));
}

#[test]
fn a_storage_that_is_broken_is_written_anew() {
    let scene = signed(3).started();
    let (_, stored) = scene.locals.last().expect("saved").clone();
    for broken in [stored.replace("\"older\":[]", "\"older\":7"), String::new()] {
        assert_ne!(broken, stored);
        let mut scene = Scene::new(1);
        scene.silent = true;
        scene.happen(Event::Started(Box::new(onionmeter::update::Started {
            local: broken,
            ..Default::default()
        })));
        assert_eq!(scene.locals.len(), 1);
    }
}
