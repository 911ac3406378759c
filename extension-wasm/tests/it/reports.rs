//! Reports are verified and fetched, and invalid ones are never counted.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_core::Amount;
use meter_wire::{
    ErrorCode, FromDaemon, Notice, Outcome, Reply, ReportsPage, Request, Success, U64Text,
    WireReport, write_message,
};
use onionmeter::update::{Effect, Event, Intent, Stored};
use onionmeter::view::{Name, Own};
use serde_json::json;
use std::rc::Rc;

/// The host sends this report as the next one, whoever signed it, and names the number of its
/// reports.
fn hands_out(scene: &mut Scene, report: WireReport) {
    let next = usize::try_from(scene.state().reports.sequence()).expect("few");
    scene.reports.truncate(next);
    scene.reports.push(report);
    scene.status.reports = U64Text(scene.state().reports.sequence() + 1);
    scene.say_status();
}

/// The host answers the last request for reports with this page.
fn answers(scene: &mut Scene, reports: &[WireReport], total: u64) {
    let id = scene.effects.iter().rev().find_map(|effect| match effect {
        Effect::Send(_, envelope) => {
            matches!(envelope.request, Request::Reports(_)).then_some(envelope.id)
        }
        _ => None,
    });
    let page = ReportsPage {
        reports: reports.to_vec(),
        total: U64Text(total),
    };
    let outcome = Outcome::Ok(Success::Reports(page));
    frame(scene, &FromDaemon::Reply(Reply { id, outcome }));
}

fn frame(scene: &mut Scene, message: &FromDaemon) {
    let json = String::from_utf8(write_message(message)).expect("JSON");
    let connection = scene.connection;
    scene.happen(Event::Frame { connection, json });
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
    assert_eq!(scene.state().reports.sequence(), 1_203);
    assert_eq!(scene.state().reports.balance(), scene.head.totals.amount);
    assert_eq!(scene.view().reports.len(), 5);
    assert_eq!(scene.view().reports[0].sequence, "1203");
    problem(&scene, None);
}

#[test]
fn a_closed_session_counts_once_however_often_it_is_told() {
    let mut scene = signed(2).started();
    let third = scene.sign(1_800_000_200_000, 45_000, 50_000, 100_000);
    scene.silent = true;
    scene.say_status();
    let balance = scene.head.totals.amount;
    let all = [scene.reports[0].clone(), scene.reports[1].clone(), third];
    for _ in 0..3 {
        answers(&mut scene, &all, 3);
        scene.say_status();
        assert_eq!(scene.state().reports.balance(), balance);
    }
    problem(&scene, None);
    let row = scene.view().reports.remove(0);
    assert_eq!(row.amount.en(), "+4.575");
    assert_eq!(row.addends.en(), "45 s × 0.1 + 0.15 MB × 0.5");
    assert_eq!(row.sums.en(), "= 4.5 + 0.075 = 4.575 credits");
}

#[test]
fn a_status_that_knows_more_reports_is_followed_at_once_by_one_request_for_them() {
    let mut scene = signed(2).started();
    let before = fetches(&scene).len();
    let badge = scene.view().badge;
    scene.sign(1_800_000_200_000, 30_000, 40_000, 1_000_000_000);
    scene.sign(1_800_000_300_000, 30_000, 1, 99_999);
    // Only this one notice comes: no timer, no click.
    scene.say_status();
    assert_eq!(fetches(&scene).get(before..), Some(&[2][..]));
    assert_eq!(scene.state().reports.sequence(), 4);
    assert_eq!(scene.state().reports.balance(), scene.head.totals.amount);
    assert_ne!(scene.view().badge, badge, "the badge moves with it");
}

#[test]
fn while_a_page_is_on_its_way_no_other_is_asked_for_and_nothing_is_missed_after_it() {
    let mut scene = signed(2).started();
    let before = fetches(&scene).len();
    let third = scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    scene.silent = true;
    scene.say_status();
    let fourth = scene.sign(1_800_000_300_000, 30_000, 1, 99_999);
    for _ in 0..3 {
        scene.say_status();
    }
    assert_eq!(fetches(&scene).get(before..), Some(&[2][..]));
    // The page was written before the fourth was signed.
    answers(&mut scene, &[third], 3);
    assert_eq!(fetches(&scene).get(before..), Some(&[2, 3][..]));
    answers(&mut scene, &[fourth], 4);
    assert_eq!(scene.state().reports.sequence(), 4);
    assert_eq!(fetches(&scene).len(), before + 2);
    problem(&scene, None);
}

#[test]
fn the_report_in_a_notice_of_an_older_host_is_ignored_and_fetched_by_the_status_after_it() {
    let mut scene = signed(2).started();
    let (view, effects) = (scene.view(), scene.effects.len());
    let third = scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    let notice = json!({ "notice": { "session_closed": { "report": third } } });
    let (connection, json) = (scene.connection, notice.to_string());
    scene.happen(Event::Frame { connection, json });
    assert_eq!(scene.view(), view);
    assert_eq!(scene.effects.len(), effects);
    scene.say_status();
    assert_eq!(scene.state().reports.sequence(), 3);
    assert_eq!(scene.state().reports.balance(), scene.head.totals.amount);
    problem(&scene, None);
}

#[test]
fn a_report_with_one_wrong_bit_is_refused_and_not_counted() {
    let mut scene = signed(2).started();
    let balance = scene.state().reports.balance();
    let good = scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    let mut bad = good.clone();
    bad.body.0[100] ^= 1;
    hands_out(&mut scene, bad);
    problem(&scene, REFUSED);
    assert_eq!(scene.state().reports.balance(), balance);
    assert_eq!(scene.view().badge.text.en(), "!");
    assert_eq!(
        scene.view().action.map(|button| button.intent),
        Some(Intent::CheckReports)
    );
    // Nothing is taken after it, and the host is not asked in a loop.
    let before = fetches(&scene).len();
    hands_out(&mut scene, good);
    assert_eq!(scene.state().reports.balance(), balance);
    assert_eq!(fetches(&scene).len(), before);
    scene.happen(Event::Intent(Intent::CheckReports));
    problem(&scene, None);
    assert_eq!(scene.state().reports.sequence(), 3);
}

#[test]
fn a_report_of_another_key_is_refused() {
    let mut scene = signed(2).started();
    let mut other = Scene::new(2);
    for _ in 0..3 {
        other.sign(1_800_000_000_000, 30_000, 1, 99_999);
    }
    hands_out(&mut scene, other.reports[2].clone());
    problem(&scene, REFUSED);
    assert_eq!(scene.state().reports.sequence(), 2);
}

#[test]
fn a_rewritten_past_is_refused() {
    let mut scene = signed(2).started();
    // The same key signs a second, different report.
    let mut fork = Scene::new(1);
    fork.sign(1_800_000_000_000, 30_000, 40_000, 60_000);
    let second = fork.sign(1_800_000_060_000, 600_000, 1, 1);
    scene.silent = true;
    scene.status.reports = U64Text(3);
    scene.say_status();
    answers(&mut scene, &[second], 3);
    problem(&scene, REFUSED);
    assert_eq!(scene.state().reports.sequence(), 2);
}

#[test]
fn a_host_that_withholds_reports_is_noticed() {
    let mut scene = signed(2);
    let hidden = scene.reports.pop();
    assert!(hidden.is_some());
    let scene = scene.started();
    problem(&scene, REFUSED);
    assert_eq!(scene.state().reports.sequence(), 1);
}

#[test]
fn another_balance_than_the_verified_sum_is_a_problem() {
    let mut scene = signed(2).started();
    scene.status.balance = U64Text(scene.status.balance.0 + 1);
    scene.say_status();
    problem(&scene, DIFFERS);
    assert_eq!(
        scene.state().reports.balance(),
        scene.head.totals.amount,
        "shown: what was signed"
    );
    scene.status.balance = U64Text(scene.status.balance.0 - 1);
    scene.say_status();
    problem(&scene, None);
}

#[test]
fn a_status_written_before_the_page_that_overtook_it_is_no_contradiction() {
    let mut scene = signed(2).started();
    let stale = Notice::Status(Box::new(scene.status.clone()));
    scene.sign(1_800_000_200_000, 30_000, 1, 99_999);
    scene.say_status();
    scene.notice(stale);
    problem(&scene, None);
    assert_eq!(scene.state().reports.sequence(), 3);
}

#[test]
fn a_host_that_forgot_reports_is_noticed() {
    let mut scene = signed(3).started();
    let amount = scene.state().reports.balance();
    scene.reports.truncate(2);
    scene.status = signed(2).status;
    scene.say_status();
    problem(&scene, DIFFERS);
    assert_eq!(
        scene.state().reports.balance(),
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
    assert_eq!(scene.state().reports.sequence(), 1);
    assert_eq!(scene.state().reports.balance(), scene.head.totals.amount);
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
    assert_eq!(scene.state().reports.sequence(), 24);
    assert_eq!(scene.state().reports.balance(), scene.head.totals.amount);
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
        scene.state().reports.balance()
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
