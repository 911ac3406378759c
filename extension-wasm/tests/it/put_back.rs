//! A host whose book was replaced by an older copy, or that began another chain.

use crate::said::Words as _;
use crate::scene::Scene;
use meter_wire::{ErrorCode, HexBytes, Problem, Request, WireReport};
use onionmeter::update::{Effect, Event, Intent};
use onionmeter::view::Name;

fn signed(reports: u64) -> Scene {
    let mut scene = Scene::new(1);
    scene.capabilities.push("restore_reports".to_owned());
    for number in 0..reports {
        let started_at = 1_800_000_000_000 + number * 60_000;
        scene.sign(started_at, 30_000, 40_000, 60_000 + number);
    }
    scene
}

/// Replaces the host's book by an older copy, without telling the host. Returns the lost reports.
fn put_back(scene: &mut Scene, reports: usize) -> Vec<WireReport> {
    let lost = scene.reports.split_off(reports);
    scene.count_reports();
    lost
}

/// The numbers of the reports in each request that handed reports back.
fn handed(scene: &Scene) -> Vec<Vec<u64>> {
    let number = |report: &WireReport| {
        let bytes = report.body.0[56..64].try_into().expect("eight bytes");
        u64::from_be_bytes(bytes)
    };
    let handed = |effect: &Effect| match effect {
        Effect::Send(_, envelope) => match &envelope.request {
            Request::RestoreReports(message) => Some(message.reports.iter().map(number).collect()),
            _ => None,
        },
        _ => None,
    };
    scene.effects.iter().filter_map(handed).collect()
}

fn reconnect(scene: &mut Scene) {
    scene.effects.clear();
    scene.happen(Event::Intent(Intent::Reconnect));
}

#[track_caller]
fn problem(scene: &Scene, name: Option<Name>) {
    assert_eq!(scene.view().problem.map(|problem| problem.name), name);
}

const BEHIND: Option<Name> = Some(Name::Code(ErrorCode::BookBehind));

#[test]
fn a_host_with_an_older_book_is_shown_the_last_report_and_handed_what_it_lacks() {
    let mut scene = signed(9).started();
    let balance = scene.state().reports.balance();
    assert_eq!(put_back(&mut scene, 4).len(), 5);
    reconnect(&mut scene);
    assert_eq!(handed(&scene), [vec![9], vec![5, 6, 7, 8, 9]]);
    assert_eq!(scene.reports.len(), 9, "whole again");
    problem(&scene, None);
    assert_eq!(scene.state().reports.balance(), balance);
    scene.sign(1_800_000_900_000, 30_000, 1, 99_999);
    scene.say_status();
    assert_eq!(scene.state().reports.sequence(), 10);
    problem(&scene, None);
}

#[test]
fn two_hundred_reports_are_handed_back_in_pages_also_by_a_worker_that_woke_up() {
    let mut scene = signed(230).started();
    put_back(&mut scene, 30);
    scene.effects.clear();
    scene.wake();
    let pages: Vec<_> = handed(&scene).iter().map(Vec::len).collect();
    assert_eq!(pages, [1, 100, 100]);
    assert_eq!(scene.reports.len(), 230);
    problem(&scene, None);
}

#[test]
fn what_a_browser_does_not_have_is_told_with_the_way_out_and_tried_once() {
    let mut scene = signed(230).started();
    put_back(&mut scene, 29);
    reconnect(&mut scene);
    assert_eq!(handed(&scene), [vec![230]]);
    problem(&scene, BEHIND);
    let problem = scene.view().problem.expect("shown");
    assert_eq!(problem.command, Some("onionmeter new-chain"));
    assert_eq!(problem.button.intent, Intent::RelayStart);
    for _ in 0..3 {
        scene.say_status();
    }
    assert_eq!(handed(&scene).len(), 1);
    assert_eq!(
        scene.state().reports.sequence(),
        230,
        "what was verified stays"
    );
}

#[test]
fn a_host_that_does_not_know_the_request_is_not_asked() {
    let mut scene = signed(3);
    scene.capabilities.retain(|name| name != "restore_reports");
    let scene = scene.started();
    assert!(handed(&scene).is_empty());
}

#[test]
fn a_refused_command_is_no_longer_told_once_the_host_has_recovered() {
    let mut scene = signed(2).started();
    scene.status.problem = Some(Problem::new(ErrorCode::DiskFull));
    scene.say_status();
    scene.refusal = Some(Problem::new(ErrorCode::DiskFull));
    scene.happen(Event::Intent(Intent::NewIdentity));
    scene.status.problem = None;
    scene.say_status();
    problem(&scene, None);
}

#[test]
fn a_new_chain_is_followed_at_once_and_the_old_credits_still_count() {
    let mut scene = signed(3);
    scene.status.chain = Some(HexBytes(scene.head.chain.0));
    let mut scene = scene.started();
    let before = scene.view();
    // This home keeps no book of the old chain, and another key signs the new one.
    let other = Scene::new(2);
    (scene.head, scene.signer, scene.reports) = (other.head, other.signer, other.reports);
    put_back(&mut scene, 0);
    scene.status.chain = Some(HexBytes(scene.head.chain.0));
    scene.say_status();
    let balance = scene.view().balance;
    assert_eq!(balance.credits, before.balance.credits, "it never falls");
    assert_eq!(scene.view().badge.text, before.badge.text);
    let named = format!(
        "0.0 from this chain (no report yet), {} from earlier chains",
        before.balance.credits.en()
    );
    assert_eq!(balance.source.en(), named);
    assert!(scene.view().note.is_some());
    problem(&scene, None);
    scene.sign(1_800_000_000_000, 30_000, 1, 99_999);
    scene.say_status();
    assert_eq!(scene.state().reports.sequence(), 1);
    scene.wake();
    assert!(
        scene
            .view()
            .balance
            .source
            .en()
            .contains("from earlier chains"),
        "kept"
    );
}

#[test]
fn a_chain_that_comes_back_is_no_earlier_one() {
    let mut scene = signed(3).started();
    let first = (scene.head, scene.reports.clone());
    let key = |scene: &Scene| (scene.signer.key(), scene.head.chain);
    let mine = key(&scene);
    let other = Scene::new(2);
    let signer = std::mem::replace(&mut scene.signer, other.signer);
    (scene.head, scene.reports) = (other.head, other.reports);
    put_back(&mut scene, 0);
    reconnect(&mut scene);
    assert!(
        scene
            .view()
            .balance
            .source
            .en()
            .contains("from earlier chains")
    );
    scene.signer = signer;
    (scene.head, scene.reports) = first;
    assert_eq!(key(&scene), mine);
    put_back(&mut scene, 3);
    reconnect(&mut scene);
    assert_eq!(scene.view().balance.source.en(), "from 3 verified reports");
}
